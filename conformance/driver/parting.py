"""
A client that goes, or stops reading, at a place of its answer.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Coroutine
from typing import Any, Final

import httpx

from conformance.driver.reading import AnswerReader
from conformance.engine.effects import Place, Send

__all__ = ["Parting"]

_RESET: Final = struct.pack("ii", 1, 0)


class Parting:
    """
    One exchange whose client does not stay to the end. The wire tells it of what comes, the desk of the model.

    `goes` is set by the desk where no text says when to go; `stopped` is set when reading has stopped, and `reads_on`
    by the desk when it is to go on.
    """

    def __init__(self, send: Send) -> None:
        self.leave = send.leave
        self.goes = asyncio.Event()
        self.stopped = asyncio.Event()
        self.reads_on = asyncio.Event()
        self._unread = send.unread
        self._socket: Any = None
        self._kept: list[httpx.AsyncHTTPTransport | httpx.Response] = []

    @property
    def at(self) -> str | None:
        return self.leave.place.at if self.leave is not None else None

    @property
    def holds(self) -> bool:
        """
        Whether the model is to be held until we have gone: what comes is then no reason to let it go on.
        """
        return self.at not in (None, "end")

    async def traced(self, event: str, told: dict[str, Any]) -> None:
        """
        What httpcore says of a connection while it is made.
        """
        if event == "connection.connect_tcp.complete":
            self._socket = told["return_value"].get_extra_info("socket")

    async def converse(self, conversing: Coroutine[Any, Any, None]) -> bool:
        """
        Converse; true where the client has gone before there was any text.
        """
        if self.at != "held":
            await conversing
            return False
        task, going = asyncio.ensure_future(conversing), asyncio.ensure_future(self.goes.wait())
        try:
            await asyncio.wait({task, going}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                await task
                return False
            self.reset()
            return True
        finally:
            task.cancel()
            going.cancel()
            await asyncio.gather(task, going, return_exceptions=True)

    async def after(self, reader: AnswerReader) -> bool:
        """
        Something has come. Waits where reading is to stop; whether the client goes now.
        """
        if self._unread is not None and not self.stopped.is_set() and _reached(self._unread, reader):
            self.stopped.set()
            await self.reads_on.wait()
        if self.leave is None or not _reached(self.leave.place, reader):
            return False
        if self.at == "end":
            await self.goes.wait()
        self.reset()
        return True

    def keeps(self, part: httpx.AsyncHTTPTransport | httpx.Response) -> bool:
        """
        Whether the connection stays open, and unread, until the play is over.
        """
        if self.leave is None or self.leave.cut != "silent":
            return False
        self._kept.append(part)
        return True

    def reset(self) -> None:
        """
        Have the connection end by a reset, where it is to be one.
        """
        if self.leave is not None and self.leave.cut == "rst" and self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    async def close(self) -> None:
        """
        Close what was kept.
        """
        for part in self._kept:
            await part.aclose()
        self._kept.clear()


def _reached(place: Place, reader: AnswerReader) -> bool:
    if place.at == "text":
        return reader.pieces >= place.count
    return place.at in ("length", "end") and reader.length >= place.count
