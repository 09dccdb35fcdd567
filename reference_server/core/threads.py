"""
Threads and their messages, for the routes that only read and write: one transaction each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from reference_server.core.database import Database
from reference_server.core.errors import Conflict, NotFound
from reference_server.core.people import Access, Principal
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.store import Store
from reference_server.core.titles import Titles

__all__ = ["Threads"]


class Threads:
    """
    What a dialect's read and write routes call. `who` is the caller, where the dialect knows callers.
    """

    def __init__(self, database: Database, store: Store, titles: Titles, access: Access) -> None:
        self.database = database
        self.store = store
        self.titles = titles
        self.access = access

    async def create(self, new: NewThread) -> Thread:
        return await self.database.run(lambda held: self.store.add_thread(held, new), write=True)

    async def get(self, thread_id: str, who: Principal | None = None) -> Thread:
        thread = await self.database.cache.thread(
            thread_id, lambda: self.database.run(lambda held: self.seen(held, thread_id, who), write=False)
        )
        self.access.check(thread, who)  # a copy was perhaps read for somebody else
        return thread

    def seen(self, connection: Connection, thread_id: str, who: Principal | None) -> Thread:
        """
        The thread, if the caller may see it. Raises `NotFound`, `Forbidden`.
        """
        thread = self.store.thread(connection, thread_id)
        self.access.check(thread, who)
        return thread

    def own(self, connection: Connection, thread_id: str, who: Principal | None) -> Thread:
        """
        The thread, if the caller may change it. Raises `NotFound`, `Forbidden`.
        """
        thread = self.store.thread(connection, thread_id)
        self.access.check_change(thread, who)
        return thread

    async def all(self, who: Principal | None = None) -> list[Thread]:
        owner = self.access.owner(who)
        found = await self.database.cache.threads(
            owner, lambda: self.database.run(lambda held: self.store.all_threads(held, owner), write=False)
        )
        return [one for one in found if self.listable(one, who)]

    def listable(self, thread: Thread, who: Principal | None) -> bool:
        """
        Whether a list shows what it found: two tenants may each have a user of the same name.
        """
        return who is None or self.access.owns(thread, who)

    async def change(self, thread_id: str, changes: dict[str, Any], who: Principal | None = None) -> Thread:
        """
        Change the named fields and no others; a title given by the user stays.
        """
        columns = {**changes, "title_is_default": False} if "title" in changes else dict(changes)
        return await self.database.run(lambda held: self.changed(held, thread_id, columns, who), write=True)

    def changed(self, connection: Connection, thread_id: str, columns: dict[str, Any], who: Principal | None) -> Thread:
        self.own(connection, thread_id, who)
        return self.store.change_thread(connection, thread_id, columns)

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        await self.database.run(lambda held: self.removed(held, thread_id, who), write=True)

    def removed(self, connection: Connection, thread_id: str, who: Principal | None) -> None:
        self.own(connection, thread_id, who)
        self.store.remove_thread(connection, thread_id)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        """
        All messages, oldest first. Raises `NotFound` for an unknown thread.
        """
        if self.database.cache.on:
            await self.get(thread_id, who)
        return await self.database.cache.messages(
            thread_id, lambda: self.database.run(lambda held: self.listed(held, thread_id, who), write=False)
        )

    def listed(self, connection: Connection, thread_id: str, who: Principal | None) -> list[Message]:
        self.seen(connection, thread_id, who)
        return [one for one in self.store.messages_of(connection, thread_id) if one.active]

    async def add(self, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        """
        Store messages without a turn; an unknown thread is created, as a turn would.
        """
        return await self.database.run(lambda held: self.added(held, thread_id, new), write=True)

    def added(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        self.store.insert_thread(connection, NewThread(thread_id))
        return self.store.append(connection, thread_id, new)

    async def clear(self, thread_id: str) -> None:
        """
        Remove the messages; the thread and its system message stay.
        """
        await self.database.run(lambda held: self.cleared(held, thread_id), write=True)

    def cleared(self, connection: Connection, thread_id: str) -> None:
        self.store.remove_messages(connection, thread_id)
        self.store.change_thread(connection, thread_id, {})

    async def edit(self, message_id: str, thread_id: str | None, content: str, who: Principal | None = None) -> Message:
        """
        Change a message's text in its place. Without a thread, the id must be of one message only.
        """
        return await self.database.run(lambda held: self.edited(held, message_id, thread_id, content, who), write=True)

    def edited(
        self,
        connection: Connection,
        message_id: str,
        thread_id: str | None,
        content: str,
        who: Principal | None,
    ) -> Message:
        owners = [thread_id] if thread_id is not None else self.with_message(connection, message_id, who)
        if not owners:
            raise NotFound("there is no message with this id", "message")
        if len(owners) > 1:
            raise Conflict("several threads have a message with this id: name the thread")
        self.own(connection, owners[0], who)
        changed = self.store.change_message(connection, owners[0], message_id, content)
        self.store.change_thread(connection, owners[0], {})
        return changed

    def with_message(self, connection: Connection, message_id: str, who: Principal | None) -> list[str]:
        """
        The threads that have a message of this id, of those that the caller may change.
        """
        found = self.store.threads_with_message(connection, message_id)
        return [one for one in found if who is None or self.access.owns(self.store.thread(connection, one), who)]
