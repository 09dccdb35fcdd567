"""
Checks of what the target sent to its model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from conformance.checks.api import shown
from conformance.checks.bodies import value_lines
from conformance.checks.conditions import holds
from conformance.checks.finding import Finding, excerpt, plain
from conformance.checks.seen import Seen
from conformance.checks.sequences import sequence_lines
from conformance.model.scenario import MessageMatch
from conformance.model.text import Text
from conformance.model.transcript import Exchange, Message, StepRecord, Unseen, UpstreamCall
from conformance.text.jsonpath import NOTHING, one

__all__ = ["asked", "calls", "nowhere", "prompt"]


def prompt(want: Sequence[MessageMatch], seen: Seen) -> Iterator[Finding]:
    """
    The prompt of the turn's first upstream call has exactly these messages.

    System messages of the server's own are passed over where the profile's policy `extra_system_prompt` is `yes`.
    """
    if (unseen := seen.unseen("upstream")) is not None:
        yield unseen
        return
    if not (calls := _of_the_turn(seen.record.calls or [])):
        line = "the target did not call its model in this turn"
        yield seen.differs("prompt", "upstream", "prompt", [line], len(want), None)
        return
    want = seen.expected(want)
    messages = _without_own_system(want, calls[0], seen)
    lines = sequence_lines(want, messages, seen)
    if lines:
        noun = "message" if len(messages) == 1 else "messages"
        head = f"prompt (sent to the model) has {len(messages)} {noun}, expected {len(want)}"
        head = "prompt (sent to the model) differs" if len(messages) == len(want) else head
        yield seen.differs("prompt", "upstream", "prompt", [head, *lines], len(want), shown(messages))


def _of_the_turn(calls: Sequence[UpstreamCall]) -> Sequence[UpstreamCall]:
    """
    The calls that say what the user said; a title's or a summary's only shares a canary with them.
    """
    said = [call for call in calls if call.matched == "text"]
    return said or [call for call in calls if call.matched != "aside"]


def _without_own_system(want: Sequence[MessageMatch], call: UpstreamCall, seen: Seen) -> list[Message]:
    """
    The messages without those of the server's own. Where a scenario expects some, its own are the last ones.
    """
    if seen.profile.policies.get("extra_system_prompt") != "yes":
        return call.messages
    expected = sum(one.role == "system" for one in want)
    systems = [at for at, message in enumerate(call.messages) if message.role == "system"]
    own = systems[: max(len(systems) - expected, 0)]
    return [message for at, message in enumerate(call.messages) if at not in own]


def calls(want: int | str, seen: Seen) -> Iterator[Finding]:
    """
    How often the target called its model in this turn.
    """
    if (unseen := seen.unseen("upstream")) is not None:
        yield unseen
    elif not holds(wanted := seen.string(want), actual := len(_of_the_turn(seen.record.calls or []))):
        line = f"the model was called {actual} times in this turn, expected {wanted}"
        yield seen.differs("calls", "upstream", "calls", [line], wanted, actual)


def asked(want: dict[str, Any], seen: Seen) -> Iterator[Finding]:
    """
    What the turn's first upstream call says besides its messages, by path: the model, its parameters, the functions.
    """
    if (unseen := seen.unseen("upstream")) is not None:
        yield unseen
        return
    if not (calls := _of_the_turn(seen.record.calls or [])):
        line = "the target did not call its model in this turn"
        yield seen.differs("asked", "upstream", "asked", [line], plain(want), None)
        return
    options = calls[0].options
    for path, expected in want.items():
        actual = one(path, options)
        if lines := [f"the request to the model: {path} {line}" for line in value_lines(expected, actual, seen)]:
            yield seen.differs(
                "asked", "upstream", path, lines, plain(expected), None if actual is NOTHING else plain(actual)
            )


def nowhere(want: str | list[str], seen: Seen) -> Iterator[Finding]:
    """
    The token is neither in the answer, nor in what is listed or stored, nor in the prompt of this step.
    """
    places = list(_places(seen.record))
    for template in [want] if isinstance(want, str) else want:
        token = seen.string(template)
        for place, witness, texts in places:
            found = next((text for text in texts if token in text), None)
            if found is not None:
                line = f"{excerpt(token)} is in the {place}, where it must not be: {excerpt(found)}"
                yield seen.differs("nowhere", witness, place, [line], None, token)
    yield from _not_searched(seen)


def _places(record: StepRecord) -> Iterator[tuple[str, str, list[str]]]:
    """
    What is searched: where it was, who saw it, its texts.
    """
    listed = [*_texts_of(record.messages or []), *_strings(msgspec.to_builtins(record.threads or []))]
    answered = [text for exchange in record.exchanges for text in _answer_texts(exchange)]
    yield "answer", "wire", [*answered, *listed]
    yield "store", "store", list(_strings(record.rows))
    yield "prompt", "upstream", [text for call in _turns_calls(record) for text in _texts_of(call.messages)]


def _turns_calls(record: StepRecord) -> list[UpstreamCall]:
    """
    All calls but asides.
    """
    return [call for call in record.calls or [] if call.matched != "aside"]


def _answer_texts(exchange: Exchange) -> Iterator[str]:
    yield _text(exchange.text)
    yield _text(exchange.body)
    yield from _strings(exchange.value)  # in the body itself a text may be written with escapes
    yield from exchange.headers.values()


def _texts_of(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        yield _text(message.text)
        yield from _strings([message.id, message.name, message.metadata, msgspec.to_builtins(message.tool_calls)])


def _strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        yield from _strings([*tree, *tree.values()])
    elif isinstance(tree, list):
        for inner in tree:
            yield from _strings(inner)


def _text(text: Text | None) -> str:
    if text is None:
        return ""
    return text.whole if text.whole is not None else text.head


def _not_searched(seen: Seen) -> Iterator[Unseen]:
    """
    Why the token may be there all the same: what was not seen, or was not kept whole.
    """
    yield from seen.record.unseen
    if _silent(seen):
        yield Unseen(witness="upstream", reason="the target did not call its model in this turn: no prompt was seen")
    prompts = [message.text for call in seen.record.calls or [] for message in call.messages]
    if _cut(prompts):
        yield Unseen(witness="upstream", reason="nowhere: a prompt was too long to be kept and searched")
    answers = [exchange.text for exchange in seen.record.exchanges]
    bodies = [exchange.body for exchange in seen.record.exchanges if exchange.value is None]
    if _cut([*answers, *bodies, *(message.text for message in seen.record.messages or [])]):
        yield Unseen(witness="wire", reason="nowhere: an answer was too long to be kept and searched")


def _silent(seen: Seen) -> bool:
    status = seen.exchange.status if seen.exchange else None
    return seen.record.calls == [] and status is not None and status < 400


def _cut(texts: Iterable[Text | None]) -> bool:
    return any(text is not None and text.whole is None for text in texts)
