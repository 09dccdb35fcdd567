"""
Server-sent events from a model, byte by byte: the WHATWG rules as far as a client of chat completions needs them.

Own code, because the usual clients lose events: httpx-sse 0.4 the first one after a byte order mark, text splitters
those with U+2028 inside.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

__all__ = ["Events"]


class Events:
    """
    Bytes in, the `data` of each event out.
    """

    def __init__(self) -> None:
        self._decoder = self.decoder()
        self._rest = ""
        self._data: list[str] = []
        self._began = False
        self._after_cr = False

    def decoder(self) -> codecs.IncrementalDecoder:
        """
        UTF-8 over the borders of reads; what is not UTF-8 becomes U+FFFD.
        """
        return codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, chunk: bytes) -> Iterator[str]:
        """
        The data of the events that end in this chunk.
        """
        text = self.decode(chunk)
        if text and not self._began:
            self._began = True
            text = self.without_mark(text)
        for line in self.lines(text):
            data = self.take(line)
            if data is not None:
                yield data

    def decode(self, chunk: bytes) -> str:
        return self._decoder.decode(chunk)

    def without_mark(self, text: str) -> str:
        return text.removeprefix("\ufeff")

    def lines(self, text: str) -> Iterator[str]:
        """
        Whole lines; they end with LF, CRLF or CR, and with nothing else.
        """
        if not text:
            return
        # Behind a CR, an LF is the second half of a CRLF whose first half ended a line already.
        waiting = self._rest + (text.removeprefix("\n") if self._after_cr else text)
        self._after_cr = text.endswith("\r")
        *whole, self._rest = waiting.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        yield from whole

    def take(self, line: str) -> str | None:
        """
        One line; the data of an event where the line ends it.
        """
        if line:
            self.field(line)
            return None
        if not self._data:
            return None
        data, self._data = self.joined(self._data), []
        return data

    def field(self, line: str) -> None:
        """
        Only `data` matters here; comments, ids and retry times do not.
        """
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))

    def joined(self, data: list[str]) -> str:
        return "\n".join(data)
