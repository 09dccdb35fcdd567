r"""
Surrogate pairs that a server cut between two deltas.

A server in a UTF-16 language that streams `"\ud83d"` and then `"\ude00"` sends valid JSON twice, and 😀 to everybody
who joins the strings before encoding them. So the halves are joined here; a half that stays alone is a problem.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from conformance.text.deltas import Delta, Problems

_LONE: Final = re.compile("[\ud800-\udfff]")


class Joiner:
    """
    Holds a high surrogate at the end of a delta back until the next delta shows whether it is half of a pair.
    """

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._held: Delta | None = None

    def join(self, delta: Delta) -> Iterator[Delta]:
        if self._held is None and delta.text.isascii():
            yield delta
            return
        text = paired(self._take_held() + delta.text)
        if "\ud800" <= text[-1:] <= "\udbff":
            self._held = Delta(text[-1], delta.event, delta.offset)
            text = text[:-1]
        yield from self._noted(Delta(text, delta.event, delta.offset))

    def rest(self) -> Iterator[Delta]:
        """
        What is held when no delta will follow.
        """
        held, self._held = self._held, None
        if held:
            yield from self._noted(held)

    def _take_held(self) -> str:
        held, self._held = self._held, None
        return held.text if held else ""

    def _noted(self, delta: Delta) -> Iterator[Delta]:
        lone = _LONE.search(delta.text)
        if lone:
            self._problems.add(f"lone surrogate U+{ord(lone[0]):04X} in the event at byte {delta.offset}")
        if delta.text:
            yield delta


def clean(value: Any, depth: int = 4) -> Any:
    """
    A JSON value that can be written again: lone surrogates become U+FFFD, what lies deeper than `depth` None.
    """
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {clean(key): clean(kept, depth - 1) for key, kept in value.items()} if depth else None
    if isinstance(value, list):
        return [clean(kept, depth - 1) for kept in value] if depth else None
    return value


def paired(text: str) -> str:
    """
    The text with every high surrogate that a low one follows joined with it.
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
