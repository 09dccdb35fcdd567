"""
Texts of any size, piece by piece, in bounded memory.

At most KEEP code points are held; of longer texts one block, the edges and the hashes.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from conformance.model.text import BLOCK, EDGE, KEEP, Text

_LONE: Final = re.compile("[\ud800-\udfff]")


class TextDigest:
    """
    Builds a `Text` from pieces; where the text was cut into pieces makes no difference. `done` may be asked again.
    """

    def __init__(self) -> None:
        self._length = 0
        self._sha = hashlib.sha256()
        self._kept: list[str] | None = []  # None as soon as the text is too long to be kept
        self._blocks: list[str] = []
        self._open: list[str] = []  # pieces of the block that is not full yet
        self._room = BLOCK
        self._head = ""
        self._tail = ""  # of the blocks that are full
        self._surrogates = 0

    def add(self, text: str) -> None:
        self._length += len(text)
        for piece in self._cut(text):
            self._open.append(piece)
            self._room -= len(piece)
            if not self._room:
                self._close_block()

    def done(self) -> Text:
        last = "".join(self._open)
        shown, lone = _shown(last)
        sha = self._sha.copy()
        sha.update(_encoded(last))
        text = Text(length=self._length, sha256=sha.hexdigest(), surrogates=self._surrogates + lone)
        if self._kept is not None and self._length <= KEEP:
            return _with(text, whole="".join([*self._kept, shown]))
        blocks = (*self._blocks, _hash(last)) if last else tuple(self._blocks)
        return _with(text, head=self._head, tail=(self._tail + shown)[-EDGE:], blocks=blocks)

    def _cut(self, text: str) -> Iterator[str]:
        """
        The text in pieces that end where blocks end.
        """
        start = 0
        while start < len(text):
            end = start + self._room
            yield text[start:end]
            start = end

    def _close_block(self) -> None:
        block = "".join(self._open)
        self._sha.update(_encoded(block))
        self._blocks.append(_hash(block))
        shown, lone = _shown(block)
        self._surrogates += lone
        self._head = self._head or shown[:EDGE]
        self._tail = shown[-EDGE:]
        self._keep(shown)
        self._open, self._room = [], BLOCK

    def _keep(self, block: str) -> None:
        if self._length > KEEP:
            self._kept = None
        if self._kept is not None:
            self._kept.append(block)


def text_of(text: str) -> Text:
    """
    A text that is there whole. Short ones, nearly all, take the short way: 2 us instead of 8.
    """
    if len(text) <= BLOCK:
        shown, lone = _shown(text)
        return Text(length=len(text), sha256=hashlib.sha256(_encoded(text)).hexdigest(), whole=shown, surrogates=lone)
    digest = TextDigest()
    digest.add(text)
    return digest.done()


def blocks_of(text: str) -> tuple[str, ...]:
    """
    The block hashes that a longer text would have here, to compare a kept text with one that is not.
    """
    return tuple(_hash(text[start : start + BLOCK]) for start in range(0, len(text), BLOCK))


def _with(
    text: Text, *, whole: str | None = None, head: str = "", tail: str = "", blocks: tuple[str, ...] = ()
) -> Text:
    return Text(
        length=text.length,
        sha256=text.sha256,
        surrogates=text.surrogates,
        whole=whole,
        head=head,
        tail=tail,
        blocks=blocks,
    )


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _hash(block: str) -> str:
    # 8 bytes tell one of our own blocks from another; nobody attacks them, the SHA-256 of the whole decides.
    return hashlib.blake2b(_encoded(block), digest_size=8).hexdigest()


def _shown(text: str) -> tuple[str, int]:
    """
    The text as JSON can carry it, and how many lone surrogates were replaced.
    """
    return (text, 0) if text.isascii() else _LONE.subn("\ufffd", text)
