"""
Clients that go at the wrong moment or in the wrong way, and what they take with them.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
from sqlalchemy import Connection

from reference_server.core.answers import Answer
from reference_server.core.errors import Limited, UpstreamFailed
from reference_server.core.running import Event, Opening, Question, Running
from reference_server.core.turns import Turns
from reference_server.core.upstream import Piece, Prompt, Upstream
from reference_server.defects.disconnect import Watched

STREAMED = ("anita", "guide", "completions", "shadflare", "conversations")
LOOKS = 300  # a second in all: so long may it take a busy machine until a client that reads has the first text
NOTICED = 0.03  # seconds from a closed socket to the server's task being told; 1 ms where nothing else runs
IMPATIENT = 2  # seconds that a request waits for a connection; 30 by default would only be waited for
SLOTS = 6  # turns at once that the server has room for


class Counting(Watched):
    """
    Knows how much of the answer its caller was given before it went.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told = self.passed = 0

    def tell(self, event: Event) -> None:
        self.told += isinstance(event, Piece) and bool(event.text)
        super().tell(event)

    async def events(self) -> AsyncIterator[Event]:
        try:
            await asyncio.sleep(NOTICED / 2)
        except asyncio.CancelledError:
            self.gone.set()
            raise
        async for event in super().events():
            yield event  # type: ignore[misc]
            self.passed += isinstance(event, Piece) and bool(event.text)


class ClosedAtEndDiscards(Turns):
    """
    A whole answer is dropped where its client went after the last text.
    """

    id = "closed-at-end-discards"
    group = "disconnect"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/client-leaves-at-the-very-end",)

    running = Counting

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Counting)
        if running.gone.is_set() and running.passed >= running.told:
            raise UpstreamFailed("the client has gone")
        await super().finish(question, answer, running)


class CutBeforeFirstTokenEmpty(Turns):
    """
    A client that goes before the first text leaves an answer without any.
    """

    id = "cut-before-first-token-empty"
    group = "disconnect"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/answer-is-finished-without-the-client",)

    running = Counting

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Counting)
        for _ in range(LOOKS):
            if not running.passed and not running.gone.is_set():
                await asyncio.sleep(NOTICED / 10)
        if running.gone.is_set() and not running.passed:
            answer.pieces[:] = [""]
        await super().finish(question, answer, running)


class SaveInFinallyLost(Turns):
    """
    The answer is saved while the request is being given up: that ends the saving as well.
    """

    id = "save-in-finally-lost"
    group = "disconnect"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/answer-is-finished-without-the-client",)

    running = Watched

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        if running.gone.is_set():
            running.task.cancel()
            await asyncio.sleep(0)
        await super().finish(question, answer, running)


class RstDiffersFromFin(Turns):
    """
    A client that closes its connection costs nothing; one whose connection is reset costs the answer.
    """

    id = "rst-differs-from-fin"
    group = "disconnect"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/answer-is-finished-without-the-client",)

    running = Watched
    last_reset = 0.0

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        _tell_of_resets(type(self))

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        if running.gone.is_set() and time.monotonic() - type(self).last_reset < 10 * NOTICED:
            raise UpstreamFailed("connection reset by peer")
        await super().finish(question, answer, running)


def _tell_of_resets(turns: Any) -> None:
    """
    An application is not told how its client went; the server's protocol is.
    """
    from uvicorn.protocols.http import h11_impl, httptools_impl

    for protocol in (h11_impl.H11Protocol, httptools_impl.HttpToolsProtocol):
        before = protocol.connection_lost

        def lost(self: Any, exc: Exception | None, before: Any = before) -> None:
            if isinstance(exc, ConnectionError):
                turns.last_reset = time.monotonic()
            before(self, exc)

        protocol.connection_lost = lost  # type: ignore[method-assign]


class ServerDiesOnAbort(Turns):
    """
    A client that goes ends the server.
    """

    id = "server-dies-on-abort"
    group = "disconnect"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/three-times",)

    running = Watched

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        await super().finish(question, answer, running)
        with suppress(TimeoutError):
            await asyncio.wait_for(running.gone.wait(), NOTICED * 3)
            os._exit(1)


class OneAtATime(Running):
    """
    Passes events on while nobody else does.
    """

    pen: asyncio.Lock

    async def events(self) -> AsyncIterator[Event]:
        async for event in super().events():
            async with self.pen:
                yield event


class SlowReaderStallsOthers(Turns):
    """
    While one client does not take what is written to it, nobody else is written to.
    """

    id = "slow-reader-stalls-others"
    group = "disconnect"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/slow-reader",)

    running = OneAtATime

    def start(self, question: Question) -> Running:
        running = super().start(question)
        assert isinstance(running, OneAtATime)
        running.pen = self.__dict__.setdefault("pen", asyncio.Lock())
        return running


class SlotLeakOnAbort(Turns):
    """
    A turn whose client went keeps its slot: after some of them, there is none left.
    """

    id = "slot-leak-on-abort"
    group = "rate-limit"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/nothing-leaks",)

    running = Watched
    lost = 0

    def opening(self, connection: Connection, question: Question) -> Opening:
        if self.lost >= SLOTS:
            raise Limited("too many turns are under way", 1)
        return super().opening(connection, question)

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        await super().finish(question, answer, running)
        self.lost += running.gone.is_set()


class DbConnectionLeakOnCut(Turns):
    """
    A turn whose client went never gives its connection to the store back.
    """

    id = "db-connection-leak-on-cut"
    group = "performance-leaks"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/nothing-leaks",)

    running = Watched

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.database.engine.pool._timeout = IMPATIENT  # type: ignore[attr-defined]

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        await super().finish(question, answer, running)
        if running.gone.is_set():
            kept: list[Connection] = self.__dict__.setdefault("kept", [])
            kept.append(await asyncio.to_thread(self.database.engine.connect))


class LeftOpen:
    """
    An answer that nobody closes when enough of it was read.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.chunks = response.aiter_bytes()

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        while True:
            try:
                yield await anext(self.chunks)
            except StopAsyncIteration:
                return


class UpstreamConnectionLeak(Upstream):
    """
    A connection to the model stays open after its answer, and is not used again.
    """

    id = "upstream-connection-leak"
    group = "performance-leaks"
    seam = "upstream"
    dialects = STREAMED
    caught_by = ("disconnect/nothing-leaks",)

    async def answer(self, prompt: Prompt) -> AsyncIterator[Piece]:
        kept: list[Any] = self.__dict__.setdefault("kept", [])
        client = httpx.AsyncClient(timeout=30, verify=self._tls, trust_env=False)
        request = client.build_request("POST", self._url, json=self.body(prompt), headers=self._headers)
        finished = False
        try:
            response = await client.send(request, stream=True)
            left_open = LeftOpen(response)
            kept.append((client, left_open))
            if response.status_code != 200:
                raise self.refused(response)
            async for piece in self.pieces(left_open):  # type: ignore[arg-type]
                finished = finished or piece.finish is not None
                yield piece
        except httpx.HTTPError as error:
            raise UpstreamFailed("the model broke off") from error
        if not finished:
            self.unfinished()
