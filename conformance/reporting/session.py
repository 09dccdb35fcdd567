"""
The run as a record of a test session: environment, each test with its ticks, result and notes, issues, what to do.

It is the form that people fill in by hand after trying a server; here the run has filled it in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.engine.baseline import out_of_date
from conformance.model.outcome import Kind, Outcome
from conformance.model.results import Results, TargetSeen
from conformance.reporting.failure import SUSPECTS, suspect_words
from conformance.reporting.markdown import code, plain
from conformance.reporting.summary import most_urgent, verdict
from conformance.reporting.visible import inline, visible

__all__ = ["Issue", "Session", "SessionTest", "Tick", "render_session", "session_of"]

NOTES: Final = 3  # lines of a failure: the report has all
TICKS: Final = 20  # steps of one test: a scenario of a hundred streams has a hundred of one kind
_RESULTS: Final[dict[Kind, str]] = {
    "passed": "PASS",
    "fixed": "PASS",
    "failed": "FAIL",
    "known failure": "FAIL (known)",
}
_NUMBER: Final = re.compile(r"/seed-test-(\d+)-")


@dataclass(frozen=True, slots=True)
class Tick:
    """
    One step; `held` is null where nothing can be said of it.
    """

    title: str
    held: bool | None


@dataclass(frozen=True, slots=True)
class SessionTest:
    """
    One scenario. `place` is that of its outcome in the results.
    """

    place: int
    title: str
    name: str
    profile: str
    ticks: tuple[Tick, ...]
    result: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """
    A requirement that was broken: what was seen, what it looks like, and the command that shows it.
    """

    told: str
    seen: str
    suspects: tuple[str, ...]
    again: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """
    The whole record. `left_out` counts the scenarios that the profiles do not declare.
    """

    date: str
    verdict: str
    environment: tuple[tuple[str, str], ...]
    tests: tuple[SessionTest, ...]
    issues: tuple[Issue, ...]
    actions: tuple[str, ...]
    left_out: int


def session_of(results: Results) -> Session:
    """
    The tests of the form first, then all others by name.
    """
    played = [(place, one) for place, one in enumerate(results.outcomes) if one.kind != "unsupported"]
    played.sort(key=lambda pair: (_of_the_form(pair[1]), pair[1].name, pair[1].profile))
    return Session(
        date=results.started[:10],
        verdict=verdict(results),
        environment=tuple(_environment(results)),
        tests=tuple(_test(place, outcome) for place, outcome in played),
        issues=tuple(_issue(group) for group in (*most_urgent(results), *_known(results.outcomes))),
        actions=tuple(_actions(results)),
        left_out=len(results.outcomes) - len(played),
    )


def render_session(results: Results) -> str:
    """
    The record as Markdown.
    """
    session = session_of(results)
    blocks = [
        f"## Test Session: {session.date}",
        plain(session.verdict),
        "### Environment\n" + "\n".join(f"- {name}: {plain(value)}" for name, value in session.environment),
        *(_test_block(number, test) for number, test in enumerate(session.tests, start=1)),
        *([f"{session.left_out} more were not played: the profile does not declare them."] if session.left_out else []),
        "### Issues Found\n" + (_numbered(session.issues) or "None."),
        "### Action Items\n" + ("\n".join(f"- [ ] {one}" for one in map(plain, session.actions)) or "None."),
    ]
    return "\n\n".join(blocks) + "\n"


def _of_the_form(outcome: Outcome) -> int:
    found = _NUMBER.search(outcome.name)
    return int(found[1]) if found else 1000


def _environment(results: Results) -> Iterator[tuple[str, str]]:
    for target in results.targets:
        yield "Backend URL", target.url
        yield "Profile", f"{target.profile}: {target.title}" if target.title else target.profile
        yield "Database", _seen(target, "store", "looked at, read only")
        yield "Model", _seen(target, "upstream", "scripted, each prompt recorded")
    yield "Suite", f"{results.tool}, seed {results.seed}"
    yield "Duration", f"{results.duration:.1f} s"


def _seen(target: TargetSeen, witness: str, how: str) -> str:
    return how if witness in target.witnesses else "not looked at"


def _test(place: int, outcome: Outcome) -> SessionTest:
    return SessionTest(
        place=place,
        title=outcome.title,
        name=outcome.name,
        profile=outcome.profile,
        ticks=tuple(_ticks(outcome)),
        result=_RESULTS.get(outcome.kind, outcome.kind.upper()),
        notes=tuple(_notes(outcome)),
    )


def _ticks(outcome: Outcome) -> Iterator[Tick]:
    wrong = {one.step for one in outcome.differences}
    told = outcome.kind in _RESULTS or outcome.kind == "deviation"
    for index, title in outcome.steps.items():
        yield Tick(title, index not in wrong if told else None)


def _notes(outcome: Outcome) -> Iterator[str]:
    if outcome.reason:
        yield outcome.reason
    lines = [line for one in outcome.differences for line in one.lines]
    yield from (line.strip() for line in lines[:NOTES])
    if len(lines) > NOTES:
        yield f"and {len(lines) - NOTES} more lines, see the report"


def _known(outcomes: Iterable[Outcome]) -> list[list[Outcome]]:
    """
    The known failures by requirement: they are issues too, though nothing is to be done about them now.
    """
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.kind == "known failure":
            groups.setdefault(outcome.requirement, []).append(outcome)
    return list(groups.values())


def _issue(group: Sequence[Outcome]) -> Issue:
    one = group[0]
    where = sorted({outcome.profile for outcome in group})
    known = f"; {one.reason}" if one.kind == "known failure" else ""
    return Issue(
        told=f"{one.level} {one.requirement}: {one.sentence} ({len(group)} failed, {', '.join(where)}{known})",
        seen=next((line for difference in one.differences for line in difference.lines), one.title),
        suspects=tuple(map(suspect_words, one.suspects[:SUSPECTS])),
        again=one.again,
    )


def _actions(results: Results) -> Iterator[str]:
    for group in most_urgent(results):
        yield f"Fix {group[0].requirement}"
    for entry in out_of_date(results.baseline):
        yield f"Baseline, {entry.place}, {entry.fails}: {entry.told}"
    reasons = {one.reason for one in results.outcomes if one.kind == "inconclusive" and one.reason}
    yield from (f"Make it visible: {reason}" for reason in sorted(reasons))
    yield from (f"Look at the error: {reason}" for reason in sorted(_errors(results.outcomes)))


def _errors(outcomes: Iterable[Outcome]) -> set[str]:
    return {one.reason or one.title for one in outcomes if one.kind == "error"}


def _test_block(number: int, test: SessionTest) -> str:
    lines = [f"### Test {number}: {plain(test.title)}", f"{code(test.name)}, {plain(test.profile)}", ""]
    lines += [f"- [{'x' if tick.held else ' '}] {plain(tick.title)}" for tick in _shown(test.ticks)]
    if len(test.ticks) > TICKS:
        held = sum(bool(tick.held) for tick in test.ticks)
        lines.append(f"- {len(test.ticks)} steps in all, {held} of them held")
    lines.append(f"- **Result:** {test.result}")
    lines.append(f"- **Notes:** {plain(inline('; '.join(test.notes)))}".rstrip())
    return "\n".join(lines)


def _shown(ticks: Sequence[Tick]) -> list[Tick]:
    """
    The first ones; of more than fit, those that did not hold too.
    """
    return [*ticks[:TICKS], *(tick for tick in ticks[TICKS:] if tick.held is False)][: 2 * TICKS]


def _numbered(issues: Sequence[Issue]) -> str:
    return "\n".join(f"{number}. {_issue_words(one)}" for number, one in enumerate(issues, start=1))


def _issue_words(issue: Issue) -> str:
    looks = f" Looks like {plain(' or '.join(issue.suspects))}." if issue.suspects else ""
    again = f" Again: {code(issue.again)}" if issue.again else ""
    return f"{plain(issue.told)} Seen: {plain(visible(issue.seen))}.{looks}{again}"
