"""
Copies of what is read often: a thread, its messages, the threads of a user.

A copy is good for as long as the stamp that it was made under. Every write gives its thread, and the lists that show
it, a new stamp once it is committed, so a reader that was slower than a writer files its copy under a stamp that
nobody asks for any more. Without Redis, and while it is away, everything is read from the database.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from sqlalchemy import Connection, select

from reference_server.core.errors import Unavailable
from reference_server.core.records import Message, Thread
from reference_server.core.tables import threads

if TYPE_CHECKING:
    from reference_server.core.copies import Copies

__all__ = ["Cache", "touch"]

log: Final = logging.getLogger("reference_server.cache")

LIFE: Final = 3600  # seconds: seed 001's own figure
WRITING: Final = 30  # seconds from the last word to the database until it has committed; a commit takes milliseconds
REST: Final = 1.0  # seconds in which readers leave a Redis alone that did not answer
NOBODYS: Final = ""
_WRITING: Final = b"writing "
_EPOCH: Final = "epoch"
_TOUCHED: Final = "touched"
_CACHE: Final = "cache"
T = TypeVar("T")


class Cache:
    """
    Reads through copies, and makes them void when something changes. Without the address of a Redis it does nothing.
    """

    def __init__(self, url: str | None = None) -> None:
        self._copies = _copies(url)
        self._rest_until = 0.0
        self._missed = False

    @property
    def on(self) -> bool:
        return self._copies is not None

    # -- reading

    async def thread(self, thread_id: str, read: Callable[[], Awaitable[Thread]]) -> Thread:
        return await self.through(self.of_thread(thread_id), "thread", Thread, read)

    async def messages(self, thread_id: str, read: Callable[[], Awaitable[list[Message]]]) -> list[Message]:
        return await self.through(self.of_thread(thread_id), "messages", list[Message], read)

    async def threads(self, owner: str | None, read: Callable[[], Awaitable[list[Thread]]]) -> list[Thread]:
        return await self.through(self.of_owner(owner), "threads", list[Thread], read)

    async def through(self, subject: str, kind: str, form: Any, read: Callable[[], Awaitable[T]]) -> T:
        """
        The copy, if it is good; else what `read` gives, which becomes the copy.
        """
        if self._copies is None or time.monotonic() < self._rest_until:
            return await read()
        try:
            stamp, copy = await self.look(self._copies, subject, kind)
            if copy is not None:
                return msgspec.json.decode(copy, type=form)  # type: ignore[no-any-return] # `form` is T
        except (Unavailable, msgspec.MsgspecError):
            self.rest()
            return await read()
        value = await read()
        if stamp:
            await self.keep(self._copies, f"{subject}:{kind}", stamp, value)
        return value

    async def look(self, copies: Copies, subject: str, kind: str) -> tuple[bytes, bytes | None]:
        """
        The stamp of now, and the copy that was made under it. There is no stamp while somebody writes.
        """
        if self._missed:
            await self.start_anew(copies)
        epoch, stamp, kept = await copies.get([_EPOCH, self.stamp_of(subject), f"{subject}:{kind}"])
        if not stamp:
            stamp = await self.first_stamp(copies, subject)
        if stamp.startswith(_WRITING):
            return b"", None
        now = epoch + b"/" + stamp
        then, _, copy = kept.partition(b"\n")
        return now, copy if then == now else None

    async def first_stamp(self, copies: Copies, subject: str) -> bytes:
        """
        A stamp for what has none, the same for all who come at once.
        """
        await copies.put(self.stamp_of(subject), _token(), LIFE, new=True)
        [stamp] = await copies.get([self.stamp_of(subject)])
        return stamp or _WRITING

    async def keep(self, copies: Copies, name: str, stamp: bytes, value: Any) -> None:
        try:
            await copies.put(name, stamp + b"\n" + msgspec.json.encode(value), LIFE)
        except Unavailable:
            self.rest()

    # -- writing, in the thread that holds the connection

    def beginning(self, connection: Connection) -> None:
        """
        Listen to `touch` on this connection, and forget what a transaction that failed has noted there.
        """
        if self.on:
            connection.info[_CACHE] = self
            connection.info[_TOUCHED] = set()

    def touch(self, connection: Connection, thread_id: str) -> None:
        """
        Note a thread, and the lists that show it.
        """
        owner = connection.scalar(select(threads.c.owner).where(threads.c.id == thread_id))
        subjects = {self.of_thread(thread_id), self.of_owner(owner or NOBODYS), self.of_owner(None)}
        connection.info[_TOUCHED].update(subjects)

    def committing(self, connection: Connection) -> Collection[str]:
        """
        Before the commit: no copy of what changes is read or made from here on, not even if this process dies now.
        """
        subjects: set[str] = connection.info.get(_TOUCHED, set())
        self.stamp(subjects, _WRITING + _token(), WRITING)
        return subjects

    def committed(self, subjects: Collection[str]) -> None:
        """
        After the commit: a new stamp, which no copy has.
        """
        self.stamp(subjects, _token(), LIFE)

    def stamp(self, subjects: Collection[str], stamp: bytes, seconds: int) -> None:
        """
        Give subjects a stamp. Where Redis does not hear it, all copies are void as soon as it hears us again.
        """
        if self._copies is None or not subjects:
            return
        try:
            if self._missed:
                self._copies.put_all({_EPOCH: _token()}, LIFE)
            self._copies.put_all({self.stamp_of(subject): stamp for subject in subjects}, seconds)
            self._missed = False
        except Unavailable:
            self._missed = True
            self.rest()

    async def start_anew(self, copies: Copies) -> None:
        """
        Make all copies void: a write was missed, and copies are as old as the epoch at most.
        """
        self._missed = False
        try:
            await copies.put(_EPOCH, _token(), LIFE)
        except Unavailable:
            self._missed = True
            raise

    # -- names

    def of_thread(self, thread_id: str) -> str:
        return f"thread:{thread_id}"

    def of_owner(self, owner: str | None) -> str:
        return "everybody" if owner is None else f"owner:{owner}"

    def stamp_of(self, subject: str) -> str:
        return f"{subject}:stamp"

    def rest(self) -> None:
        """
        Redis is no part of the truth: its failure is noted, never shown.
        """
        log.warning("the cache does not answer")
        self._rest_until = time.monotonic() + REST


def touch(connection: Connection, thread_id: str) -> None:
    """
    Say that a transaction changes this thread: its row, or its messages. Called while the row is there.
    """
    cache: Cache | None = connection.info.get(_CACHE)
    if cache is not None:
        cache.touch(connection, thread_id)


def _copies(url: str | None) -> Copies | None:
    if url is None:
        return None
    from reference_server.core.copies import Copies  # only here: it takes a tenth of a second to load

    return Copies(url)


def _token() -> bytes:
    return uuid.uuid4().hex.encode()
