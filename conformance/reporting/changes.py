"""
Why a verdict changed, as far as it is ours: the hashes of what judged it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from conformance.model.outcome import Kind, Outcome
from conformance.model.suite import Suite

__all__ = ["causes"]

_FAILING: Final[frozenset[Kind]] = frozenset({"failed", "deviation", "known failure"})


def causes(before: Outcome | None, after: Outcome | None, old: Suite | None, new: Suite | None) -> list[str]:
    """
    What of ours is not the same any more, a few words each; nothing where only the server can have changed, or where it
    is not known.
    """
    if before is None or after is None or old is None or new is None:
        return []
    return list(_causes(before, after, old, new))


def _causes(before: Outcome, after: Outcome, old: Suite, new: Suite) -> Iterator[str]:
    if _other(old.scenarios, new.scenarios, after.scenario):
        yield f"scenario {after.scenario} was edited"
    if before.profile != after.profile:
        yield f"profile {after.profile} instead of {before.profile}"
    elif _other(old.profiles, new.profiles, after.profile):
        yield f"profile {after.profile} was edited"
    if before.requirement == after.requirement and before.level != after.level:
        yield f"requirement {after.requirement} is a {after.level}, was a {before.level}"
    elif _other(old.requirements, new.requirements, after.requirement):
        yield f"requirement {after.requirement} was edited"
    if before.known != after.known and {before.kind, after.kind} <= _FAILING:
        yield f"the baseline names {', '.join(after.known) or 'nothing'}, before {', '.join(before.known) or 'nothing'}"
    checks = dict.fromkeys(one.check for outcome in (before, after) for one in outcome.differences)
    changed = [name for name in checks if _other(old.checks, new.checks, name)]
    yield from (f"check {name} was changed" for name in changed)
    if old.judging != new.judging and not changed:
        yield "the engine that judges was changed"


def _other(old: Mapping[str, str], new: Mapping[str, str], name: str) -> bool:
    return name in old and name in new and old[name] != new[name]
