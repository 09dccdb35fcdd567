"""
A piece of text shown so that a human sees every code point of it.
"""

import unicodedata
from typing import Final

AROUND: Final = 30  # code points either side: two excerpts fit under each other in a terminal line

_NAMED: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\", '"': r"\""}


def excerpt(text: str, offset: int, around: int = AROUND) -> str:
    """
    The text around an offset in quotes, `...` outside them where it goes on.
    """
    start, end = max(offset - around, 0), min(offset + around, len(text))
    before, after = "..." if start > 0 else "", "..." if end < len(text) else ""
    return f'{before}"{shown(text[start:end], ends=end == len(text))}"{after}'


def shown(text: str, *, ends: bool = True) -> str:
    r"""
    The text with escapes for what the eye cannot tell: controls, combining marks, odd spaces, and, where the text ends,
    blanks at its end. A backslash is doubled, so that an escape is never ambiguous.
    """
    kept = text.rstrip(" ") if ends else text
    return "".join(map(_shown, kept)) + r"\x20" * (len(text) - len(kept))


def _shown(char: str) -> str:
    if char == " " or (char.isascii() and char.isprintable() and char not in _NAMED):
        return char
    if char in _NAMED:
        return _NAMED[char]
    if char == "\ufffd" or not char.isprintable() or unicodedata.combining(char) or _is_mark(char):
        return _escaped(char)
    return char


def _is_mark(char: str) -> bool:
    # Variation selectors and enclosing marks have combining class 0, and are as invisible.
    return unicodedata.category(char).startswith("M")


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
