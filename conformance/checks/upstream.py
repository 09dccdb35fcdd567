"""
Checks of what the target sent to its model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.checks.api import shown
from conformance.checks.conditions import holds
from conformance.checks.finding import Finding, excerpt
from conformance.checks.seen import Seen
from conformance.checks.sequences import sequence_lines
from conformance.model.scenario import MessageMatch
from conformance.model.text import Text
from conformance.model.transcript import Exchange, Message, UpstreamCall

__all__ = ["calls", "nowhere", "prompt"]


def prompt(want: Sequence[MessageMatch], seen: Seen) -> Iterator[Finding]:
    """
    The prompt of the turn's first upstream call has exactly these messages.

    System messages of the server's own are passed over where the profile's policy `extra_system_prompt` is `yes`.
    """
    if (unseen := seen.unseen("upstream")) is not None:
        yield unseen
        return
    if not seen.record.calls:
        line = "the target did not call its model in this turn"
        yield seen.differs("prompt", "upstream", "prompt", [line], len(want), None)
        return
    messages = _without_own_system(want, seen.record.calls[0], seen)
    lines = sequence_lines(want, messages, seen)
    if lines:
        noun = "message" if len(messages) == 1 else "messages"
        head = f"prompt (sent to the model) has {len(messages)} {noun}, expected {len(want)}"
        head = "prompt (sent to the model) differs" if len(messages) == len(want) else head
        yield seen.differs("prompt", "upstream", "prompt", [head, *lines], len(want), shown(messages))


def _without_own_system(want: Sequence[MessageMatch], call: UpstreamCall, seen: Seen) -> list[Message]:
    if seen.profile.policies.get("extra_system_prompt") != "yes" or any(one.role == "system" for one in want):
        return call.messages
    return [message for message in call.messages if message.role != "system"]


def calls(want: int | str, seen: Seen) -> Iterator[Finding]:
    """
    How often the target called its model in this turn.
    """
    if (unseen := seen.unseen("upstream")) is not None:
        yield unseen
    elif not holds(wanted := seen.fill(want), actual := len(seen.record.calls or [])):
        line = f"the model was called {actual} times in this turn, expected {wanted}"
        yield seen.differs("calls", "upstream", "calls", [line], wanted, actual)


def nowhere(want: str | list[str], seen: Seen) -> Iterator[Finding]:
    """
    The token is neither in the answer, nor in what is listed, nor in the prompt of this step.
    """
    for template in [want] if isinstance(want, str) else want:
        token = str(seen.fill(template))
        for place, text in _places(seen):
            if token in text:
                line = f"{excerpt(token)} of another thread is in the {place}: {excerpt(text)}"
                yield seen.differs("nowhere", "wire" if place == "answer" else "upstream", place, [line], None, token)
    if (unseen := seen.unseen("upstream")) is not None:
        yield unseen


def _places(seen: Seen) -> Iterator[tuple[str, str]]:
    for exchange in seen.record.exchanges:
        yield from (("answer", text) for text in _answer_texts(exchange))
    for call in seen.record.calls or []:
        yield from (("prompt", _text(message.text)) for message in call.messages)


def _answer_texts(exchange: Exchange) -> Iterator[str]:
    yield _text(exchange.text)
    yield _text(exchange.body)
    yield from exchange.headers.values()


def _text(text: Text | None) -> str:
    if text is None:
        return ""
    return text.whole if text.whole is not None else text.head + text.tail
