"""
A proxy before PostgreSQL: what goes between a target and its store, cut, refused, delayed or held back as told.

It reads the client's side of the protocol, to know a COMMIT. Encryption is refused with the protocol's own `N`.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from conformance.model.link import LASTING, Link, LinkSeen

__all__ = ["Messages", "StoreLink", "is_postgres", "store_link"]

CHUNK: Final = 2**16
SLOW: Final = 0.2  # seconds that each answer of a slow store is late: a store in another region, under load
_ENCRYPT: Final = frozenset({80877103, 80877104})  # SSLRequest and GSSENCRequest
_LOCAL_PORT: Final = 5432


class Messages:
    """
    Takes apart what a client says. `feed` gives whole messages; the first of a connection have no kind.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._begun = False

    def feed(self, data: bytes) -> list[bytes]:
        self._buffer += data
        found = []
        while (size := self._size()) is not None and len(self._buffer) >= size:
            found.append(self._buffer[:size])
            self._buffer = self._buffer[size:]
            self._begun = self._begun or not encrypts(found[-1])
        return found

    def _size(self) -> int | None:
        """
        Of the next message, with its kind; None where too little has come to know.
        """
        kind = 1 if self._begun else 0
        if len(self._buffer) < kind + 4:
            return None
        return kind + int(struct.unpack_from("!I", self._buffer, kind)[0])


def is_postgres(dsn: str | None) -> bool:
    return dsn is not None and dsn.startswith(("postgres://", "postgresql://"))


def encrypts(message: bytes) -> bool:
    """
    Whether a connection begins by asking for encryption.
    """
    return len(message) == 8 and struct.unpack("!II", message)[1] in _ENCRYPT


def commits(message: bytes) -> bool:
    """
    A query, or a statement to be prepared, that ends a transaction well.
    """
    return message[:1] in (b"Q", b"P") and b"COMMIT" in message.upper()


class StoreLink:
    """
    The proxy. `dsn` is the store's as the target is told it.
    """

    def __init__(self, dsn: str) -> None:
        self._parts = urlsplit(dsn)
        self._mode: Link = "mend"
        self._struck = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def dsn(self) -> str:
        user, at, _ = self._parts.netloc.rpartition("@")
        return urlunsplit(self._parts._replace(netloc=f"{user}{at}127.0.0.1:{self._port}"))

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        return server

    def perform(self, act: Link) -> LinkSeen:
        """
        Do it, and say what it met.
        """
        ended = self._mode if self._mode in LASTING else None
        struck, self._struck = self._struck, 0
        if act in ("cut", "refuse"):
            struck = self._cut_all()
        self._mode = act if act in LASTING else "mend"
        (self._flows.clear if act == "silent" else self._flows.set)()
        return LinkSeen(did=act, ended=ended if act == "mend" else None, struck=struck)

    def _cut_all(self) -> int:
        writers = [one for one in self._open if not one.is_closing()]
        for writer in writers:
            writer.transport.abort()
        return len(writers) // 2  # each connection has two ends

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "refuse":
            self._struck += 1
            writer.transport.abort()
            return
        try:
            store_reads, store = await asyncio.open_connection(
                self._parts.hostname or "127.0.0.1", self._parts.port or _LOCAL_PORT
            )
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, store}
        messages = Messages()

        async def to_store(data: bytes) -> None:
            await self._to_store(messages.feed(data), writer, store)

        async def to_client(data: bytes) -> None:
            await self._to_client(data, writer)

        try:
            await asyncio.gather(_pump(reader, to_store, store), _pump(store_reads, to_client, writer))
        finally:
            self._open -= {writer, store}
            writer.transport.abort()
            store.transport.abort()

    async def _to_store(self, messages: list[bytes], client: asyncio.StreamWriter, store: asyncio.StreamWriter) -> None:
        for message in messages:
            await self._passes()
            if encrypts(message):
                client.write(b"N")
            elif self._mode == "cut-commit" and commits(message):
                self._struck += 1
                client.transport.abort()
                store.transport.abort()
                return
            else:
                store.write(message)
        await store.drain()

    async def _to_client(self, data: bytes, client: asyncio.StreamWriter) -> None:
        await self._passes()
        if self._mode == "slow":
            self._struck += 1
            await asyncio.sleep(SLOW)
        client.write(data)
        await client.drain()

    async def _passes(self) -> None:
        if not self._flows.is_set():
            self._struck += 1
            await self._flows.wait()


async def _pump(
    reader: asyncio.StreamReader, send: Callable[[bytes], Awaitable[None]], to: asyncio.StreamWriter
) -> None:
    """
    Pass on what comes until one side has gone; then the other one is told.
    """
    try:
        while data := await reader.read(CHUNK):
            await send(data)
    except OSError:
        pass
    finally:
        to.close()


@asynccontextmanager
async def store_link(dsn: str) -> AsyncIterator[StoreLink]:
    """
    A proxy of its own for one scenario; all that is open ends with it.
    """
    link = StoreLink(dsn)
    server = await link.start()
    try:
        yield link
    finally:
        server.close()
        link.perform("cut")
