"""
What of all that is written down a run will play: chosen before anything is started.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from conformance.commands.documents import Documents
from conformance.commands.options import LEVELS
from conformance.commands.recorded import read_results
from conformance.commands.selection import Planned, Selection, Shard, plan, select
from conformance.engine.judge import requirement_of
from conformance.engine.live import turns_of
from conformance.engine.support import unsupported
from conformance.errors import UsageError
from conformance.model.outcome import Kind
from conformance.model.requirement import Requirement

__all__ = ["chosen", "failed_in", "narrowed", "render_plan", "selection_of", "turns_in", "within"]

AGAIN: Final[frozenset[Kind]] = frozenset({"failed", "error", "fixed", "inconclusive"})
"""
What `--since` plays again: what was wrong, and what could not be told.
"""


def selection_of(options: Mapping[str, Any]) -> Selection:
    """
    What the command line wants. Raises `UsageError`.
    """
    since: Path | None = options["since"]
    return Selection(
        patterns=options["patterns"],
        areas=options["areas"],
        levels=[level.upper() for level in options["levels"]],
        requirements=options["requirements"],
        dialects=options["dialects"],
        capabilities=options["capabilities"],
        since=failed_in(since) if since is not None else None,
        earlier=str(since or ""),
        shard=Shard.read(options["shard"]) if options["shard"] else None,
    )


def chosen(documents: Documents, wanted: Selection) -> list[Planned]:
    """
    What is to be played. Raises `NothingSelected`.
    """
    return select(plan(documents.scenarios, documents.profiles), wanted, documents.requirements)


def narrowed(documents: Documents, planned: Sequence[Planned]) -> Documents:
    """
    The documents with those profiles only for which something is played: no server is started for the others.
    """
    names = {one.profile.profile for one in planned}
    return replace(documents, profiles=[profile for profile in documents.profiles if profile.profile in names])


def failed_in(run: Path) -> frozenset[tuple[str, str]]:
    """
    Profile and name of what an earlier run is to be repeated for. Raises `UsageError` where there is no such run.
    """
    try:
        results = read_results(run)
    except UsageError as problem:
        raise UsageError(f"--since: {problem}; give the folder of a run's report.") from None
    again = AGAIN | ({"deviation"} if results.strict else set())
    return frozenset((one.profile, one.name) for one in results.outcomes if one.kind in again)


def turns_in(planned: Iterable[Planned], witnesses: frozenset[str]) -> int:
    """
    How many turns they take at most.
    """
    return sum(turns_of(one.scenario, one.profile, one.example, witnesses) for one in planned)


def within(
    planned: Sequence[Planned], most: int, witnesses: frozenset[str], requirements: Mapping[str, Requirement]
) -> tuple[list[Planned], list[Planned]]:
    """
    Those that so many turns are enough for, and those that they are not: first what a MUST asks for, and of these
    first what takes the fewest turns, so that most requirements are judged.
    """
    turns = {one.key: turns_of(one.scenario, one.profile, one.example, witnesses) for one in planned}

    def urgency(one: Planned) -> tuple[int, int]:
        return LEVELS.index(requirement_of(one.scenario, requirements).level.lower()), turns[one.key]

    taken: set[tuple[str, str]] = set()
    left = most
    for one in sorted(planned, key=urgency):
        if turns[one.key] <= left:
            taken.add(one.key)
            left -= turns[one.key]
    return [one for one in planned if one.key in taken], [one for one in planned if one.key not in taken]


def render_plan(planned: Sequence[Planned], unplayed: Sequence[Planned] = ()) -> str:
    """
    One line each, with the reason where the profile takes it away, and a sentence.
    """
    lines = [*map(_line, planned)]
    left = sum(unsupported(one.scenario, one.profile) is None for one in planned)
    counted = "1 scenario" if len(planned) == 1 else f"{len(planned)} scenarios"
    apart = f", {len(planned) - left} of them unsupported" if left < len(planned) else ""
    beyond = f" {len(unplayed)} more are beyond --max-turns." if unplayed else ""
    return "\n".join([*lines, "", f"{counted} would be played{apart}; nothing was sent.{beyond}"])


def _line(one: Planned) -> str:
    return " ".join(_words(one))


def _words(one: Planned) -> Iterator[str]:
    yield f"{one.profile.profile:<14}"
    yield one.name
    if reason := unsupported(one.scenario, one.profile):
        yield f"(unsupported: {reason})"
