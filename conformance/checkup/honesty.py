"""
Capabilities, declared and seen: for each, the smallest scenario that needs it is played as if it were declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import structs

from conformance.checkup.finding import Finding
from conformance.engine.play import examples
from conformance.engine.support import missing_credential, missing_witness, own_process, steps_of, unsupported
from conformance.model.outcome import Outcome
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario

__all__ = ["declaring", "found", "once", "probe_of", "unplayed"]

LONGEST: Final = 40  # requests of a scenario; a first look takes seconds
NAMED: Final = 5  # of which the same is said
NOT_TRIED: Final = "no scenario asks for it by itself: see `threadgauge run`"


def declaring(profile: Profile, capability: str) -> Profile:
    """
    The profile with that capability declared.
    """
    return structs.replace(profile, capabilities=list(dict.fromkeys([*profile.capabilities, capability])))


def probe_of(
    capability: str,
    scenarios: Iterable[Scenario],
    profile: Profile,
    witnesses: frozenset[str],
    holders: frozenset[str],
) -> Scenario | None:
    """
    The scenario that shows the capability with the fewest steps and needs, of those that can be played here.
    """
    able = declaring(profile, capability)
    needing = [one for one in scenarios if capability in one.needs]
    if capability not in profile.capabilities and 2 * sum(map(_is_raw, needing)) > len(needing):
        return None  # it is about addresses of its own, where a refusal tells nothing
    playable = [
        one
        for one in needing
        if not own_process(one)
        and _length(one) < LONGEST
        and unsupported(one, able) is None
        and missing_witness(one, witnesses) is None
        and missing_credential(one, able, holders) is None
        and next(examples(one, able), None) is not None
    ]
    return min(playable, key=_cost, default=None)


def found(capability: str, declared: bool, outcome: Outcome) -> Iterator[Finding]:
    """
    What the outcome of a probe says of the capability; nothing of one that is neither declared nor there.
    """
    about = f"capability {capability}"
    if outcome.kind == "passed" and declared:
        yield Finding(about=about, state="ok", said=f"declared, and seen ({outcome.name})")
    elif outcome.kind == "passed":
        fix = f"add `{capability}` to `capabilities`, if it is meant"
        yield Finding(about=about, state="undeclared", said=f"seen ({outcome.name})", fix=fix)
    elif declared and outcome.kind in ("failed", "deviation"):
        said = f"declared, but {outcome.name} fails ({_first_line(outcome)})"
        yield Finding(about=about, state="wrong", said=said, fix="correct the server, or take it out of `capabilities`")
    elif declared:
        yield Finding(about=about, state="not seen", said=outcome.reason or outcome.kind, fix=_more(outcome))


def unplayed(
    capability: str, scenarios: Iterable[Scenario], profile: Profile, witnesses: frozenset[str], holders: frozenset[str]
) -> Finding:
    """
    Why a declared capability could not be tried: what the nearest of its scenarios lacks.
    """
    able = declaring(profile, capability)
    needing = sorted((one for one in scenarios if capability in one.needs), key=_cost)
    reasons = [_obstacle(one, able, witnesses, holders) for one in needing]
    said, _, fix = (reasons or [NOT_TRIED])[0].partition(": ")
    return Finding(about=f"capability {capability}", state="not seen", said=said, fix=fix or None)


def once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """
    What is said of several in the same words is said of the first, with the others' names.
    """
    alike: dict[tuple[str, str | None], list[Finding]] = {}
    for one in findings:
        alike.setdefault((one.said, one.fix), []).append(one)
    for first, *others in alike.values():
        names = [one.about.partition(" ")[2] for one in others]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        told = f"{first.said} (the same for {', '.join(names[:NAMED])}{more})"
        yield structs.replace(first, said=told) if others else first


def _obstacle(scenario: Scenario, able: Profile, witnesses: frozenset[str], holders: frozenset[str]) -> str:
    reason = unsupported(scenario, able)
    if reason is not None:
        return f"{scenario.id} cannot be played ({reason}): complete the profile, or take it out"
    return (
        missing_witness(scenario, witnesses)
        or missing_credential(scenario, able, holders)
        or f"{scenario.id} is too much for a first look: see `threadgauge run`"
    )


def _is_raw(scenario: Scenario) -> bool:
    """
    Whether it asks at addresses of its own.
    """
    return any(step.call is not None for step in steps_of(scenario))


def _cost(scenario: Scenario) -> tuple[int, int, str]:
    return len(scenario.needs), _length(scenario), scenario.id


def _length(scenario: Scenario) -> int:
    """
    How many requests it makes, roughly.
    """
    steps = list(steps_of(scenario))
    filled = [str(step.fill.to) for step in steps if step.fill is not None]
    return len(steps) + sum(int(to) if to.isdigit() else LONGEST for to in filled)


def _first_line(outcome: Outcome) -> str:
    lines = [line for one in outcome.differences for line in one.lines[:1]]
    return lines[0] if lines else outcome.sentence


def _more(outcome: Outcome) -> str:
    witnesses = {one.witness for one in outcome.unseen}
    if "upstream" in witnesses:
        return "give --upstream"
    return "give --db" if "store" in witnesses else "see `threadgauge run` for the details"
