"""
Outcomes to results: counts, coverage and the exit code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Final

from conformance.engine.baseline import out_of_date
from conformance.model.baseline import Entry
from conformance.model.outcome import KINDS, Kind, Outcome
from conformance.model.requirement import Level, Requirement
from conformance.model.results import FORMAT, Coverage, Results, TargetSeen
from conformance.model.suite import Suite

__all__ = ["CONFORMS", "DOES_NOT", "JUDGED", "UNCLEAR", "most_urgent", "summarise", "verdict"]

CONFORMS: Final = 0
DOES_NOT: Final = 1
UNCLEAR: Final = 2

JUDGED: Final[frozenset[Kind]] = frozenset({"passed", "failed", "known failure", "fixed", "deviation"})
"""
Kinds that say something about the target; the others say something about what could be seen.
"""

_URGENCY: Final[dict[Level, int]] = {"MUST": 0, "SHOULD": 1, "MAY": 2}


def summarise(
    outcomes: Sequence[Outcome],
    *,
    tool: str,
    started: str,
    duration: float,
    seed: int,
    targets: Sequence[TargetSeen] = (),
    requirements: Iterable[Requirement] = (),
    notes: Sequence[str] = (),
    strict: bool = False,
    require_conclusive: bool = False,
    baseline: Sequence[Entry] = (),
    suite: Suite | None = None,
) -> Results:
    """
    The results of a run. With `strict` a deviation fails, with `require_conclusive` an inconclusive outcome does; an
    entry of the baseline that is out of date always does.
    """
    code = _exit_code(outcomes, baseline, strict=strict, require_conclusive=require_conclusive)
    return Results(
        format=FORMAT,
        tool=tool,
        started=started,
        duration=duration,
        seed=seed,
        conforms=code == CONFORMS,
        exit_code=code,
        counts=_counts(outcomes),
        targets=list(targets),
        outcomes=sorted(outcomes, key=_order),
        coverage=_coverage(outcomes, requirements),
        strict=strict,
        require_conclusive=require_conclusive,
        notes=list(notes),
        baseline=list(baseline),
        suite=suite,
    )


def verdict(results: Results) -> str:
    """
    The verdict in one sentence.
    """
    counts, judged = results.counts, sum(results.counts.get(kind, 0) for kind in JUDGED)
    if results.exit_code == UNCLEAR:
        errors = counts.get("error", 0)
        return f"Could not tell: {_plural(errors, 'error')}." if errors else "Could not tell: nothing was checked."
    if results.conforms:
        known = counts.get("known failure", 0)
        told = f"none failed but {_plural(known, 'known failure')}" if known else "none failed"
        return f"Conforms: {judged} of {_plural(len(results.outcomes), 'scenario')} judged, {told}."
    reasons = [f"{counts.get(kind, 0)} {said}" for kind, said in _held_against(results) if counts.get(kind, 0)]
    of = f"{', '.join(reasons)} of {_plural(len(results.outcomes), 'scenario')}"
    stale = len(out_of_date(results.baseline))
    entries = f"{'1 entry' if stale == 1 else f'{stale} entries'} of the baseline out of date"
    return f"Does not conform: {'; '.join([*([of] if reasons else []), *([entries] if stale else [])])}."


def most_urgent(results: Results) -> list[list[Outcome]]:
    """
    The failures by requirement, what to fix first in front: the strictest level, then what never holds (a requirement
    that holds at times is often the victim of another), then the most scenarios (examples are one), then the shortest.
    """
    held = {name for outcome in results.outcomes for name in _held(outcome)}
    failures: dict[str, list[Outcome]] = {}
    for outcome in results.outcomes:
        if outcome.kind == "failed" or (results.strict and outcome.kind == "deviation"):
            failures.setdefault(outcome.requirement, []).append(outcome)
    for group in failures.values():
        group.sort(key=lambda outcome: len(outcome.steps))
    return sorted(failures.values(), key=lambda group: _weight(group, held))


def _held(outcome: Outcome) -> Iterator[str]:
    if outcome.kind == "passed":
        yield outcome.requirement
    # A rule that is judged in every scenario breaks beside much that breaks: where it held counts as well.
    yield from (name for name, kind in outcome.standing.items() if kind == "passed")


def _weight(group: Sequence[Outcome], held: Set[str]) -> tuple[int, bool, int, int]:
    first = group[0]
    scenarios = len({outcome.scenario for outcome in group})
    return _URGENCY[first.level], first.requirement in held, -scenarios, len(first.steps)


def _exit_code(
    outcomes: Sequence[Outcome], baseline: Sequence[Entry], *, strict: bool, require_conclusive: bool
) -> int:
    kinds = {outcome.kind for outcome in outcomes}
    # A failure that was seen stays one, whatever else could not be told.
    if kinds & {"failed", "fixed"} or out_of_date(baseline):
        return DOES_NOT
    if (strict and "deviation" in kinds) or (require_conclusive and "inconclusive" in kinds):
        return DOES_NOT
    return UNCLEAR if "error" in kinds or not kinds & JUDGED else CONFORMS


def _held_against(results: Results) -> list[tuple[Kind, str]]:
    held: list[tuple[Kind, str]] = [("failed", "failed"), ("fixed", "fixed (the baseline expects a failure)")]
    if results.strict:
        held.append(("deviation", "deviating (strict)"))
    if results.require_conclusive:
        held.append(("inconclusive", "inconclusive (conclusive required)"))
    return held


def _counts(outcomes: Sequence[Outcome]) -> dict[Kind, int]:
    counted = Counter(outcome.kind for outcome in outcomes)
    return {kind: counted[kind] for kind in KINDS}


def _order(outcome: Outcome) -> tuple[int, int, str, str]:
    return KINDS.index(outcome.kind), _URGENCY[outcome.level], outcome.name, outcome.profile


def _coverage(outcomes: Sequence[Outcome], requirements: Iterable[Requirement]) -> list[Coverage]:
    judged: dict[str, set[str]] = {}
    for outcome in outcomes:
        if outcome.kind in JUDGED:
            for requirement in (outcome.requirement, *outcome.standing):
                judged.setdefault(requirement, set()).add(outcome.profile)
    return [_covered(one, sorted(judged.get(one.id, ()))) for one in requirements]


def _covered(requirement: Requirement, profiles: list[str]) -> Coverage:
    return Coverage(
        requirement=requirement.id,
        level=requirement.level,
        sentence=requirement.sentence,
        judged=bool(profiles),
        profiles=profiles,
        source=requirement.source,
        untested=requirement.untested,
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
