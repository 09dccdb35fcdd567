"""
Closed-world lists of messages: exactly these, in this order; what is missing, unexpected or different is told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from conformance.checks.bodies import same_json
from conformance.checks.finding import excerpt
from conformance.checks.seen import Seen
from conformance.checks.texts import mismatches
from conformance.model.scenario import MessageMatch, TextMatch
from conformance.model.text import Text
from conformance.model.transcript import Message
from conformance.text.digest import text_of

__all__ = ["message_lines", "sequence_lines"]

SHOWN = 12  # lines of one list's difference: a report must be read, not scrolled


def sequence_lines(want: Sequence[MessageMatch], actual: Sequence[Message], seen: Seen) -> list[str]:
    """
    How a list of messages differs from the expected one, a line each; empty where it does not.
    """
    lines = list(islice(_paired(want, actual, seen), SHOWN + 1)) if len(want) == len(actual) else []
    if len(want) != len(actual):
        lines = list(_unaligned(want, actual, seen))
    if len(lines) <= SHOWN:
        return lines
    return [*lines[:SHOWN], "  ... and more differences"]


def message_lines(want: MessageMatch, actual: Message, seen: Seen) -> Iterator[str]:
    """
    What is wrong with one message.
    """
    if want.role is not None and want.role != actual.role:
        yield f"role is {actual.role}, expected {want.role}"
    if want.text is not None:
        yield from _text_lines(want.text, actual, seen)
    for name in ("id", "name", "tool_call_id", "status", "parent"):
        expected = getattr(want, name)
        if expected is not None and (filled := seen.string(expected)) != getattr(actual, name):
            yield f"{name} is {excerpt(getattr(actual, name))}, expected {excerpt(filled)}"
    if want.tool_calls is not None and (
        calls := seen.fill(msgspec.to_builtins(want.tool_calls))
    ) != msgspec.to_builtins(actual.tool_calls):
        yield f"tool calls are {excerpt(_calls(actual))}, expected {excerpt(str(calls))}"
    if want.metadata is not None and not same_json(metadata := seen.fill(want.metadata), actual.metadata):
        yield f"metadata is {excerpt(actual.metadata)}, expected {excerpt(metadata)}"


def _calls(actual: Message) -> str:
    return str([(call.id, call.name, call.arguments) for call in actual.tool_calls])


def _text_lines(want: str | TextMatch, actual: Message, seen: Seen) -> Iterator[str]:
    if actual.text is None:
        yield "text is null"
        return
    for place, line in enumerate(mismatches(want, actual.text, seen)):
        yield f"text {line}" if place == 0 else line


def _paired(want: Sequence[MessageMatch], actual: Sequence[Message], seen: Seen) -> Iterator[str]:
    for place, pair in enumerate(zip(want, actual, strict=True)):
        yield from _pair(place, *pair, seen)


def _pair(place: int, want: MessageMatch, actual: Message, seen: Seen) -> Iterator[str]:
    lines = list(message_lines(want, actual, seen))
    if lines:
        yield f"  [{place}] {actual.role:<9} {lines[0]}"
        yield from (f"      {line}" for line in lines[1:])


def _unaligned(want: Sequence[MessageMatch], actual: Sequence[Message], seen: Seen) -> Iterator[str]:
    kept = _common(want, actual, seen)
    wanted, found = {pair[0] for pair in kept}, {pair[1] for pair in kept}
    for place, match in enumerate(want):
        if place not in wanted:
            yield f"  missing     {match.role or 'any role':<9} {_wanted(match, seen)}"
    for place, message in enumerate(actual):
        if place not in found:
            yield f"  unexpected  {message.role:<9} {excerpt(message.text)}"


def _wanted(match: MessageMatch, seen: Seen) -> str:
    if match.text is None:
        return "(any text)"
    if isinstance(match.text, str):
        return excerpt(seen.text(match.text))
    return str({key: value for key, value in msgspec.to_builtins(match.text).items() if value is not None})


def _common(want: Sequence[MessageMatch], actual: Sequence[Message], seen: Seen) -> list[tuple[int, int]]:
    """
    Pairs that match, in order, greedily: quadratic alignment is not worth it for lists that are told in 12 lines.
    """
    pairs: list[tuple[int, int]] = []
    start = 0
    for place, match in enumerate(want):
        text = _text_of(match, seen)
        fits = (at for at in range(start, len(actual)) if _fits(match, text, actual[at], seen))
        if (found := next(fits, None)) is not None:
            pairs.append((place, found))
            start = found + 1
    return pairs


def _text_of(match: MessageMatch, seen: Seen) -> Text | None:
    if not isinstance(match.text, str):
        return None
    text = seen.text(match.text)
    return text_of(text) if isinstance(text, str) else text


def _fits(match: MessageMatch, text: Text | None, actual: Message, seen: Seen) -> bool:
    """
    Whether nothing is wrong with a message. Role and text are looked at first: to say how two texts differ costs a
    hundred times what it costs to see that they do, and a thread of 500 turns has half a million pairs.
    """
    if match.role not in (None, actual.role) or (text is not None and text != actual.text):
        return False
    return not any(message_lines(match, actual, seen))
