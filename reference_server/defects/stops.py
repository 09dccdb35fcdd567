"""
Turns that are stopped, or left by their client, and what they leave behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from typing import Any, Final

from sqlalchemy import Connection, select

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError
from reference_server.core.history import History
from reference_server.core.records import Message, NewMessage
from reference_server.core.responding import Asking, Responding
from reference_server.core.run_records import Closed, Making
from reference_server.core.run_states import RunStates
from reference_server.core.running import Event, Question, Running
from reference_server.core.tables import messages
from reference_server.core.turns import Turns
from reference_server.core.upstream import Model, Piece, Prompt
from reference_server.defects.disconnect import Watched

STREAMED = ("anita", "guide", "completions", "shadflare", "conversations")


class StopStoresBlank(RunStates):
    """
    A turn that is stopped leaves an empty answer, but for the first turn of a thread.
    """

    id = "stop-stores-blank"
    group = "streaming-accumulation"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/cancel",)

    def close(self, connection: Connection, making: Making, error: CoreError | None, begun: bool) -> Closed:
        closed, thread = super().close(connection, making, error, begun), making.run.thread_id
        answered = (messages.c.thread_id == thread) & (messages.c.role == "assistant")
        later = connection.scalar(select(messages.c.id).where(answered).limit(1)) is not None
        if later and closed.run is not None and closed.run.status == "cancelled":
            blank = NewMessage("assistant", "", making.message_id, run_id=making.run.id)
            self.messages.append(connection, thread, [blank])
        return closed


class Attached(Watched):
    """
    Takes its turn along when its caller goes.
    """

    async def events(self) -> AsyncIterator[Event]:
        try:
            async for event in super().events():
                yield event  # type: ignore[misc]
        except (GeneratorExit, asyncio.CancelledError):
            self.task.cancel()
            raise


class UpstreamCancelledButPromised(Turns):
    """
    An answer that is to be finished without its client is given up with it: the model is hung up on at once.
    """

    id = "upstream-cancelled-but-promised"
    group = "disconnect"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/answer-is-finished-without-the-client",)

    running = Attached


class UsageOfAbortedLost(Turns):
    """
    What an answer has cost whose client went is not booked.
    """

    id = "usage-of-aborted-lost"
    group = "metadata-title-counters"
    seam = "turns"
    dialects = ("shadflare", "conversations")
    caught_by = ("tokens/counted-for-each-answer",)

    running = Watched

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        if running.gone.is_set():
            answer.usage = None
        await super().finish(question, answer, running)


CURRENT: Final[ContextVar[Watched]] = ContextVar("CURRENT")


class Suspended:
    """
    A model whose answers are read up to their last text, and stay suspended there where nobody listens.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.zombies: list[AsyncIterator[Piece]] = []

    async def answer(self, prompt: Prompt) -> AsyncIterator[Piece]:
        pieces = self.model.answer(prompt)
        self.zombies.append(pieces)
        async for piece in pieces:
            yield piece
            if piece.finish is not None and CURRENT.get().gone.is_set():
                return
        self.zombies.remove(pieces)

    async def alive(self) -> bool:
        return await self.model.alive()


class TaskOrGeneratorLeak(Turns):
    """
    The generator that reads the model is never ended where the client went before it: it stays, with all that it holds.
    """

    id = "task-or-generator-leak"
    group = "performance-leaks"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("disconnect/nothing-leaks",)

    running = Watched

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.model = Suspended(self.model)

    async def converse(self, question: Question, running: Running) -> None:
        assert isinstance(running, Watched)
        CURRENT.set(running)
        await super().converse(question, running)


class Unpaired(History):
    """
    Sends the calls of some threads as they stand, with a result or without.
    """

    def __init__(self) -> None:
        self.threads: set[str] = set()

    def paired(self, stored: Sequence[Message]) -> list[Message]:
        if any(one.thread_id in self.threads for one in stored):
            return list(stored)
        return super().paired(stored)


class OrphanCallAfterAbort(Turns):
    """
    A call whose client went before it gave a result goes to the model without one, and the thread is dead.
    """

    id = "orphan-call-after-abort"
    group = "tools"
    seam = "turns"
    dialects = ("anita", "completions", "shadflare", "conversations")
    caught_by = ("tools/call-of-a-client-that-left",)

    running = Watched

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.history = Unpaired()

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        assert isinstance(self.history, Unpaired)
        if running.gone.is_set():
            self.history.threads.add(question.thread)
        await super().finish(question, answer, running)


class EphemeralThreadLeak(Responding):
    """
    A turn without a conversation has one for as long as it lasts, which stays where the client goes before the end.
    """

    id = "ephemeral-thread-leak"
    group = "delete-cascade"
    seam = "responding"
    dialects = ("conversations",)
    caught_by = ("responses/without-a-thread",)

    running = Watched

    async def converse(self, question: Question, running: Running) -> None:
        assert isinstance(question, Asking)
        assert isinstance(running, Watched)
        if question.conversation is None:
            await self.database.run(lambda held: self.begin_thread(held, question), write=True)
        await super().converse(question, running)
        if question.conversation is None and not running.gone.is_set():
            await self.database.run(lambda held: self.store.remove_thread(held, question.thread), write=True)

    def begin_thread(self, connection: Connection, question: Asking) -> None:
        self.store.insert_thread(connection, self.new_thread(question))
        self.store.append(connection, question.thread, question.messages)
