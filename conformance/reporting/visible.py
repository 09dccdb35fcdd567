"""
Text that may hold anything, shown so that it cannot play tricks on a terminal, an XML parser or a reader.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["fitted", "inline", "visible"]

# Controls but tab and newline, what XML 1.0 forbids, invisible and direction-changing characters, tags.
# ZWJ and ZWNJ stay: scripts and emoji need them, and they move nothing.
_ODD: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""
    The text with escapes (`\x00`, `\u202e`) for what is illegal in XML, controls a terminal, or cannot be seen.
    """
    return _ODD.sub(lambda found: _escaped(found[0]), text)


def inline(text: str) -> str:
    r"""
    The same, with line ends and tabs as `\n` and `\t`: a name is one line, whatever it was made of.
    """
    return visible(text).replace("\n", r"\n").replace("\t", r"\t")


def fitted(text: str, width: int) -> str:
    """
    One line of at most `width` characters.
    """
    line = " ".join(visible(text).split("\n"))
    return line if len(line) <= width else f"{line[: max(width - 3, 0)]}..."


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
