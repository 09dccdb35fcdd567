"""
Streams that are cut at other places.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from reference_server.core.upstream import Piece, Prompt, Upstream
from reference_server.quirks.edge import Outgoing

MANY: Final = 2000  # pieces after which an answer is cut no finer: a long one in single bytes is a load test


class Streams(Outgoing):
    """
    A body that comes in pieces.
    """

    order = 6

    cuts = 0

    def applies(self) -> bool:
        return self.streamed

    def piece(self, data: bytes) -> list[bytes]:
        if self.cuts > MANY:
            return [data]
        found = self.cut(data)
        self.cuts += len(found)
        return found

    def cut(self, data: bytes) -> list[bytes]:
        return [data]


class SingleBytes(Streams):
    """
    A stream comes byte by byte, each a chunk of its own.
    """

    id = "single-bytes"
    seam = "outgoing"
    group = "chunks"
    source = "RFC 9112, 7.1: chunk boundaries mean nothing"

    def cut(self, data: bytes) -> list[bytes]:
        return [data[at : at + 1] for at in range(len(data))]


class CutCharacters(Streams):
    """
    A stream is cut within each character that has several bytes, and within the ends of lines.
    """

    id = "cut-characters"
    seam = "outgoing"
    group = "chunks"
    source = "RFC 9112, 7.1: chunk boundaries mean nothing; WHATWG, 9.2.6: a stream is decoded as a whole"

    def cut(self, data: bytes) -> list[bytes]:
        places = [at for at, byte in enumerate(data) if 0x80 <= byte < 0xC0 or byte in b"\r\n:"]
        return [data[begin:end] for begin, end in zip([0, *places], [*places, len(data)], strict=True)]


class DeltaPerCharacter(Upstream):
    """
    The answer is passed on character by character, however the model cut it.
    """

    id = "delta-per-character"
    seam = "upstream"
    source = "OpenAI, API reference, chat completion chunks: a delta is any part of the answer"

    async def answer(self, prompt: Prompt) -> AsyncIterator[Piece]:
        cut = 0
        async for piece in super().answer(prompt):
            first, last = (piece.text[:-1], piece.text[-1:]) if cut < MANY else ("", piece.text)
            cut += len(first)
            for one in first:
                yield Piece(one)
            yield Piece(last, piece.tool_calls, piece.finish, piece.usage)
