"""
The verdict: a pure function of a recorded transcript.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

import msgspec

from conformance.checks.finding import Finding
from conformance.engine.afterwards import AFTER
from conformance.engine.figures import figures_of
from conformance.engine.lacking import lacking
from conformance.engine.live import knowable, model_failed, untold, without_advice
from conformance.engine.preconditions import begun_after, blocked, lapsed, missed, ran_apart, unmet
from conformance.engine.reading import identity
from conformance.engine.sameness import END
from conformance.engine.scope import lookup_in, scoped
from conformance.engine.sight import look, operation_of
from conformance.engine.standing import standing
from conformance.engine.support import indexed
from conformance.engine.whereabouts import whereabouts
from conformance.model.outcome import Difference, Kind, Outcome
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement
from conformance.model.scenario import Scenario, Step
from conformance.model.transcript import StepRecord, Transcript, Unseen

__all__ = ["judge", "requirement_of"]


_PLAYED: Final = frozenset({"passed", "failed", "inconclusive"})


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
    verdict = _verdict(transcript, profile)
    held = standing(transcript, profile) if verdict.kind in _PLAYED else {}
    requirement = requirement_of(scenario, requirements)
    broken = [name for name, found in held.items() if found]
    if broken and not verdict.differences:
        requirement = requirements.get(broken[0], requirement)
        verdict = _broken(verdict, [one for found in held.values() for one in found])
    kind: Kind = "deviation" if verdict.kind == "failed" and requirement.level != "MUST" else verdict.kind
    wrong = bool(verdict.differences)
    lost = any(one.check != "timing" for one in verdict.differences)
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
        also=whereabouts(transcript, profile, verdict.differences) if lost else None,
        suspects=requirement.defects if wrong else [],
        steps={record.index: record.title for record in transcript.records if record.index not in (AFTER, END)},
        duration=transcript.duration,
        late=transcript.loop_lag,
        lag=max((record.lag for record in transcript.records), default=0.0),
        figures=figures_of(transcript, profile),
        again=_again(transcript),
        lacking=lacking(scenario, profile) if verdict.kind == "unsupported" else [],
        standing={name: "failed" if found else "passed" for name, found in held.items()},
    )


def _broken(verdict: Verdict, differences: list[Difference]) -> Verdict:
    """
    A standing rule was broken, and the scenario's own expectations held. Where they did not, what they say comes of the
    same cause and is nearer to it.
    """
    return Verdict("failed", differences, verdict.unseen)


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
    steps = dict(indexed(transcript.scenario.steps))
    void = lapsed(transcript, steps) or (model_failed(transcript, profile, steps) if transcript.live else None)
    if void is not None:
        return _before(transcript, profile, steps, *void)
    findings = list(_findings(transcript, profile, steps))
    differences = [one for one in findings if isinstance(one, Difference)]
    unseen = list(_distinct(one for one in findings if isinstance(one, Unseen)))
    if differences:
        return Verdict("failed", differences, unseen)
    if unseen:
        return Verdict("inconclusive", [], unseen, "; ".join(one.reason for one in unseen))
    return Verdict("passed", [], [])


def _before(transcript: Transcript, profile: Profile, steps: Mapping[str, Step], index: str, reason: str) -> Verdict:
    """
    What the steps before one have shown that itself shows nothing, nor do those after it.
    """
    records = list(takewhile(lambda one: one.index != index, transcript.records))
    findings = _findings(msgspec.structs.replace(transcript, records=records), profile, steps)
    differences = [one for one in findings if isinstance(one, Difference)]
    unseen = [Unseen(witness="wire", reason=reason, by_chance=True)]
    return Verdict("failed", differences, unseen) if differences else Verdict("inconclusive", [], unseen, reason)


def _findings(transcript: Transcript, profile: Profile, steps: Mapping[str, Step]) -> Iterator[Finding]:
    found: dict[str, list[Finding]] = {}
    for record, findings in _looked(transcript, profile, steps):
        step = steps.get(record.index)
        if step is not None:
            findings = [*findings, *unmet(step, record)]
            findings = without_advice(findings) if transcript.live else findings
        if step is not None and (reason := missed(step, record)) is not None:
            findings = [*findings, Unseen(witness="upstream", reason=reason, by_chance=True)]
            if not any(isinstance(one, Difference) for one in findings):
                _excuse(found, begun_after(record, transcript))
        found[record.index] = [*found.get(record.index, []), *findings]
    for findings in found.values():
        yield from findings
    yield from blocked(transcript, steps)
    yield from ran_apart(steps, transcript.records)
    unplayed = [index for index, step in steps.items() if index not in found and step.together is None]
    if unplayed:
        yield Unseen(witness="wire", reason=f"step {unplayed[0]} was not played")


def _looked(
    transcript: Transcript, profile: Profile, steps: Mapping[str, Step]
) -> Iterator[tuple[StepRecord, list[Finding]]]:
    for record, step, lookup in scoped(transcript, steps):
        if step is not None:
            findings = look(step, record, profile, lookup, transcript.loop_lag, transcript.waited)
            if transcript.live:
                known = look(knowable(step), record, profile, lookup, transcript.loop_lag, transcript.waited)
                findings = [*known, *untold(step, record, findings)]
            yield record, findings
        elif record.index not in (AFTER, END):
            yield record, list(_made(record, transcript, profile))


def _made(record: StepRecord, transcript: Transcript, profile: Profile) -> Iterator[Finding]:
    """
    The engine itself asked for a thread, or something else, that the server had to name: without it, no step after it
    was tried.
    """
    name = record.title.rpartition(" ")[2]
    threads = record.action == "create_thread"
    create = msgspec.convert({record.action: {"thread": name} if threads else {}}, Step)
    findings = look(create, record, profile, lookup_in(transcript.bindings, {}))
    yield from findings
    if not findings and not _is_named(create, record, transcript, profile):
        line = f"no id of the new thread {name} can be read from the answer"
        line = line if threads else f"no id can be read from the answer of {record.action}"
        yield Difference(check="success", step=record.index, at="id", witness="wire", lines=[line], expected="an id")


def _is_named(create: Step, record: StepRecord, transcript: Transcript, profile: Profile) -> bool:
    if create.create_thread is not None:
        return create.create_thread.thread in transcript.bindings
    operation = operation_of(create, profile)
    return operation is not None and identity(record.exchanges[-1], operation) is not None


def _excuse(found: dict[str, list[Finding]], after: Set[str]) -> None:
    """
    Where a turn went well and was only not held as long as its inner steps took, these were played at another moment
    than they speak of: a busy machine does that to a good server, and our own loop's lateness. That one failed
    altogether is its own fault at any moment; and where the turn itself failed, that is why it was not held.
    """
    for inner in after & found.keys():
        found[inner] = [one for one in found[inner] if isinstance(one, Unseen) or one.check == "success"]


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
