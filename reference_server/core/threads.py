"""
Threads and their messages, for the routes that only read and write: one transaction each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from reference_server.core.database import Database
from reference_server.core.errors import Conflict, NotFound
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.store import Store
from reference_server.core.titles import Titles

__all__ = ["Threads"]


class Threads:
    """
    What a dialect's read and write routes call.
    """

    def __init__(self, database: Database, store: Store, titles: Titles) -> None:
        self.database = database
        self.store = store
        self.titles = titles

    async def create(self, thread_id: str, title: str | None, system: str | None, metadata: Any) -> Thread:
        return await self.database.run(
            lambda held: self.store.add_thread(held, thread_id, title, system, metadata), write=True
        )

    async def get(self, thread_id: str) -> Thread:
        return await self.database.run(lambda held: self.store.thread(held, thread_id), write=False)

    async def all(self) -> list[Thread]:
        return await self.database.run(self.store.all_threads, write=False)

    async def change(self, thread_id: str, changes: dict[str, Any]) -> Thread:
        """
        Change the named fields and no others; a title given by the user stays.
        """
        columns = {**changes, "title_is_default": False} if "title" in changes else dict(changes)
        return await self.database.run(lambda held: self.store.change_thread(held, thread_id, columns), write=True)

    async def delete(self, thread_id: str) -> None:
        await self.database.run(lambda held: self.store.remove_thread(held, thread_id), write=True)

    async def messages(self, thread_id: str) -> list[Message]:
        """
        All messages, oldest first. Raises `NotFound` for an unknown thread.
        """
        return await self.database.run(lambda held: self.listed(held, thread_id), write=False)

    def listed(self, connection: Connection, thread_id: str) -> list[Message]:
        self.store.thread(connection, thread_id)
        return self.store.messages_of(connection, thread_id)

    async def add(self, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        """
        Store messages without a turn; an unknown thread is created, as a turn would.
        """
        return await self.database.run(lambda held: self.added(held, thread_id, new), write=True)

    def added(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        self.store.insert_thread(connection, thread_id)
        return self.store.append(connection, thread_id, new)

    async def clear(self, thread_id: str) -> None:
        """
        Remove the messages; the thread and its system message stay.
        """
        await self.database.run(lambda held: self.cleared(held, thread_id), write=True)

    def cleared(self, connection: Connection, thread_id: str) -> None:
        self.store.remove_messages(connection, thread_id)
        self.store.change_thread(connection, thread_id, {})

    async def edit(self, message_id: str, thread_id: str | None, content: str) -> Message:
        """
        Change a message's text in its place. Without a thread, the id must be of one message only.
        """
        return await self.database.run(lambda held: self.edited(held, message_id, thread_id, content), write=True)

    def edited(self, connection: Connection, message_id: str, thread_id: str | None, content: str) -> Message:
        owners = [thread_id] if thread_id is not None else self.store.threads_with_message(connection, message_id)
        if not owners:
            raise NotFound("there is no message with this id")
        if len(owners) > 1:
            raise Conflict("several threads have a message with this id: name the thread")
        changed = self.store.change_message(connection, owners[0], message_id, content)
        self.store.change_thread(connection, owners[0], {})
        return changed
