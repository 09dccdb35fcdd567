"""
The verdict: a pure function of a recorded transcript.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.checks.finding import Finding
from conformance.engine.afterwards import AFTER
from conformance.engine.scope import lookup_in
from conformance.engine.sight import look
from conformance.engine.whereabouts import whereabouts
from conformance.model.outcome import Difference, Kind, Outcome
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement
from conformance.model.scenario import Scenario, Step
from conformance.model.transcript import StepRecord, Transcript, Unseen

__all__ = ["judge", "requirement_of"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What the steps of one transcript come to.
    """

    kind: Kind
    differences: list[Difference]
    unseen: list[Unseen]
    reason: str | None = None


def judge(transcript: Transcript, profile: Profile, requirements: Mapping[str, Requirement]) -> Outcome:
    """
    Judge one transcript. `requirements` is the ledger by id; a scenario of a user's own may name none of them.
    """
    scenario = transcript.scenario
    requirement = requirement_of(scenario, requirements)
    verdict = _verdict(transcript, profile)
    kind: Kind = "deviation" if verdict.kind == "failed" and requirement.level != "MUST" else verdict.kind
    wrong = bool(verdict.differences)
    return Outcome(
        kind=kind,
        scenario=scenario.id,
        name=transcript.name,
        title=scenario.title,
        profile=transcript.profile,
        requirement=requirement.id,
        level=requirement.level,
        sentence=requirement.sentence,
        area=scenario.id.split("/", 1)[0],
        differences=verdict.differences,
        unseen=verdict.unseen,
        reason=verdict.reason,
        also=whereabouts(transcript, verdict.differences) if wrong else None,
        suspects=requirement.defects if wrong else [],
        steps={record.index: record.title for record in transcript.records if record.index != AFTER},
        duration=transcript.duration,
        lag=max((record.lag for record in transcript.records), default=0.0),
        again=_again(transcript),
    )


def requirement_of(scenario: Scenario, requirements: Mapping[str, Requirement]) -> Requirement:
    """
    The requirement that a scenario shows: of the ledger, or made from the scenario's own words.
    """
    name = scenario.requirement or scenario.id
    if name in requirements:
        return requirements[name]
    return Requirement(id=name, level=scenario.level or "MUST", sentence=scenario.title, source=["this scenario"])


def _verdict(transcript: Transcript, profile: Profile) -> Verdict:
    if transcript.trouble is not None:
        return Verdict("error", [], [], transcript.trouble)
    if transcript.unsupported is not None:
        return Verdict("unsupported", [], [], transcript.unsupported)
    if transcript.prevented is not None:
        return Verdict("inconclusive", [], [], transcript.prevented)
    findings = list(_findings(transcript, profile))
    differences = [one for one in findings if isinstance(one, Difference)]
    unseen = list(_distinct(one for one in findings if isinstance(one, Unseen)))
    if differences:
        return Verdict("failed", differences, unseen)
    if unseen:
        return Verdict("inconclusive", [], unseen, "; ".join(one.reason for one in unseen))
    return Verdict("passed", [], [])


def _findings(transcript: Transcript, profile: Profile) -> Iterator[Finding]:
    named: dict[str, StepRecord] = {}
    steps = dict(_indexed(transcript.scenario.steps))
    for record in transcript.records:
        step = steps.get(record.index)
        if step is None:
            continue  # made by the engine itself: a thread that the server had to name, a look afterwards
        if step.as_:
            named[step.as_] = record
        yield from look(step, record, profile, lookup_in(transcript.bindings, named))
        if record.met is False:
            yield Unseen(witness="upstream", reason=_missed(step, record))


def _missed(step: Step, record: StepRecord) -> str:
    if step.during is not None:
        return (
            f"step {record.index}: the upstream was not held at its gate, so the inner steps did not fall into the turn"
        )
    return f"step {record.index}: the turns did not overlap"


def _indexed(steps: Iterable[Step], before: str = "") -> Iterator[tuple[str, Step]]:
    for place, step in enumerate(steps, start=1):
        index = f"{before}{place}"
        yield index, step
        yield from _indexed(step.together or step.during or [], f"{index}.")


def _distinct(unseen: Iterable[Unseen]) -> Iterator[Unseen]:
    seen: set[tuple[Any, ...]] = set()
    for one in unseen:
        if (one.witness, one.reason) not in seen:
            seen.add((one.witness, one.reason))
            yield one


def _again(transcript: Transcript) -> str:
    """
    The command that repeats it, to be pasted into a shell.
    """
    where = transcript.again or ([transcript.target] if transcript.target else [])
    if "--profile" not in where:
        where = [*where, "--profile", transcript.profile]
    return shlex.join(["threadgauge", "run", *where, "--select", transcript.name, "--seed", str(transcript.seed)])
