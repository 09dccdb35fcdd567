"""
TCP for httpcore, on asyncio alone.

The backend that httpcore brings goes through anyio, whose scopes and checkpoints were a fifth of the harness's CPU
(measured over a whole run). What is seen of a target is the same: a chunk is what one read gave, nothing is read that
nobody asked for, and a connection that is given up is cut off.
"""

# ruff: noqa: ARG002, ASYNC109 # the names are httpcore's

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections import deque
from collections.abc import Iterable
from typing import Any, cast

import httpcore
import httpx

__all__ = ["Network", "Transport"]


class Transport(httpx.AsyncHTTPTransport):
    """
    One connection at a time, opened by `Network` and kept open for `idle` seconds; nothing is tried twice.
    """

    def __init__(self, tls: ssl.SSLContext | None, idle: float) -> None:
        # Not the parent's own, which would make a pool first and load its certificates. It offers no other way.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls, max_connections=1, keepalive_expiry=idle, network_backend=Network()
        )


class Network(httpcore.AsyncNetworkBackend):
    """
    Opens connections. Reads and writes have no bound of their own: the exchange has one for all of it.
    """

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                transport, protocol = await loop.create_connection(_Incoming, host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return _Stream(transport, protocol)


class _Incoming(asyncio.Protocol):
    """
    What has come and was not read yet.
    """

    def __init__(self) -> None:
        self.chunks: deque[bytes] = deque()
        self.over = False
        self.error: Exception | None = None
        self.writable = True
        self._waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        both = cast(asyncio.Transport, transport)  # uvloop's is none by name
        both.pause_reading()

    def data_received(self, data: bytes) -> None:
        self.chunks.append(data)
        self._wake()

    def eof_received(self) -> bool:
        self.over = True
        self._wake()
        return True  # whoever has sent all may still be read from

    def connection_lost(self, exc: Exception | None) -> None:
        self.over, self.error = True, exc
        self._wake()

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        self._wake()

    async def change(self) -> None:
        """
        Wait until something happens.
        """
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class _Stream(httpcore.AsyncNetworkStream):
    """
    One connection, for one reader and one writer that take turns.
    """

    def __init__(self, transport: asyncio.Transport, incoming: _Incoming) -> None:
        self._transport = transport
        self._incoming = incoming

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        incoming = self._incoming
        if not incoming.chunks and not incoming.over:
            self._transport.resume_reading()
            try:
                while not incoming.chunks and not incoming.over:
                    await incoming.change()
            finally:
                self._transport.pause_reading()
        else:
            await asyncio.sleep(0)  # a long answer must not keep the others waiting
        if not incoming.chunks:
            if incoming.error is not None:
                raise httpcore.ReadError from incoming.error
            return b""
        chunk = incoming.chunks.popleft()
        if len(chunk) > max_bytes:
            incoming.chunks.appendleft(chunk[max_bytes:])
        return chunk[:max_bytes]

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        incoming = self._incoming
        if buffer and not self._transport.is_closing():
            self._transport.write(buffer)
        while not incoming.writable and incoming.error is None and not self._transport.is_closing():
            await incoming.change()
        if not buffer:
            await self._sent()
        if buffer and (incoming.error is not None or self._transport.is_closing()):
            raise httpcore.WriteError from incoming.error

    async def _sent(self) -> None:
        """
        The request is whole. Its parts were joined (uvloop sends what was written in one round of the loop in one go:
        half the packets), so let that round end.
        """
        if self._transport.get_write_buffer_size():
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        self._transport.abort()
        await asyncio.sleep(0)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                transport = await loop.start_tls(
                    self._transport, self._incoming, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:  # ssl.SSLError is one
            raise httpcore.ConnectError(str(error)) from error
        assert transport is not None
        return _Stream(transport, self._incoming)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._incoming.over or _readable(self._transport.get_extra_info("socket"))
        return self._transport.get_extra_info(info)


def _readable(connection: socket.socket) -> bool:
    """
    Whether the other side has sent something that nobody asked for: its end of an idle connection, as a rule.
    """
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([connection], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
