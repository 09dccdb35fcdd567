"""
What is kept: threads and messages. Every method is one statement or a few, inside a transaction that the caller holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reference_server.core.errors import Conflict, NotFound
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.tables import messages, threads

__all__ = ["Store"]


class Store:
    """
    Threads and messages. The order of a thread is its own sequence, counted in the thread's row.
    """

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    # -- threads

    def add_thread(
        self, connection: Connection, thread_id: str, title: str | None, system: str | None, metadata: Any
    ) -> Thread:
        """
        Raises `Conflict` where the id is taken.
        """
        made = self.insert_thread(connection, thread_id, title, system, metadata)
        if not made:
            raise Conflict("a thread with this id exists already")
        return self.thread(connection, thread_id)

    def insert_thread(
        self,
        connection: Connection,
        thread_id: str,
        title: str | None = None,
        system: str | None = None,
        metadata: Any = None,
    ) -> bool:
        """
        Insert a thread unless there is one; whether it was inserted.
        """
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        now = self.now()
        values = {
            "id": thread_id,
            "title": title,
            "title_is_default": title is None,
            "system_message": system,
            "metadata": metadata if metadata is not None else {},
            "created_at": now,
            "updated_at": now,
            "next_seq": 0,
        }
        # RETURNING, because not every driver counts the rows of an insert that did nothing.
        inserting = dialect.insert(threads).values(values).on_conflict_do_nothing().returning(threads.c.id)
        return connection.execute(inserting).first() is not None

    def thread(self, connection: Connection, thread_id: str) -> Thread:
        """
        Raises `NotFound`.
        """
        found = self.find_thread(connection, thread_id)
        if found is None:
            raise NotFound("there is no thread with this id")
        return found

    def find_thread(self, connection: Connection, thread_id: str) -> Thread | None:
        row = connection.execute(self.select_thread(thread_id)).first()
        return None if row is None else self.as_thread(row)

    def select_thread(self, thread_id: str) -> Select[Any]:
        return select(threads).where(threads.c.id == thread_id)

    def all_threads(self, connection: Connection) -> list[Thread]:
        """
        All threads, the one with the newest activity first.
        """
        return [self.as_thread(row) for row in connection.execute(self.select_threads())]

    def select_threads(self) -> Select[Any]:
        return select(threads).order_by(threads.c.updated_at.desc(), threads.c.id)

    def change_thread(self, connection: Connection, thread_id: str, changes: dict[str, Any]) -> Thread:
        """
        Change only the named columns. Raises `NotFound`.
        """
        values = {**changes, "updated_at": self.now()}
        connection.execute(update(threads).where(threads.c.id == thread_id).values(values))
        return self.thread(connection, thread_id)

    def set_default_title(self, connection: Connection, thread_id: str, title: str) -> None:
        """
        A title that gives way to one the user chose, and to one that is there already.
        """
        mine = (threads.c.id == thread_id) & threads.c.title_is_default & threads.c.title.is_(None)
        connection.execute(update(threads).where(mine).values(title=title))

    def remove_thread(self, connection: Connection, thread_id: str) -> None:
        """
        Delete a thread with its messages. Raises `NotFound`.
        """
        self.remove_messages(connection, thread_id)
        if not connection.execute(delete(threads).where(threads.c.id == thread_id)).rowcount:
            raise NotFound("there is no thread with this id")

    # -- messages

    def append(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        """
        Put messages at a thread's end. Raises `NotFound` where the thread is gone.
        """
        if not new:
            return []
        first = self.take_places(connection, thread_id, len(new))
        now = self.now()
        rows = [self.as_row(thread_id, first + place, one, now) for place, one in enumerate(new)]
        connection.execute(insert(messages), rows)
        return [self.as_message(tuple(row.values())) for row in rows]

    def take_places(self, connection: Connection, thread_id: str, count: int) -> int:
        """
        The first of `count` places at the end; the thread's row is locked until the transaction ends.
        """
        moved = {"next_seq": threads.c.next_seq + count, **self.activity()}
        taken = update(threads).where(threads.c.id == thread_id).values(moved).returning(threads.c.next_seq)
        row = connection.execute(taken).first()
        if row is None:
            raise NotFound("there is no thread with this id")
        return int(row.next_seq) - count

    def activity(self) -> dict[str, datetime]:
        """
        What a new message changes in its thread.
        """
        return {"updated_at": self.now()}

    def messages_of(self, connection: Connection, thread_id: str) -> list[Message]:
        """
        All messages of a thread, oldest first.
        """
        return [self.as_message(row) for row in connection.execute(self.select_messages(thread_id))]

    def select_messages(self, thread_id: str) -> Select[Any]:
        return select(messages).where(messages.c.thread_id == thread_id).order_by(messages.c.seq)

    def by_external_id(self, connection: Connection, thread_id: str, external_id: str) -> Message | None:
        mine = (messages.c.thread_id == thread_id) & (messages.c.external_id == external_id)
        row = connection.execute(select(messages).where(mine)).first()
        return None if row is None else self.as_message(row)

    def by_place(self, connection: Connection, thread_id: str, seq: int) -> Message | None:
        mine = (messages.c.thread_id == thread_id) & (messages.c.seq == seq)
        row = connection.execute(select(messages).where(mine)).first()
        return None if row is None else self.as_message(row)

    def last_id(self, connection: Connection, thread_id: str) -> str | None:
        """
        The row of a thread's last message.
        """
        mine = select(messages.c.id).where(messages.c.thread_id == thread_id)
        return connection.scalar(mine.order_by(messages.c.seq.desc()).limit(1))

    def has(self, connection: Connection, message_id: str) -> bool:
        return connection.scalar(select(messages.c.id).where(messages.c.id == message_id)) is not None

    def threads_with_message(self, connection: Connection, external_id: str) -> list[str]:
        """
        The threads that have a message of this id: ids are unique per thread only.
        """
        named = (messages.c.external_id == external_id) | (messages.c.id == external_id)
        return list(connection.scalars(select(messages.c.thread_id).where(named)))

    def change_message(self, connection: Connection, thread_id: str, external_id: str, content: str) -> Message:
        """
        Change a message's text in its place. Raises `NotFound`.
        """
        named = (messages.c.external_id == external_id) | (messages.c.id == external_id)
        mine = (messages.c.thread_id == thread_id) & named
        changed = update(messages).where(mine).values(content=content).returning(messages)
        row = connection.execute(changed).first()
        if row is None:
            raise NotFound("there is no message with this id")
        return self.as_message(row)

    def remove_messages(self, connection: Connection, thread_id: str) -> None:
        connection.execute(delete(messages).where(messages.c.thread_id == thread_id))

    def count(self, connection: Connection, thread_id: str) -> int:
        mine = messages.c.thread_id == thread_id
        return int(connection.scalar(select(func.count()).select_from(messages).where(mine)) or 0)

    # -- values

    def now(self) -> datetime:
        """
        The time, later than any that was given before: a clock may stand still, or go back.
        """
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last

    def message_id(self) -> str:
        return uuid.uuid4().hex

    def as_row(self, thread_id: str, seq: int, new: NewMessage, now: datetime) -> dict[str, Any]:
        return {
            "id": self.message_id(),
            "thread_id": thread_id,
            "seq": seq,
            "role": new.role,
            "content": new.content,
            "name": new.name,
            "tool_calls": new.tool_calls,
            "tool_call_id": new.tool_call_id,
            "metadata": new.metadata,
            "external_id": new.external_id,
            "created_at": now,
        }

    def as_message(self, row: Sequence[Any]) -> Message:
        """
        A row in the order of the table's columns, which is the order of the record's fields.
        """
        values = [*row]
        values[-1] = _aware(values[-1])
        return Message._make(values)

    def as_thread(self, row: Row[Any]) -> Thread:
        return Thread(
            id=row.id,
            title=row.title,
            title_is_default=row.title_is_default,
            system_message=row.system_message,
            metadata=row.metadata,
            created_at=_aware(row.created_at),
            updated_at=_aware(row.updated_at),
        )


def _aware(time: datetime) -> datetime:
    # SQLite keeps no zone; what we wrote is UTC.
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
