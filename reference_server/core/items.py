"""
Messages as things of their own: added, found and removed one by one.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select, update

from reference_server.core.database import Database
from reference_server.core.errors import Busy, NotFound
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.store import PREVIEW, Store
from reference_server.core.tables import messages, threads
from reference_server.core.threads import Threads

__all__ = ["Items"]

MOMENT = 5.0  # seconds; longer than any transaction here, and only a crash leaves a thread taken for so long


class Items:
    """
    What a dialect's routes call: one transaction each. An item is named by the id that its dialect gave it.
    """

    def __init__(self, database: Database, store: Store, threads: Threads) -> None:
        self.database = database
        self.store = store
        self.threads = threads

    async def create(self, thread: NewThread, new: Sequence[NewMessage]) -> Thread:
        """
        A thread with its first messages, or neither.
        """
        return await self.database.run(lambda held: self.created(held, thread, new), write=True)

    def created(self, connection: Connection, thread: NewThread, new: Sequence[NewMessage]) -> Thread:
        made = self.store.add_thread(connection, thread)
        self.store.append(connection, made.id, new)
        return made

    async def add(self, thread_id: str, new: Sequence[NewMessage], who: Principal) -> list[Message]:
        """
        Raises `Busy` while a turn is under way: its answer belongs behind what it was asked.
        """
        return await self.database.run(lambda held: self.added(held, thread_id, new, who), write=True)

    def added(self, connection: Connection, thread_id: str, new: Sequence[NewMessage], who: Principal) -> list[Message]:
        self.threads.own(connection, thread_id, who)
        turn = uuid.uuid4().hex
        if not self.store.take_turn(connection, thread_id, turn, MOMENT):
            raise Busy("a turn is under way in this thread")
        added = self.store.append(connection, thread_id, new)
        self.store.end_turn(connection, thread_id, turn)
        return added

    async def get(self, thread_id: str, item_id: str, who: Principal) -> Message:
        return await self.database.run(lambda held: self.found(held, thread_id, item_id, who), write=False)

    def found(self, connection: Connection, thread_id: str, item_id: str, who: Principal) -> Message:
        """
        Raises `NotFound`.
        """
        self.threads.seen(connection, thread_id, who)
        found = self.store.by_external_id(connection, thread_id, item_id)
        if found is None:
            raise NotFound("there is no item with this id", "item")
        return found

    async def mark(self, thread_id: str, item_id: str, metadata: dict[str, str], who: Principal) -> Message:
        """
        Give an item other metadata.
        """
        return await self.database.run(lambda held: self.marked(held, thread_id, item_id, metadata, who), write=True)

    def marked(
        self, connection: Connection, thread_id: str, item_id: str, metadata: dict[str, str], who: Principal
    ) -> Message:
        self.threads.own(connection, thread_id, who)
        found = self.found(connection, thread_id, item_id, who)
        connection.execute(update(messages).where(messages.c.id == found.id).values(metadata=metadata))
        self.store.change_thread(connection, thread_id, {})
        return found._replace(metadata=metadata)

    async def remove(self, thread_id: str, item_id: str, who: Principal) -> Thread:
        return await self.database.run(lambda held: self.removed(held, thread_id, item_id, who), write=True)

    def removed(self, connection: Connection, thread_id: str, item_id: str, who: Principal) -> Thread:
        """
        The thread without the item. Raises `NotFound`.
        """
        self.threads.own(connection, thread_id, who)
        found = self.found(connection, thread_id, item_id, who)
        connection.execute(delete(messages).where(messages.c.id == found.id))
        self.recount(connection, thread_id)
        return self.store.change_thread(connection, thread_id, {})

    def recount(self, connection: Connection, thread_id: str) -> None:
        """
        The figures that a list of threads shows, from the messages that are left.
        """
        mine = messages.c.thread_id == thread_id
        count, last = connection.execute(select(func.count(), func.max(messages.c.created_at)).where(mine)).one()
        answers = select(messages.c.content).where(
            mine, messages.c.role == "assistant", messages.c.content.is_not(None)
        )
        answer = connection.scalar(answers.order_by(messages.c.seq.desc()).limit(1))
        figures = {"message_count": count, "last_message_at": last, "last_answer": answer and answer[:PREVIEW]}
        connection.execute(update(threads).where(threads.c.id == thread_id).values(figures))
