"""
Which finished turns a failure is about: the failing turn itself, or those whose traces the failing step looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.checks.finding import excerpt
from conformance.engine.sameness import END
from conformance.engine.scope import scoped
from conformance.engine.support import indexed
from conformance.model.outcome import Difference
from conformance.model.profile import Profile
from conformance.model.scenario import Chat, Step
from conformance.model.text import Text
from conformance.model.transcript import Exchange, StepRecord, Transcript
from conformance.text import template
from conformance.text.digest import text_of

__all__ = ["Finished", "concerned", "finished", "is_of_history"]

_LOOKS: Final = ("list_messages", "get_message", "export_thread", "search", "clear_messages")
_ELSEWHERE: Final = ("timing", "nowhere")  # neither tells where a turn was lost
_MESSAGES: Final = re.compile(r"\bmessages\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finished:
    """
    A turn that was answered to its end: what was asked, if that is known, and what was streamed.
    """

    record: StepRecord
    thread: str
    question: Text | None
    answer: Text


def finished(transcript: Transcript, profile: Profile) -> Iterator[Finished]:
    """
    The turns with an answer, in the order of their records.
    """
    for record, step, lookup in scoped(transcript, dict(indexed(transcript.scenario.steps))):
        if step is None or step.chat is None:
            continue
        if (answer := _answer(record, profile)) is not None:
            yield Finished(record, step.chat.thread, _said(step.chat, lookup), answer)


def concerned(
    transcript: Transcript, turns: Sequence[Finished], differences: Sequence[Difference]
) -> Iterator[Finished]:
    """
    Those of the turns that any of the differences is about.
    """
    steps = dict(indexed(transcript.scenario.steps))
    for turn in turns:
        if any(_is_about(one, turn, transcript, steps) for one in differences):
            yield turn


def is_of_history(one: Difference) -> bool:
    """
    Whether it is about what was said before the failing turn, as the model was told it.
    """
    return one.witness == "upstream" and one.check in ("prompt", "same-text")


def _answer(record: StepRecord, profile: Profile) -> Text | None:
    if not record.exchanges:
        return None
    exchange = record.exchanges[-1]
    whole = exchange.ended == "clean" and exchange.status in _declared(exchange, profile)
    return exchange.text if whole and exchange.text is not None and exchange.text.length else None


def _declared(answer: Exchange, profile: Profile) -> Sequence[int]:
    return next((one.status for name, one in profile.operations.items() if name == answer.operation), [])


def _said(chat: Chat, lookup: Callable[[str], Any]) -> Text | None:
    try:
        said = template.fill(chat.say, lookup)
    except (KeyError, template.TemplateError):
        return None
    return said if isinstance(said, Text) else text_of(said) if isinstance(said, str) else None


def _is_about(one: Difference, turn: Finished, transcript: Transcript, steps: Mapping[str, Step]) -> bool:
    if one.check in _ELSEWHERE:
        return False
    step = steps.get(one.step)
    if step is not None and step.chat is not None and not is_of_history(one):
        return turn.record.index == one.step
    if turn.thread not in _looked_at(one, step, transcript) or not _is_before(turn, one.step, transcript.records):
        return False
    return one.check != "same-text" or excerpt(turn.answer) == one.expected


def _is_before(turn: Finished, index: str, records: Sequence[StepRecord]) -> bool:
    order = [record.index for record in records]
    return index in order and turn.record.index in order[: order.index(index)]


def _looked_at(one: Difference, step: Step | None, transcript: Transcript) -> set[str]:
    """
    The threads into whose messages the step looked.
    """
    if step is None:
        ends = [record for record in transcript.records if record.index == one.step == END]
        return {record.title.rpartition(" ")[2] for record in ends}
    sql = step.query or step.sql
    if sql is not None:
        return {name.partition(".")[0] for name, _ in template.names(sql)} if _MESSAGES.search(sql) else set()
    if step.chat is not None:
        return {step.chat.thread}
    return {thread for name in _LOOKS if (thread := getattr(getattr(step, name), "thread", None)) is not None}
