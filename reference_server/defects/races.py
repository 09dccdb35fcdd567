"""
What goes wrong between a look and a write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import Connection, func, insert, select, update

from reference_server.core.agents import Agent
from reference_server.core.branches import Branches, Branching
from reference_server.core.errors import Conflict, CoreError, NotFound, UpstreamFailed
from reference_server.core.locks import Locks
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.tables import messages, threads
from reference_server.core.threads import Threads
from reference_server.core.turns import Opening, Question, Turns
from reference_server.dialects.shadflare import ShadflareWire
from reference_server.dialects.shadflare.bodies import ChatBody


class FalseConflict(Turns):
    """
    A turn within a quarter of a second of the last change is taken for one that is stale.
    """

    id = "false-conflict"
    seam = "turns"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("order/twenty-fast-turns",)

    def opening(self, connection: Connection, question: Question) -> Opening:
        found = self.store.find_thread(connection, question.thread)
        last = None if found is None else found.last_message_at
        if last is not None and (self.store.now() - last).total_seconds() < 0.25:
            raise Conflict("the thread has changed meanwhile")
        return super().opening(connection, question)


class CreateRaceTwoThreads(Threads):
    """
    Whether an id is taken is asked first, and the thread made later: of several at once all find it free.
    """

    id = "create-race-two-threads"
    seam = "threads"
    dialects = ("anita", "guide", "completions")
    caught_by = ("threads/created-twice-is-a-conflict",)

    async def create(self, new: NewThread) -> Thread:
        if await self.database.run(lambda held: self.store.find_thread(held, new.id), write=False) is not None:
            raise Conflict("a thread with this id exists already")
        return await self.database.run(lambda held: self.inserted(held, new), write=True)

    def inserted(self, connection: Connection, new: NewThread) -> Thread:
        connection.execute(insert(threads).values(self.store.thread_row(new)))
        return self.store.thread(connection, new.id)


class DeleteBeginsAsReader(Threads):
    """
    A deletion takes no lock before it has looked: where another has written meanwhile, the database refuses it.
    """

    id = "delete-begins-as-a-reader"
    seam = "threads"
    dialects = ("anita", "guide")
    caught_by = ("deletion/deleted-at-once",)

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        await self.database.run(lambda held: self.removed(held, thread_id, who), write=False)


class SeqCollision(Threads):
    """
    A message's place is one behind the last, which was looked up before the thread was locked.
    """

    id = "seq-collision"
    seam = "threads"
    dialects = ("completions",)
    caught_by = ("concurrency/messages-added-at-once",)

    async def add(self, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        last = select(func.max(messages.c.seq)).where(messages.c.thread_id == thread_id)
        place = await self.database.run(lambda held: held.scalar(last), write=False)
        return await self.database.run(
            lambda held: self.put(held, thread_id, new, 0 if place is None else place + 1), write=True
        )

    def put(self, connection: Connection, thread_id: str, new: Sequence[NewMessage], place: int) -> list[Message]:
        self.store.insert_thread(connection, NewThread(thread_id))
        connection.execute(update(threads).where(threads.c.id == thread_id).values(next_seq=place))
        return self.store.append(connection, thread_id, new)


class UpdateDuringIteration500(Threads):
    """
    A list of messages that changes while it is read is a crash.
    """

    id = "update-during-iteration-500"
    seam = "threads"
    dialects = ("anita", "guide", "completions", "assistants", "conversations")
    caught_by = ("storage/unfinished-answer-is-not-final",)

    def listed(self, connection: Connection, thread_id: str, who: Principal | None) -> list[Message]:
        found = super().listed(connection, thread_id, who)
        if connection.scalar(select(threads.c.busy_by).where(threads.c.id == thread_id)) is not None:
            raise RuntimeError("dictionary changed size during iteration")
        return found


class QueuedRunLost(Locks):
    """
    When the turn under way fails, those that wait behind it are given up.
    """

    id = "queued-run-lost"
    group = "runs"
    seam = "locks"
    dialects = ("anita", "guide", "completions", "shadflare")
    caught_by = ("concurrency/turns-behind-a-failed-one",)

    @asynccontextmanager
    async def of(self, thread_id: str) -> AsyncIterator[None]:
        lost: dict[str, int] = self.__dict__.setdefault("lost", {})
        before = lost.get(thread_id, 0)
        async with super().of(thread_id):
            if lost.get(thread_id, 0) > before:
                raise UpstreamFailed("the turn before this one failed")
            try:
                yield
            except CoreError:
                lost[thread_id] = lost.get(thread_id, 0) + 1
                raise


class FollowUpOrphanParent(Branches):
    """
    The message that a question follows need not be stored: the question then hangs on nothing.
    """

    id = "follow-up-orphan-parent"
    seam = "branches"
    dialects = ("shadflare",)
    caught_by = ("branches/question-after-no-answer-of-the-thread",)

    def placed(
        self, connection: Connection, thread: str, tree: Branching, new: Sequence[NewMessage]
    ) -> list[NewMessage]:
        try:
            return super().placed(connection, thread, tree, new)
        except NotFound:
            return super().placed(connection, thread, Branching(), new)


class StaleSnapshotAccepted(ShadflareWire):
    """
    A body with the whole conversation is the whole conversation: what is newer than the client's copy is erased.
    """

    id = "stale-snapshot-accepted"
    seam = "shadflare"
    dialects = ("shadflare",)
    caught_by = ("recall/no-duplicates",)

    def question(self, who: Principal, body: ChatBody, agent: Agent | None) -> Question:
        question = super().question(who, body, agent)
        if body.messages is not None and not body.again:
            known = len(body.messages) - 1
            self.server.database.transaction(lambda held: self.forget(held, question.thread, known), True)
        return question

    def forget(self, connection: Connection, thread: str, known: int) -> None:
        newer = self.server.turns.store.messages_of(connection, thread)[known:]
        if newer:
            self.branches.remove(connection, thread, [one.id for one in newer])
