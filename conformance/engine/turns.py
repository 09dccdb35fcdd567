"""
The turns of a transcript, told apart by how they ended: what a standing rule may expect of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conformance.model.profile import Profile
from conformance.model.scenario import Step
from conformance.model.text import Text
from conformance.model.transcript import Exchange, StepRecord, UpstreamCall

__all__ = ["Turn", "calls_of", "is_clear", "turns_of"]

_CHANGES = ("delete_thread", "delete_message", "update_message", "clear_messages", "regenerate", "create_thread")


@dataclass(frozen=True, slots=True)
class Turn:
    """
    A chat of the scenario. `answers` are the texts that the model meant to say in it, of calls that it ended well.
    """

    record: StepRecord
    thread: str
    by: str | None
    exchange: Exchange
    text: Text | None
    answers: list[Text]
    plain: bool


def turns_of(records: list[StepRecord], steps: Mapping[str, Step], profile: Profile) -> Iterator[Turn]:
    """
    The turns that ended well, in the order of their records. `plain`: nothing of the request was changed.
    """
    for record in records:
        step = steps.get(record.index)
        if step is None or step.chat is None or not record.exchanges or not _is_well(step, record, profile):
            continue
        exchange, chat = record.exchanges[-1], step.chat
        # A turn that only calls tools says nothing.
        text = exchange.text if exchange.text is not None and exchange.text.length else None
        answers = [one.answer for one in calls_of(record) if one.outcome == "answered" and one.answer is not None]
        plain = not chat.set and not chat.without and chat.via in (None, "chat_ui")
        yield Turn(record, chat.thread, step.by, exchange, text, answers, plain)


def calls_of(record: StepRecord) -> list[UpstreamCall]:
    """
    The calls that say what the user said; a title's or a summary's only shares a canary with them.
    """
    return [call for call in record.calls or [] if call.matched == "text"]


def is_clear(turn: Turn, until: float | None, records: list[StepRecord], steps: Mapping[str, Step]) -> bool:
    """
    Whether nothing that began before a moment can have changed what the turn left in its thread.
    """
    for record in records:
        step = steps.get(record.index)
        if step is None or not record.exchanges or (until is not None and record.exchanges[0].started >= until):
            continue
        if record.exchanges[-1].ended_at > turn.exchange.started and record is not turn.record and _changes(step, turn):
            return False
    return True


def _changes(step: Step, turn: Turn) -> bool:
    if step.call is not None or step.spoil is not None:
        return True
    if step.chat is not None and step.chat.thread == turn.thread:
        return bool(step.chat.set) or step.chat.via not in (None, "chat_ui")
    return any(getattr(getattr(step, name), "thread", None) == turn.thread for name in _CHANGES)


def _is_well(step: Step, record: StepRecord, profile: Profile) -> bool:
    exchange = record.exchanges[-1]
    operation = profile.operations.get(step.operation) if step.operation is not None else None
    if operation is None or exchange.status not in operation.status or exchange.ended != "clean":
        return False
    if operation.stream is None:
        return True
    end = exchange.end
    return end is not None and end.error is None and (end.terminal is not None or not operation.stream.terminal)
