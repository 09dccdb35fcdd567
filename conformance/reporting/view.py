"""
One outcome as the page shows it: what a template can print without asking further.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.model.outcome import Outcome
from conformance.model.results import Coverage
from conformance.model.scenario import Step
from conformance.model.transcript import Message, StepRecord, Transcript
from conformance.reporting.exchange import ExchangeView, exchange_view
from conformance.reporting.failure import SUSPECTS
from conformance.reporting.reports import report_url
from conformance.reporting.shorten import kept, shortened
from conformance.reporting.side_by_side import Comparison, compare
from conformance.reporting.witnesses import said_by_user, sights, sql_as_asked, steps_by_index, with_gates

__all__ = ["OutcomeView", "StepView", "Suspect", "Table", "needs_study", "outcome_view"]

LIST: Final = 12  # messages or rows shown of a step; the rest is counted
LINES: Final = 60  # of one difference
STEPS: Final = 60
CELL: Final = 120  # code points of one value in a table
PROMPT: Final = 400  # code points of one message of a prompt


@dataclass(frozen=True, slots=True)
class Suspect:
    """
    A known way to break the requirement, and where it was reported.
    """

    id: str
    report: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """
    What a step found: messages or rows. `more` is what is not shown.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class StepView:
    """
    One step: what was said and answered, the exchanges, and what was found. `lines` are its differences in words, `sql`
    is the query that it asked the store, its placeholders filled.
    """

    index: str
    action: str
    title: str
    said: str | None
    answer: str | None
    exchanges: tuple[ExchangeView, ...]
    tables: tuple[Table, ...]
    unseen: tuple[str, ...]
    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """
    `full` is false for what gets its steps and figures only. `differing` names the witnesses at fault,
    `curl` is the request of the step that went wrong, or the last one before it.
    """

    anchor: str
    outcome: Outcome
    full: bool
    source: tuple[str, ...]
    suspects: tuple[Suspect, ...]
    steps: tuple[StepView, ...]
    comparisons: tuple[Comparison, ...]
    differing: frozenset[str]
    curl: str = ""


def needs_study(outcome: Outcome) -> bool:
    return outcome.kind not in ("passed", "unsupported")


def outcome_view(
    anchor: str, outcome: Outcome, transcript: Transcript | None, coverage: Mapping[str, Coverage], *, full: bool
) -> OutcomeView:
    known = coverage.get(outcome.requirement)
    steps = tuple(_steps(outcome, transcript, full=full))
    return OutcomeView(
        anchor=anchor,
        outcome=outcome,
        full=full,
        source=tuple(known.source) if known else (),
        suspects=tuple(Suspect(one.id, one.report, report_url(one.report)) for one in outcome.suspects[:SUSPECTS]),
        steps=steps,
        comparisons=tuple(_comparisons(outcome, transcript)) if full and transcript else (),
        differing=frozenset(difference.witness for difference in outcome.differences),
        curl=_curl(steps),
    )


def _curl(steps: Sequence[StepView]) -> str:
    wrong = next((place for place, step in enumerate(steps, start=1) if step.lines), 0)
    return next((step.exchanges[-1].curl for step in reversed(steps[:wrong]) if step.exchanges), "")


def _comparisons(outcome: Outcome, transcript: Transcript) -> Iterator[Comparison]:
    for thread, seen in sights(transcript, (difference.step for difference in outcome.differences)).items():
        if len(seen) > 1:
            yield compare(thread, seen)


def _steps(outcome: Outcome, transcript: Transcript | None, *, full: bool) -> Iterator[StepView]:
    if transcript is None:
        yield from (_without_record(index, title, outcome) for index, title in outcome.steps.items())
        return
    steps = steps_by_index(transcript)
    # What has no index of the scenario's is a look after the failure: it shows in the comparison.
    records = [record for record in transcript.records if record.index in steps or record.index in outcome.steps]
    for record in records[:STEPS]:
        yield _step(record, steps.get(record.index), transcript, outcome, full=full)


def _without_record(index: str, title: str, outcome: Outcome) -> StepView:
    return StepView(index, title.split(" ", 1)[0], title, None, None, (), (), (), _lines(outcome, index))


def _step(record: StepRecord, step: Step | None, transcript: Transcript, outcome: Outcome, *, full: bool) -> StepView:
    said = said_by_user(record, step, transcript) if full else None
    text = record.exchanges[-1].text if full and record.exchanges else None
    return StepView(
        index=record.index,
        action=record.action,
        title=shortened(record.title),
        said=shortened(said) if said is not None else None,
        answer=shortened(kept(text)) if text is not None else None,
        exchanges=tuple(exchange_view(exchange, full=full) for exchange in with_gates(record)),
        tables=tuple(_tables(record)) if full else (),
        unseen=tuple(f"{one.witness}: {one.reason}" for one in record.unseen),
        lines=_lines(outcome, record.index),
        notes=tuple(_notes(record)),
        sql=_sql(record, step, transcript) if full else None,
    )


def _sql(record: StepRecord, step: Step | None, transcript: Transcript) -> str | None:
    asked = (step.query or step.sql) if step is not None else None
    return shortened(sql_as_asked(asked, record, transcript)) if asked else None


def _lines(outcome: Outcome, index: str) -> tuple[str, ...]:
    found = [line for one in outcome.differences if one.step == index for line in one.lines]
    more = (f"... and {len(found) - LINES} more lines",) if len(found) > LINES else ()
    return (*(shortened(line, 2000) for line in found[:LINES]), *more)


def _notes(record: StepRecord) -> Iterator[str]:
    if record.attempts > 1:
        yield f"read {record.attempts} times, {record.lag:.2f} s until it held"
    if record.met is not None:
        yield "the turns overlapped" if record.met else "the turns did not overlap"


def _tables(record: StepRecord) -> Iterator[Table]:
    if record.messages is not None:
        yield _messages("listed by the API", record.messages)
    if record.rows is not None:
        columns = tuple(dict.fromkeys(key for row in record.rows[:LIST] for key in row))
        rows = tuple(tuple(_cell(row.get(column)) for column in columns) for row in record.rows[:LIST])
        yield Table("rows in the store", columns, rows, max(len(record.rows) - LIST, 0))
    for place, call in enumerate((record.calls or [])[:LIST], start=1):
        said = f"prompt {place} of {len(record.calls or [])}, sent to the model {call.model or ''}".rstrip()
        yield _messages(f"{said}; the call: {call.outcome}", call.messages, PROMPT)


def _messages(caption: str, messages: list[Message], limit: int = CELL) -> Table:
    shown = (*messages[: LIST - LIST // 2], *messages[-(LIST // 2) :]) if len(messages) > LIST else messages
    rows = tuple((one.role, _message(one, limit)) for one in shown)
    return Table(caption, ("role", "text"), rows, len(messages) - len(rows))


def _message(one: Message, limit: int) -> str:
    calls = [f"calls {call.name}({shortened(str(call.arguments), CELL)})" for call in one.tool_calls]
    text = shortened(kept(one.text), limit) if one.text else "" if calls else "(null)"
    return " ".join([text, *calls]).strip()


def _cell(value: Any) -> str:
    return shortened(value if isinstance(value, str) else json.dumps(value, default=str), CELL)
