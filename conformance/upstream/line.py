"""
One connection from a target: everything that can be sent on it, proper or not, and whether the other side has left.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
import termios
import time
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import Final, Literal

from conformance.upstream.acts import Head
from conformance.upstream.reading import LARGEST_HEAD

__all__ = ["Line", "LineProtocol"]

TAKEN: Final = 5000  # milliseconds for what was sent before a cut to arrive; on one machine it takes microseconds
APART: Final = 3.0  # seconds that an answer waits for its parts to leave one by one; on a busy machine, 30 ms for each
LINGER: Final = 1.0  # seconds that a refused client may go on sending; then it is cut off
_RESET: Final = struct.pack("ii", 1, 0)


class LineProtocol(asyncio.StreamReaderProtocol):
    """
    Tells at once that the other side has left: a stream reader would only tell who reads, and we are writing.
    """

    def __init__(self, serve: Callable[[Line], Awaitable[None]]) -> None:
        self._left: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await serve(Line(reader, writer, self._left))

        super().__init__(asyncio.StreamReader(limit=LARGEST_HEAD), connected)

    def eof_received(self) -> bool | None:
        self._leave()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        if not self._left.done():
            self._left.set_result(None)


class Line:
    """
    The sending side of a connection. Bodies without a size are chunked.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: asyncio.Future[None]) -> None:
        self.reader = reader
        self._writer = writer
        self._left = left
        self._chunked = False
        self._waited = 0.0

    @property
    def left(self) -> bool:
        """
        Whether the other side has left. Who closes its sending half has left too: no HTTP client does that and stays.
        """
        return self._left.done()

    @property
    def usable(self) -> bool:
        return not (self._left.done() or self._writer.is_closing())

    async def wait(self, seconds: float, *others: asyncio.Future[None]) -> None:
        """
        Wait until the other side leaves, one of the others is done, or the time is over.
        """
        await asyncio.wait({self._left, *others}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    def proceed(self) -> None:
        self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def head(self, head: Head, last: bool = False) -> None:
        self._chunked, self._waited = head.size is None, 0.0
        size = ("Transfer-Encoding", "chunked") if head.size is None else ("Content-Length", str(head.size))
        fields = [("Content-Type", head.type), size, *head.headers, *([("Connection", "close")] if last else [])]
        lines = [f"HTTP/1.1 {head.status} {HTTPStatus(head.status).phrase}", *(f"{k}: {v}" for k, v in fields)]
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def send(self, data: bytes, *, each_byte: bool = False, joined: bool = False) -> None:
        """
        Send a part of the body; a `joined` one leaves with the next.

        Raises ConnectionError where the other side has left.
        """
        if joined and not each_byte:
            self._writer.write(self._framed(data))
            return
        for part in self._bytes_of(data) if each_byte else (data,):
            self._writer.write(self._framed(part))
            await self._writer.drain()
            await self._leaves()

    async def end(self, data: bytes) -> None:
        """
        Send the last part of the body and its end, in one go.
        """
        self._writer.write((self._framed(data) if data else b"") + (b"0\r\n\r\n" if self._chunked else b""))
        await self._writer.drain()

    async def cut(self, how: Literal["rst", "fin"], torn: bytes) -> None:
        """
        Send half of `torn` and close, without the body's end. What was sent before arrives first.
        """
        if torn:
            framed = self._framed(torn)
            self._writer.write(framed[: len(framed) // 2])
        await self._taken()
        if how == "rst" and not self.left:
            self._reset_on_close()
            self.abort()
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()

    async def close(self) -> None:
        """
        Close, and let the other side finish sending: an answer is lost when its request is refused by a reset.
        """
        if not self.usable:
            self.abort()
            return
        try:
            self._writer.write_eof()
            async with asyncio.timeout(LINGER):
                while await self.reader.read(LARGEST_HEAD):
                    pass
        except OSError:  # TimeoutError is one
            pass
        self.abort()

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    async def _leaves(self) -> None:
        """
        Once round the loop, so that parts leave one by one (uvloop joins what is written in one go).
        """
        if self._waited < APART:
            began = time.monotonic()
            await asyncio.sleep(0)
            self._waited += time.monotonic() - began

    def _bytes_of(self, data: bytes) -> Iterator[bytes]:
        for index in range(len(data)):
            if self._waited >= APART:
                yield data[index:]
                return
            yield data[index : index + 1]

    async def _taken(self) -> None:
        """
        Wait until the other side's system has all that was sent: a reset throws away what is still on the way.
        """
        for _ in range(TAKEN):
            if self._left.done() or not (self._writer.transport.get_write_buffer_size() or self._unsent()):
                return
            await asyncio.sleep(0.001)

    def _unsent(self) -> int:
        count: int = struct.unpack("i", fcntl.ioctl(self._fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0]
        return count

    def _reset_on_close(self) -> None:
        # A copy of the descriptor, because uvloop's socket does not let options be set; the option is the connection's.
        with socket.socket(fileno=os.dup(self._fileno())) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _fileno(self) -> int:
        found: socket.socket = self._writer.get_extra_info("socket")
        return found.fileno()
