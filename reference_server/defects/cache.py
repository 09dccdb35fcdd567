"""
Copies that outlive what they are copies of. Each brings its own memory, for no scenario starts a Redis.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, select

from reference_server.core.cache import Cache
from reference_server.core.copies import Copies
from reference_server.core.people import Principal
from reference_server.core.records import Message, Thread
from reference_server.core.tables import threads
from reference_server.core.threads import Threads

CACHED = ("anita", "guide")


class _Memory:
    """
    What a Redis would hold.
    """

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    async def get(self, names: Sequence[str]) -> list[bytes]:
        return [self.held.get(name, b"") for name in names]

    async def put(self, name: str, value: bytes, seconds: int, *, new: bool = False) -> None:
        if not (new and name in self.held):
            self.held[name] = value

    def put_all(self, values: Mapping[str, bytes], seconds: int) -> None:
        self.held.update(values)


class Remembering(Cache):
    """
    A healthy cache in memory.
    """

    def __init__(self, url: str | None = None) -> None:
        super().__init__(url)
        self.memory = _Memory()
        self._copies = cast(Copies, self.memory)


class CacheWithoutInvalidation(Remembering):
    """
    A copy is good for an hour, whatever happens.
    """

    id = "cache-without-invalidation"
    seam = "cache"
    dialects = CACHED
    caught_by = ("cache/reads-see-writes", "deletion/deleted-thread-is-gone")

    def touch(self, connection: Connection, thread_id: str) -> None:
        pass


class StaleLists(Remembering):
    """
    A change of a thread is no change of the list of threads.
    """

    id = "stale-lists"
    seam = "cache"
    dialects = CACHED
    caught_by = ("cache/reads-see-writes", "metadata/newest-activity-first")

    def committed(self, subjects: Collection[str]) -> None:
        super().committed([one for one in subjects if one.startswith("thread:")])

    def stamp(self, subjects: Collection[str], stamp: bytes, seconds: int) -> None:
        super().stamp([one for one in subjects if one.startswith("thread:")], stamp, seconds)


class StaleMessages(Remembering):
    """
    The copies of a thread's messages are not among what a write makes void.
    """

    id = "stale-messages"
    seam = "cache"
    dialects = CACHED
    caught_by = ("cache/reads-see-writes",)

    async def messages(self, thread_id: str, read: Any) -> list[Message]:
        return await self.through(f"messages:{thread_id}", "messages", list[Message], read)


class StaleAfterDelete(Remembering):
    """
    What was deleted can be read from its copy.
    """

    id = "stale-after-delete"
    seam = "cache"
    dialects = CACHED
    caught_by = ("cache/reads-see-writes", "deletion/deleted-thread-is-gone")

    def committing(self, connection: Connection) -> Collection[str]:
        touched: set[str] = connection.info.get("touched", set())
        return {one for one in touched if not one.startswith("thread:") or _is_there(connection, one)}


class CacheKeyWithoutOwner(Remembering):
    """
    One copy of the list of threads, for whoever asks.
    """

    id = "cache-key-without-owner"
    group = "isolation"
    seam = "cache"
    dialects = CACHED
    caught_by = ("cache/copies-know-their-owner", "isolation/principals-are-apart")

    def of_owner(self, owner: str | None) -> str:
        return "everybody"


class CopiesForEverybody(Threads):
    """
    What one has read is kept under its id, and who else asks for it is not asked who they are.
    """

    id = "copies-for-everybody"
    seam = "threads"
    dialects = CACHED
    caught_by = ("cache/copies-know-their-owner",)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        seen: dict[str, list[Message]] = self.__dict__.setdefault("copies", {})
        try:
            seen[thread_id] = await super().messages(thread_id, who)
        except Exception:
            if thread_id not in seen or await self.gone(thread_id):
                raise
        return seen[thread_id]

    async def gone(self, thread_id: str) -> bool:
        found: Thread | None = await self.database.run(
            lambda held: self.store.find_thread(held, thread_id), write=False
        )
        return found is None


def _is_there(connection: Connection, subject: str) -> bool:
    named = select(threads.c.id).where(threads.c.id == subject.removeprefix("thread:"))
    return connection.scalar(named) is not None
