"""
A text against what it must be like; used by every check that meets a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from conformance.checks.conditions import holds
from conformance.checks.finding import NotKept, excerpt
from conformance.checks.seen import Seen
from conformance.model.scenario import TextMatch
from conformance.model.text import Text
from conformance.text.diff import describe, first_difference, same_text

__all__ = ["equal", "mismatches"]

_LONE: Final = re.compile("[\ud800-\udfff]")


def mismatches(want: str | TextMatch, actual: Text | str, seen: Seen, marked: bool = False) -> Iterator[str]:
    """
    What is wrong with a text, one line each. `marked`: it is the step's streamed answer, so events can be named.

    Raises `NotKept` where nothing else is wrong and a text must be searched that was not kept whole.
    """
    match = TextMatch(equals=want) if isinstance(want, str) else want
    lines = list(_as_a_whole(match, actual, seen, marked))
    yield from lines
    try:
        yield from _content(match, actual, seen)
    except NotKept:
        if not lines:  # what is known to be wrong needs no search
            raise


def _as_a_whole(match: TextMatch, actual: Text | str, seen: Seen, marked: bool) -> Iterator[str]:
    if match.equals is not None:
        yield from _unequal(seen.text(match.equals), actual, seen, marked)
    if match.not_ is not None and equal(seen.text(match.not_), actual):
        yield f"is {excerpt(actual)}, which it must not be"
    if match.length is not None and not holds(wanted := seen.string(match.length), _length(actual)):
        yield f"has {_length(actual)} characters, expected {wanted}"


def equal(want: Any, actual: Any) -> bool:
    """
    Whether two texts are the same, whole or not.
    """
    if isinstance(want, Text) or isinstance(actual, Text):
        return same_text(want, actual)
    return bool(want == actual)


def _length(text: Text | str) -> int:
    return text.length if isinstance(text, Text) else len(text)


def _unequal(want: str | Text, actual: Text | str, seen: Seen, marked: bool) -> Iterator[str]:
    divergence = first_difference(want, actual)
    if divergence is None:
        return
    yield from describe(divergence).splitlines()
    if marked and seen.marks:
        event, offset = _event_at(seen.marks, divergence.offset)
        yield f"  the place is in event {event}, which begins at byte {offset} of the stream"


def _event_at(marks: list[tuple[int, int, int]], place: int) -> tuple[int, int]:
    before = [mark for mark in marks if mark[0] <= place] or marks[:1]
    return before[-1][1], before[-1][2]


def _content(match: TextMatch, actual: Text | str, seen: Seen) -> Iterator[str]:
    for part in _list(match.contains):
        wanted = seen.string(part)
        if wanted not in _whole(actual, wanted):
            yield f"does not contain {excerpt(wanted)}: {excerpt(actual)}"
    for part in _list(match.lacks):
        unwanted = seen.string(part)
        if unwanted in _whole(actual, unwanted):
            yield f"contains {excerpt(unwanted)}: {excerpt(actual)}"
    if match.matches is not None:
        pattern = seen.string(match.matches)
        if not re.search(pattern, _whole(actual, pattern), re.DOTALL):
            yield f"does not match /{match.matches}/: {excerpt(actual)}"


def _whole(text: Text | str, sought: str) -> str:
    if isinstance(text, str):
        return text
    # Half of a pair is kept as U+FFFD: whether it was the one that is sought cannot be told.
    if text.whole is None or (text.surrogates and _LONE.search(sought)):
        raise NotKept
    return text.whole


def _list(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value
