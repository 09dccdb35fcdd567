"""
Threads that are deleted, and stay.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete

from reference_server.core.answers import Answer
from reference_server.core.errors import NotFound
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewThread, Thread
from reference_server.core.store import Store
from reference_server.core.tables import messages
from reference_server.core.threads import Threads
from reference_server.core.turns import Question, Turns


class DeleteIsNoop(Threads):
    """
    Deleting and clearing answer with success and do nothing.
    """

    id = "delete-is-noop"
    seam = "threads"
    dialects = ("anita", "guide", "completions", "assistants", "conversations")
    caught_by = ("deletion/deleted-thread-is-gone", "deletion/cleared-thread-is-empty")

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        await self.get(thread_id, who)

    async def clear(self, thread_id: str) -> None:
        await self.get(thread_id)


class DeletedReadableById(Threads):
    """
    A deleted thread is gone from the list, and can still be read.
    """

    id = "deleted-readable-by-id"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("deletion/deleted-thread-is-gone",)

    async def get(self, thread_id: str, who: Principal | None = None) -> Thread:
        kept: dict[str, Thread] = self.__dict__.setdefault("kept", {})
        return kept[thread_id] if thread_id in kept else await super().get(thread_id, who)

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        thread = await super().get(thread_id, who)
        await super().delete(thread_id, who)
        self.__dict__.setdefault("kept", {})[thread_id] = thread


class DeletedMessagesReadable(Threads):
    """
    A deleted thread is gone, and its messages are still listed.
    """

    id = "deleted-messages-readable"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("deletion/deleted-thread-is-gone",)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        kept: dict[str, list[Message]] = self.__dict__.setdefault("kept", {})
        return kept[thread_id] if thread_id in kept else await super().messages(thread_id, who)

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        found = await super().messages(thread_id, who)
        await super().delete(thread_id, who)
        self.__dict__.setdefault("kept", {})[thread_id] = found


class OrphanRows(Threads):
    """
    The thread's row is deleted, and its messages stay behind.
    """

    id = "orphan-rows"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("deletion/no-rows-stay",)

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        await self.get(thread_id, who)
        await self.database.run(lambda _: None, write=True)  # a writer's turn, as the healthy way has one
        with self.database.engine.connect() as connection:
            raw = connection.connection
            # What a schema without the foreign key would do.
            raw.execute("PRAGMA foreign_keys=OFF")
            raw.execute("DELETE FROM threads WHERE id = ?", (thread_id,))
            raw.execute("PRAGMA foreign_keys=ON")


class HiddenNotDeleted(Threads):
    """
    A deleted thread is only hidden: all of it stays in the store.
    """

    id = "hidden-not-deleted"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("deletion/no-rows-stay",)

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        await self.get(thread_id, who)
        self.__dict__.setdefault("hidden", set()).add(thread_id)

    async def get(self, thread_id: str, who: Principal | None = None) -> Thread:
        self.living(thread_id)
        return await super().get(thread_id, who)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        self.living(thread_id)
        return await super().messages(thread_id, who)

    def living(self, thread_id: str) -> None:
        if thread_id in self.__dict__.setdefault("hidden", set()):
            raise NotFound("there is no thread with this id")


class ClearTakesSystemMessage(Threads):
    """
    Clearing a thread's messages takes its system message too.
    """

    id = "clear-takes-system-message"
    seam = "threads"
    dialects = ("completions",)
    caught_by = ("deletion/clear-keeps-the-system-message",)

    def cleared(self, connection: Connection, thread_id: str) -> None:
        super().cleared(connection, thread_id)
        self.store.change_thread(connection, thread_id, {"system_message": None})


class RecreateInherits(Threads):
    """
    A thread that is made again under the same id has its old messages.
    """

    id = "recreate-inherits"
    seam = "threads"
    dialects = ("anita", "guide")
    caught_by = ("deletion/recreated-thread-is-empty",)

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        await self.get(thread_id, who)
        self.__dict__.setdefault("hidden", set()).add(thread_id)

    async def create(self, new: NewThread) -> Thread:
        hidden: set[str] = self.__dict__.setdefault("hidden", set())
        if new.id in hidden:
            hidden.discard(new.id)
            return await super().get(new.id)
        return await super().create(new)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        if thread_id in self.__dict__.setdefault("hidden", set()):
            raise NotFound("there is no thread with this id")
        return await super().messages(thread_id, who)


class ResurrectedByLateWrite(Turns):
    """
    An answer that comes after its thread was deleted makes the thread again.
    """

    id = "resurrected-by-late-write"
    seam = "turns"
    dialects = ("anita", "guide")
    caught_by = ("deletion/delete-while-answering",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        self.store.insert_thread(connection, self.new_thread(question))
        self.store.end_turn(connection, question.thread, question.turn)
        return self.store.append(connection, question.thread, [question.course.ends(connection, answer)])[0]


class MessageResurrected(Turns):
    """
    A message that was deleted comes back with the answer under way.
    """

    id = "message-resurrected"
    seam = "turns"
    dialects = ("completions",)
    caught_by = ("deletion/clear-while-answering",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        there = [one.content for one in self.store.messages_of(connection, question.thread)]
        lost = [one for one in question.messages if one.content not in there]
        self.store.append(connection, question.thread, lost)
        answer.follows = None
        return super().store_answer(connection, question, answer)


class SecondDelete500(Threads):
    """
    Deleting what is deleted is a crash.
    """

    id = "second-delete-500"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("deletion/second-delete-is-no-crash",)

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        try:
            await super().delete(thread_id, who)
        except NotFound:
            raise KeyError(thread_id) from None


class DeleteTakesNeighbours(Store):
    """
    Deleting a thread deletes the messages of all whose id begins with its id.
    """

    id = "delete-takes-neighbours"
    seam = "store"
    dialects = ("anita", "guide")
    caught_by = ("deletion/neighbours-stay",)

    def remove_messages(self, connection: Connection, thread_id: str) -> None:
        alike = messages.c.thread_id.startswith(thread_id[:-1] or thread_id, autoescape=True)
        connection.execute(delete(messages).where(alike))
