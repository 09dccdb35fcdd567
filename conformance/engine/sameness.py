"""
One text in four places: what the model said is what was streamed, is listed, is stored, and is sent in the next prompt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.checks.finding import excerpt
from conformance.engine.turns import Turn, calls_of, is_clear, turns_of
from conformance.model.outcome import Difference
from conformance.model.profile import Profile
from conformance.model.scenario import Chat, ListMessages, Step, ToolCall
from conformance.model.text import Text
from conformance.model.transcript import Message, StepRecord, Witness
from conformance.text.diff import describe, first_difference
from conformance.text.digest import text_of

__all__ = ["END", "is_whole", "settling", "unlike"]

END: Final = "end"
"""
The index of the records of the last look.
"""


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where the answers of a thread must be: a list, a prompt, the rows. `began` is when it was asked for.
    """

    record: StepRecord
    thread: str
    by: str | None
    began: float | None
    texts: list[Text | None]
    witness: Witness
    name: str


def unlike(
    records: list[StepRecord], steps: Mapping[str, Step], profile: Profile, only: StepRecord | None = None
) -> Iterator[Difference | None]:
    """
    A difference for each place where the text of a turn that ended well is another one; None for a place where it is
    the same, so that who counts knows that it was looked at. `only` one record's place, if that is all that is asked.
    """
    settle = settling(profile.settle)
    turns = [turn for turn in turns_of(records, steps, profile) if _is_sayable(turn)]
    if only is None:
        for turn in turns:
            yield from _streamed(turn)
            yield from _called(turn)
    plain = [turn for turn in turns if turn.plain and turn.text is not None]
    for place in _places(records if only is None else [only], steps, profile):
        for turn in plain:
            if _must_be_in(turn, place, settle) and is_clear(turn, place.began, records, steps):
                yield None if turn.text in place.texts else _missing(place, turn)


def _must_be_in(turn: Turn, place: Place, settle: float) -> bool:
    if turn.thread != place.thread or (place.by != turn.by and place.record.index != END):
        return False
    return place.began is None or place.record.index == END or place.began >= turn.exchange.ended_at + settle


def _places(records: Sequence[StepRecord], steps: Mapping[str, Step], profile: Profile) -> Iterator[Place]:
    for record in records:
        if record.index == END:
            yield from _at_the_end(record)
            continue
        step = steps.get(record.index)
        if step is None or not record.exchanges:
            continue
        began = record.exchanges[0].started
        if step.list_messages is not None and is_whole(step.list_messages) and record.messages is not None:
            texts = _answers(record.messages)
            yield Place(record, step.list_messages.thread, step.by, began, texts, "api", "listed by the API")
        if step.chat is not None and profile.policies.get("history") == "whole" and _goes_on(step.chat):
            for call in calls_of(record)[:1]:
                texts = _answers(call.messages)
                yield Place(record, step.chat.thread, step.by, began, texts, "upstream", "in the prompt")


def _at_the_end(record: StepRecord) -> Iterator[Place]:
    thread = record.title.rpartition(" ")[2]
    if record.messages is not None:
        yield Place(record, thread, None, None, _answers(record.messages), "api", "listed by the API")
    if record.rows is not None:
        texts: list[Text | None] = [text_of(str(row["text"])) for row in record.rows if row["text"] is not None]
        yield Place(record, thread, None, None, texts, "store", "in the store")


def _answers(messages: Sequence[Message]) -> list[Text | None]:
    return [message.text for message in messages if message.role == "assistant"]


def _goes_on(chat: Chat) -> bool:
    return not chat.set and not chat.without


def _streamed(turn: Turn) -> Iterator[Difference | None]:
    if not turn.answers or turn.text is None:
        return
    if turn.text in turn.answers:
        yield None
        return
    lines = ["the streamed answer is not what the model said", *_divergence(turn.answers[-1], turn.text)]
    yield _difference(turn.record, "wire", "text", lines, turn.answers[-1], turn.text)


def _called(turn: Turn) -> Iterator[Difference | None]:
    """
    The function calls of a stream, where it shows any, are those that the model made.
    """
    shown = turn.exchange.end.tool_calls if turn.exchange.end is not None else []
    answered = [one for one in calls_of(turn.record) if one.outcome == "answered"]
    if not shown or not answered:
        return
    if any(_parsed(shown) == _parsed(one.tool_calls) for one in answered):
        yield None
        return
    lines = [f"the stream shows the calls {_told(shown)}, the model made {_told(answered[-1].tool_calls)}"]
    yield Difference(check="same-text", step=turn.record.index, at="tool_calls", witness="wire", lines=lines)


def _parsed(calls: Sequence[ToolCall]) -> list[tuple[str, str, Any]]:
    """
    Some streams carry arguments as JSON and not as the text that the model wrote: blanks in it are no matter.
    """
    return [(one.id, one.name, _value(one.arguments)) for one in calls]


def _value(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _told(calls: Sequence[ToolCall]) -> str:
    return ", ".join(f"{one.id} {one.name}({one.arguments[:40]})" for one in calls) or "none"


def _missing(place: Place, turn: Turn) -> Difference:
    text = turn.text
    assert text is not None
    lines = [f"the answer of step {turn.record.index} is not {place.name} as it was streamed: {excerpt(text)}"]
    alike = next((one for one in place.texts if one is not None and one.whole and _is_alike(one.whole, text)), None)
    lines += _divergence(text, alike) if alike is not None else []
    return _difference(place.record, place.witness, "messages", lines, text, alike)


def _is_alike(one: str, text: Text) -> bool:
    return text.whole is not None and one.strip()[:8] == text.whole.strip()[:8]


def _divergence(want: Text, actual: Text) -> list[str]:
    divergence = first_difference(want, actual)
    return [] if divergence is None else [f"  {line}" for line in describe(divergence).splitlines()]


def _difference(
    record: StepRecord, witness: Witness, at: str, lines: list[str], want: Text, actual: Text | None
) -> Difference:
    return Difference(
        check="same-text",
        step=record.index,
        at=at,
        witness=witness,
        lines=lines,
        expected=excerpt(want),
        actual=None if actual is None else excerpt(actual),
    )


def _is_sayable(turn: Turn) -> bool:
    """
    Whether the contract leaves no choice of what becomes of the text: U+0000 and half a pair may be replaced.
    """
    return not any(_is_odd(one) for one in (*turn.answers, turn.text) if one is not None)


def _is_odd(text: Text) -> bool:
    return bool(text.surrogates) or text.whole is None or "\0" in text.whole


def is_whole(listing: ListMessages) -> bool:
    """
    Whether a list is asked for with nothing left out.
    """
    asked = (listing.limit, listing.offset, listing.order, listing.after, listing.before)
    return all(one is None for one in asked) and not listing.set


def settling(duration: str) -> float:
    """
    How long an answer may take to show, in seconds.
    """
    return float(duration[:-2]) / 1000 if duration.endswith("ms") else float(duration[:-1])
