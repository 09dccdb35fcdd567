"""
Turns at the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError, UpstreamFailed
from reference_server.core.locks import Locks
from reference_server.core.records import Message
from reference_server.core.turns import Event, Question, Running, Turns
from reference_server.defects.rows import remove_message


class BlobLostUpdate(Turns):
    """
    A thread is read, changed and written back whole: of two writers one is lost.
    """

    id = "blob-lost-update"
    seam = "turns"
    dialects = ("anita", "guide", "completions")
    caught_by = ("concurrency/turns-at-once-on-one-thread",)

    async def run(self, question: Question, running: Running) -> None:
        self.__dict__.setdefault("asked", {}).setdefault(question.thread, []).append(question)
        try:
            await super().run(question, running)
        finally:
            self.__dict__["asked"][question.thread].remove(question)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        stored = super().store_answer(connection, question, answer)
        others = [one for one in self.__dict__["asked"][question.thread] if one is not question]
        if others:
            remove_message(connection, stored.id)
        return stored


class BusyLockLeak(Locks):
    """
    A thread whose turn failed stays locked.
    """

    id = "busy-lock-leak"
    seam = "locks"
    dialects = ("anita", "guide", "completions", "shadflare")
    caught_by = ("errors/server-recovers",)

    @asynccontextmanager
    async def of(self, thread_id: str) -> AsyncIterator[None]:
        leaked: set[str] = self.__dict__.setdefault("leaked", set())
        if thread_id in leaked:
            raise UpstreamFailed("this thread is busy")
        try:
            async with super().of(thread_id):
                yield
        except UpstreamFailed:
            leaked.add(thread_id)
            raise


class OverlapPoisonsThread(Locks):
    """
    After two turns at the same time, every later turn of the thread fails.
    """

    id = "overlap-poisons-thread"
    seam = "locks"
    dialects = ("anita", "guide", "completions")
    caught_by = ("concurrency/turns-at-once-on-one-thread",)

    @asynccontextmanager
    async def of(self, thread_id: str) -> AsyncIterator[None]:
        poisoned: set[str] = self.__dict__.setdefault("poisoned", set())
        if self._wanted.get(thread_id):
            poisoned.add(thread_id)
        elif thread_id in poisoned:
            raise UpstreamFailed("this conversation is in an unknown state")
        async with super().of(thread_id):
            yield


class LastCaller(Running):
    """
    Passes everything on to whoever asked last.
    """

    def __init__(self, callers: list[Running]) -> None:
        super().__init__()
        self._callers = callers

    def tell(self, event: Event) -> None:
        self._callers[-1].tell(event)


class StreamCrossTalk(Turns):
    """
    What the model says goes to the caller who came last.
    """

    id = "stream-cross-talk"
    seam = "turns"
    dialects = ("anita", "guide", "completions")
    caught_by = ("concurrency/streams-of-one-thread-do-not-cross",)

    def start(self, question: Question) -> Running:
        running = super().start(question)
        self.__dict__.setdefault("callers", {}).setdefault(question.thread, []).append(running)
        return running

    async def converse(self, question: Question, running: Running) -> None:
        await super().converse(question, LastCaller(self.__dict__["callers"][question.thread]))


class TurnsInterleaved(Turns):
    """
    No turn waits for another of its thread.
    """

    id = "turns-interleaved"
    seam = "turns"
    dialects = ("anita", "completions")
    caught_by = ("concurrency/turns-at-once-on-one-thread", "retry/same-turn-at-once")

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.locks = _NoLocks()
        self.store.take_turn = _taken  # type: ignore[method-assign, assignment]
        self.store.end_turn = _taken  # type: ignore[method-assign, assignment]


class _NoLocks(Locks):
    @asynccontextmanager
    async def of(self, thread_id: str) -> AsyncIterator[None]:
        yield


def _taken(*_: object) -> bool:
    return True


class DbConnectionHeldByStream(Turns):
    """
    Every open stream holds one of eight connections.
    """

    id = "db-connection-held-by-stream"
    group = "performance-leaks"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "assistants", "conversations")
    caught_by = ("concurrency/many-open-streams",)

    async def converse(self, question: Question, running: Running) -> None:
        slots: asyncio.Semaphore = self.__dict__.setdefault("slots", asyncio.Semaphore(8))
        async with slots:
            await super().converse(question, running)


class RefusedKeyEndsAll(Turns):
    """
    When the model refuses the key, everything that is under way with it is given up.
    """

    id = "refused-key-ends-all"
    seam = "turns"
    dialects = ("anita", "completions", "shadflare", "conversations")
    caught_by = ("upstream/keys-can-change",)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        if isinstance(error, UpstreamFailed) and error.status == 401:
            for task in self._tasks - {asyncio.current_task()}:
                task.cancel()
        return super().failed(question, error)
