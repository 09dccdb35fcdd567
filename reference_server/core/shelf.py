"""
A user's conversations as a whole: listed page by page, put away, shared with the team, thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, func, select, update

from reference_server.core.cache import touch
from reference_server.core.people import Principal
from reference_server.core.records import Message, Thread
from reference_server.core.tables import THREAD_COLUMNS, threads
from reference_server.core.threads import Threads

__all__ = ["Page", "Shelf"]


@dataclass(frozen=True, slots=True)
class Page:
    """
    Which part of a list is wanted: of the archived or of the others, own ones or those that colleagues share.
    """

    limit: int
    offset: int = 0
    archived: bool = False
    shared: bool = False


class Shelf:
    """
    What a dialect with soft deletion calls besides `Threads`.
    """

    def __init__(self, threads_: Threads) -> None:
        self.threads = threads_
        self.database = threads_.database
        self.store = threads_.store

    async def page(self, who: Principal, page: Page) -> tuple[list[Thread], int]:
        """
        A page of conversations, and how many there are in all.
        """
        return await self.database.run(lambda held: self.listed(held, who, page), write=False)

    def listed(self, connection: Connection, who: Principal, page: Page) -> tuple[list[Thread], int]:
        wanted = self.wanted(who, page)
        total = connection.scalar(select(func.count()).select_from(threads).where(wanted)) or 0
        found = self.ordered(select(*THREAD_COLUMNS).where(wanted)).limit(page.limit).offset(page.offset)
        return [self.store.as_thread(row) for row in connection.execute(found)], int(total)

    def wanted(self, who: Principal, page: Page) -> ColumnElement[bool]:
        whose = self.colleagues(who) if page.shared else self.own(who)
        return whose & self.living() & self.shelf(page)

    def own(self, who: Principal) -> ColumnElement[bool]:
        return (threads.c.tenant == who.tenant) & (threads.c.owner == who.user)

    def colleagues(self, who: Principal) -> ColumnElement[bool]:
        return (threads.c.tenant == who.tenant) & (threads.c.owner != who.user) & threads.c.shared

    def living(self) -> ColumnElement[bool]:
        return threads.c.deleted_at.is_(None)

    def shelf(self, page: Page) -> ColumnElement[bool]:
        return threads.c.archived.is_(page.archived)

    def ordered(self, found: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
        """
        The newest message first. One without messages stands where it was made: databases put NULL at different ends.
        """
        newest = func.coalesce(threads.c.last_message_at, threads.c.created_at)
        return found.order_by(newest.desc(), threads.c.id)

    async def tree(self, thread_id: str, who: Principal) -> tuple[Thread, list[Message]]:
        """
        A conversation with all its messages, oldest first, those of branches that were left too.
        """
        return await self.database.run(lambda held: self.whole(held, thread_id, who), write=False)

    def whole(self, connection: Connection, thread_id: str, who: Principal) -> tuple[Thread, list[Message]]:
        thread = self.threads.seen(connection, thread_id, who)
        return thread, self.store.messages_of(connection, thread_id)

    async def archive(self, thread_id: str, who: Principal, archived: bool) -> Thread:
        """
        Put a conversation away, or take it out again.
        """
        return await self.threads.change(thread_id, {"archived": archived}, who)

    async def share(self, thread_id: str, who: Principal, shared: bool) -> Thread:
        """
        Let the tenant's other users read it, or no longer.
        """
        return await self.threads.change(thread_id, {"shared": shared}, who)

    async def discard(self, thread_id: str, who: Principal) -> None:
        """
        Throw a conversation away. Its rows stay, and nothing shows them. Raises `NotFound`, `Forbidden`.
        """
        await self.database.run(lambda held: self.discarded(held, thread_id, who), write=True)

    def discarded(self, connection: Connection, thread_id: str, who: Principal) -> None:
        self.threads.own(connection, thread_id, who)
        connection.execute(update(threads).where(threads.c.id == thread_id).values(deleted_at=self.store.now()))
        touch(connection, thread_id)
