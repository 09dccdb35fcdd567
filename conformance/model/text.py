"""
A text of any size, kept in a size that can be kept.
"""

from __future__ import annotations

from typing import Final

from conformance.model.base import Model

__all__ = ["BLOCK", "EDGE", "KEEP", "Text"]

KEEP: Final = 2**21
"""
Code points kept whole. The longest texts that scenarios say and ask for are just over 2**20; twice that costs at most
8 MiB.
"""

EDGE: Final = 2048
"""
Code points of head and tail kept of a longer text: enough to recognise it by eye.
"""

BLOCK: Final = 65536
"""
Code points per block hash of a longer text: a difference is placed this exactly.
"""


class Text(Model, frozen=True, eq=False):
    """
    A text, or what identifies one too long to keep. Two are equal when length and hash are.

    Lengths count code points. The hash is SHA-256 over UTF-8, lone surrogates included (`surrogatepass`). JSON cannot
    carry lone surrogates, so `whole`, `head` and `tail` show U+FFFD for each, and `surrogates` counts them.
    `blocks` has a hash of every BLOCK code points, the last may be shorter.
    """

    length: int
    sha256: str
    whole: str | None = None
    head: str = ""
    tail: str = ""
    blocks: tuple[str, ...] = ()
    surrogates: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.length, self.sha256) == (other.length, other.sha256)

    def __ne__(self, other: object) -> bool:
        # Without it msgspec compares identity.
        return not self == other

    def __hash__(self) -> int:
        return hash((self.length, self.sha256))
