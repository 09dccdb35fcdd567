"""
Texts of any size in a size that a page can carry.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from conformance.model.text import Text
from conformance.text.hints import common_prefix

__all__ = ["SHOWN", "Marked", "characters", "kept", "marked", "shortened"]

SHOWN: Final = 600  # code points of one text in the page: what one reads before one downloads the transcript
AROUND: Final = 70  # of a text around a difference


class Marked(NamedTuple):
    """
    A text in three parts; `middle` is what differs. `gap` is true where the others have something that is not here.
    """

    before: str
    middle: str = ""
    after: str = ""
    gap: bool = False


def characters(count: int) -> str:
    return f"{count:,} character{'' if count == 1 else 's'}"


def kept(text: Text) -> str:
    """
    As much of a text as was kept, the gap told.
    """
    if text.whole is not None:
        return text.whole
    missing = text.length - len(text.head) - len(text.tail)
    return f"{text.head} [... {missing:,} characters ...] {text.tail}"


def shortened(text: str, limit: int = SHOWN) -> str:
    """
    The beginning and the end of a longer text.
    """
    if len(text) <= limit:
        return text
    tail = limit // 4
    return f"{text[: limit - tail]} [... {len(text) - limit:,} characters ...] {text[-tail:]}"


def marked(text: str, other: str) -> Marked:
    """
    Where a text differs from another one: the first to the last differing character, with something around.
    """
    start = common_prefix(text, other)
    stop = len(text) - common_prefix(text[start:][::-1], other[start:][::-1])
    middle = shortened(text[start:stop], 2 * AROUND)
    return Marked(_until(text, start), middle, _from(text, stop), gap=start == stop)


def _until(text: str, start: int) -> str:
    return text[:start] if start <= AROUND else f"... {text[start - AROUND : start]}"


def _from(text: str, stop: int) -> str:
    return text[stop:] if len(text) - stop <= AROUND else f"{text[stop : stop + AROUND]} ..."
