"""
Stream framings of lines, `CODE:DATA` or JSON, and LF: the bytes into lines, a reader per framing that knows what a line
means.

Only LF ends a line: JSON.stringify leaves U+2028 and U+2029 as they are (wire facts 5.1), so str.splitlines would cut
inside a text. A CR before the LF stays with the data, where it is a space to JSON.
"""

from collections.abc import Iterator
from typing import Final

from conformance.text.deltas import Delta, Ending
from conformance.text.events import Reader
from conformance.text.sse import LIMIT, Event
from conformance.text.strictjson import JsonError, parse

_LF: Final = b"\n"


class LineStream:
    """
    A `Decoder` for lines. A line is an `Event`: its type is the code, its data what follows the colon.
    """

    def __init__(self, reader: Reader, max_line: int = LIMIT) -> None:
        self._reader = reader
        self._max = max_line
        self._partial: list[bytes] = []
        self._size = 0  # of the partial line
        self._offset = 0  # of its first byte
        self._count = 0
        self._valid = True
        self._given_up = False

    def feed(self, chunk: bytes) -> list[Delta]:
        return [delta for line in self._lines(chunk) for delta in self._take(line)]

    def close(self) -> list[Delta]:
        if self._size and not self._given_up:
            self._reader.problems.add(f"the last {self._size} bytes are a line without the line feed that ends it")
        self._partial = []
        return list(self._reader.finish())

    @property
    def ending(self) -> Ending:
        return self._reader.ending()

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        """
        The lines that this chunk completes, without their ends.
        """
        *ended, rest = chunk.split(_LF)
        for piece in ended:
            if self._grows_too_large(piece):
                return
            yield b"".join(self._partial)
            self._offset += self._size + len(_LF)
            self._partial, self._size = [], 0
        if rest:
            self._grows_too_large(rest)

    def _grows_too_large(self, piece: bytes) -> bool:
        """
        Add to the line that is not ended, while that is not over the limit.
        """
        if self._given_up:
            return True
        if self._size + len(piece) > self._max:
            self._given_up = True
            where = f"the line at byte {self._offset} is larger than {self._max} bytes"
            self._reader.problems.add(f"{where}; nothing after it was read")
            return True
        self._partial.append(piece)
        self._size += len(piece)
        return False

    def _take(self, line: bytes) -> Iterator[Delta]:
        yield from self._read(line)
        self._count += 1

    def _read(self, line: bytes) -> Iterator[Delta]:
        code, colon, rest = self._decoded(line).partition(":")
        if colon:
            yield from self._reader.take(Event(code, rest, "", self._offset, self._offset + len(line)), self._count)
        else:
            self._reader.problems.add(f"a line that is not CODE:JSON at byte {self._offset}")

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError as wrong:
            if self._valid:
                self._reader.problems.add(f"invalid UTF-8 at byte {self._offset + wrong.start}")
            self._valid = False
            return line.decode(errors="replace")


class JsonLines(LineStream):
    """
    A `Decoder` for lines that are JSON (`stream: json-lines`). Blank lines are no events: they keep connections alive.

    The last line may lack its line feed, as JSON Lines allows, if what there is of it is JSON: a piece of an object is
    not.
    """

    def close(self) -> list[Delta]:
        last = b"".join(self._partial)
        if self._given_up or not _is_json(last):
            return super().close()
        self._partial, self._size = [], 0
        return [*self._take(last), *super().close()]

    def _take(self, line: bytes) -> Iterator[Delta]:
        if line.strip():
            yield from super()._take(line)

    def _read(self, line: bytes) -> Iterator[Delta]:
        event = Event("message", self._decoded(line), "", self._offset, self._offset + len(line))
        yield from self._reader.take(event, self._count)


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(parse(line.decode(), lambda _: None), dict | list)
    except (UnicodeDecodeError, JsonError):
        return False
