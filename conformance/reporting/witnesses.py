"""
What each of the four witnesses saw of one thread, brought together: the input of the side-by-side view.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from conformance.engine.scope import lookup_in, string
from conformance.model.scenario import Step
from conformance.model.text import Text
from conformance.model.transcript import Exchange, Message, StepRecord, Transcript, Witness
from conformance.text import template
from conformance.text.digest import text_of

__all__ = ["Said", "Sight", "said_by_user", "sights", "sql_as_asked", "steps_by_index", "with_gates"]


@dataclass(frozen=True, slots=True)
class Said:
    """
    One message as one witness shows it; `order` tells when it was said on the wire.
    """

    role: str
    text: Text
    order: int = -1


@dataclass(frozen=True, slots=True)
class Sight:
    """
    What one witness saw of a thread. `until` is the moment it was asked: what was said later it could not know.
    """

    witness: Witness
    step: str
    until: int
    messages: list[Said] = field(default_factory=list)


def sights(transcript: Transcript, differing: Iterable[str]) -> dict[str, list[Sight]]:
    """
    Per thread, by its name in the scenario: what was seen on the wire, in the list, in the store and upstream.

    Where a witness was asked more than once, the step in which a difference was found counts, else the last.
    """
    steps, wrong = steps_by_index(transcript), set(differing)
    found: dict[str, dict[Witness, Sight]] = {}
    for place, record in enumerate(transcript.records):
        thread = _thread(record, steps.get(record.index))
        for sight in _sights_of(record, place, transcript, steps) if thread else ():
            known = found.setdefault(thread or "", {})
            known[sight.witness] = _better(known.get(sight.witness), sight, wrong)
    order: tuple[Witness, ...] = ("wire", "api", "store", "upstream")
    return {thread: [seen[name] for name in order if name in seen] for thread, seen in found.items()}


def steps_by_index(transcript: Transcript) -> dict[str, Step]:
    return dict(_indexed(transcript.scenario.steps))


def said_by_user(record: StepRecord, step: Step | None, transcript: Transcript) -> str | None:
    """
    What a turn said, its placeholders filled; nothing where one of them cannot be told any more.
    """
    if step is None or step.chat is None:
        return None
    try:
        return str(template.fill(step.chat.say, lookup_in(transcript.bindings, _named(transcript, record))))
    except (
        LookupError,
        TypeError,
        ValueError,
    ):  # a report must not fail over a placeholder that the run itself could not fill
        return None


def with_gates(record: StepRecord) -> Iterator[Exchange]:
    """
    The exchanges of a step; those of a turn with the gates at which the model was held meanwhile.
    """
    gates = [mark for call in record.calls or [] for mark in call.gates]
    for exchange in record.exchanges:
        own = [mark for mark in gates if exchange.started <= mark.held_at <= exchange.ended_at]
        yield replace(exchange, gates=own) if own and not exchange.gates else exchange


def sql_as_asked(asked: str, record: StepRecord, transcript: Transcript) -> str:
    """
    A query with the values that it was asked with; what cannot be told any more stays a placeholder.
    """
    lookup = lookup_in(transcript.bindings, _named(transcript, record))

    def literal(found: re.Match[str]) -> str:
        try:
            value = lookup(found[1])
        except (LookupError, TypeError, ValueError):
            return found[0]
        return str(value) if isinstance(value, int | float) else "'" + string(value).replace("'", "''") + "'"

    return re.sub(r"\$\{([^}]+)\}", literal, asked).strip()


def _named(transcript: Transcript, until: StepRecord) -> dict[str, StepRecord]:
    steps = steps_by_index(transcript)
    named: dict[str, StepRecord] = {}
    for record in transcript.records:
        if record is until:
            break
        step = steps.get(record.index)
        if step is not None and step.as_:
            named[step.as_] = record
    return named


def _indexed(steps: Sequence[Step], before: str = "") -> Iterator[tuple[str, Step]]:
    for place, step in enumerate(steps, start=1):
        yield f"{before}{place}", step
        yield from _indexed(step.together or step.during or [], f"{before}{place}.")


def _thread(record: StepRecord, step: Step | None) -> str | None:
    if step is None:  # a look after the failure: `rows of t`, `list_messages t`
        return record.title.rsplit(" ", 1)[-1] or None
    asked = getattr(step, record.action, None) if record.action in step.__struct_fields__ else None
    if isinstance(asked, str):
        return next(iter(re.findall(r"\$\{(\w+)\}", asked)), None)
    return getattr(asked, "thread", None)


def _better(known: Sight | None, new: Sight, wrong: set[str]) -> Sight:
    if known is None:
        return new
    if new.witness == "wire":
        return Sight("wire", new.step, new.until, known.messages + new.messages)
    return known if known.step in wrong and new.step not in wrong else new


def _sights_of(record: StepRecord, place: int, transcript: Transcript, steps: dict[str, Step]) -> Iterator[Sight]:
    if record.action == "chat":
        said = list(_on_the_wire(record, place, transcript, steps.get(record.index)))
        yield Sight("wire", record.index, 2 * place + 1, said)
        if record.calls:
            yield Sight("upstream", record.index, 2 * place, _said(record.calls[-1].messages))
    elif record.messages is not None:
        yield Sight("api", record.index, 2 * place + 1, _said(record.messages))
    elif record.rows is not None and all("text" in row and "role" in row for row in record.rows):
        yield Sight("store", record.index, 2 * place + 1, [_row(row) for row in record.rows])


def _on_the_wire(record: StepRecord, place: int, transcript: Transcript, step: Step | None) -> Iterator[Said]:
    say = said_by_user(record, step, transcript)
    if say is not None:
        yield Said("user", text_of(say), 2 * place)
    for exchange in record.exchanges[-1:]:
        if exchange.text is not None and exchange.text.length:
            yield Said("assistant", exchange.text, 2 * place + 1)


def _said(messages: Iterable[Message]) -> list[Said]:
    return [Said(message.role, message.text or text_of("")) for message in messages]


def _row(row: dict[str, Any]) -> Said:
    return Said(str(row["role"]), text_of("" if row["text"] is None else str(row["text"])))
