"""
The line: bytes of HTTP pass it after the server library wrote them, and a quirk may write the same in another way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

__all__ = ["Head", "Outlet", "protocol"]

Head = tuple[bytes, list[tuple[bytes, bytes]]]
"""
A status line, and the headers as they are written.
"""


class Outlet:
    """
    The bytes of one connection. A quirk overrides what it writes in another way.

    `chunked` says how the body under way is framed; `data` of a chunked body is always a whole chunk, or several.
    """

    order = 0

    def __init__(self) -> None:
        self.chunked = False
        self.closes = False

    def begin(self, head: Head) -> Head:
        named = {name.lower(): value.lower() for name, value in head[1]}
        self.chunked = named.get(b"transfer-encoding") == b"chunked"
        self.closes = named.get(b"connection") == b"close"
        return self.head(head)

    def head(self, head: Head) -> Head:
        return head

    def written(self, head: bytes) -> list[bytes]:
        """
        The head as bytes; each part is written by itself.
        """
        return [head]

    def header(self, name: bytes, value: bytes) -> bytes:
        return name + b": " + value

    def body(self, data: bytes) -> bytes:
        return data

    def over(self, data: bytes) -> bool:
        """
        Whether the connection ends with these bytes of a body.
        """
        return False


class _Line:
    """
    A transport that changes what is written; everything else is the transport's own.
    """

    def __init__(self, transport: asyncio.Transport, outlets: Sequence[Outlet]) -> None:
        self._transport = transport
        self._outlets = outlets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        # The library writes a head by itself, in one go, and a chunk begins with its size.
        if data.startswith(b"HTTP/1.") and not data.startswith(b"HTTP/1.1 100"):
            self._write_head(data)
            return
        over = any(one.over(data) for one in self._outlets)
        for one in self._outlets:
            data = one.body(data)
        if data:
            self._transport.write(data)
        if over:
            self._transport.close()

    def _write_head(self, data: bytes) -> None:
        raw, _, body = data.partition(b"\r\n\r\n")
        first, *lines = raw.split(b"\r\n")
        head: Head = first, [_header(line) for line in lines]
        for one in self._outlets:
            head = one.begin(head)
        parts = [b"\r\n".join([head[0], *(self._header(*pair) for pair in head[1])]) + b"\r\n\r\n"]
        for one in self._outlets:
            parts = [part for whole in parts for part in one.written(whole)]
        for part in parts:
            self._transport.write(part)
        if body:
            self.write(body)

    def _header(self, name: bytes, value: bytes) -> bytes:
        changed = [one for one in self._outlets if type(one).header is not Outlet.header]
        return changed[-1].header(name, value) if changed else name + b": " + value


def protocol(quirks: Sequence[type[Outlet]]) -> type[asyncio.Protocol]:
    """
    The server library's protocol, with these quirks on its line.
    """
    chosen = sorted(quirks, key=lambda quirk: quirk.order)

    class Odd(AutoHTTPProtocol):  # type: ignore[valid-type, misc] # the library chooses its parser at run time
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(cast(asyncio.Transport, _Line(transport, [quirk() for quirk in chosen])))

    return Odd


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.strip()
