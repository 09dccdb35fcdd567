"""
Long answers, of an exact length, that show where they were cut.

Lines of 64 code points, each begins with its own offset: what is missing, doubled or out of order can be read off the
text. Every fourth line has characters of two, three and four bytes, so that a cut by bytes breaks one soon. Any
part can be had without the rest: an answer of 200 MB is never in memory.
"""

from __future__ import annotations

from typing import Final

__all__ = ["essay"]

LINE: Final = 64

_WORDS: Final = (
    "the kettle sang, but nobody in the house listened.",
    "a letter came that morning, meant for someone else.",
    "rain on the tin roof; the clock in the hall ran slow.",
    "Zoë liest 漢字 im Café, für 3 €, naïve 😀 déjà vu 🚀.",
    "she counted the stairs again: there was one too many.",
    "a door that was never locked stood open all day long.",
    "the last train had left, with its lamps still lit.",
    "smørbrød, żółw, 東京, 한국: «every 🌍 byte» counts 🧵.",
)
_ROOM: Final = LINE - len("000000000 ") - len("\n")
_TAILS: Final = tuple(f" {words[:_ROOM]:.<{_ROOM}}\n" for words in _WORDS)


def essay(length: int, start: int, end: int) -> str:
    """
    The code points from `start` to before `end` of the essay that has `length` of them; the last is a full stop.
    """
    end = min(end, length)
    if start >= end:
        return ""
    first, last = start // LINE, (end - 1) // LINE
    text = "".join([f"{number * LINE:09d}{_TAILS[number % 8]}" for number in range(first, last + 1)])
    text = text[start - first * LINE : end - first * LINE]
    # A text that ends in a blank would make a server that trims look like one that loses.
    return f"{text[:-1]}." if end == length else text
