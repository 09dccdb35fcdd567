"""
What is kept: threads and messages. Every method is one statement or a few, inside a transaction that the caller holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, DateTime, Select, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reference_server.core.cache import touch
from reference_server.core.errors import Conflict, NotFound
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.statements import (
    ADD,
    END_TURN,
    KEEP_TURN,
    LAST,
    MESSAGE,
    MESSAGES,
    NAMED,
    TAKE_TURN,
    TAKEN,
    THREAD,
    TITLE,
    places,
)
from reference_server.core.tables import MESSAGE_COLUMNS, THREAD_COLUMNS, messages, responses, threads

__all__ = ["Store"]

PREVIEW: Final = 100  # code points of the last answer that a list of threads shows


class Store:
    """
    Threads and messages. The order of a thread is its own sequence, counted in the thread's row.
    """

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    # -- threads

    def add_thread(self, connection: Connection, new: NewThread) -> Thread:
        """
        Raises `Conflict` where the id is taken.
        """
        if not self.insert_thread(connection, new):
            raise Conflict("a thread with this id exists already")
        return self.thread(connection, new.id)

    def insert_thread(self, connection: Connection, new: NewThread) -> bool:
        """
        Insert a thread unless there is one; whether it was inserted.
        """
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        # RETURNING, because not every driver counts the rows of an insert that did nothing.
        inserting = dialect.insert(threads).values(self.thread_row(new)).on_conflict_do_nothing()
        inserted = connection.execute(inserting.returning(threads.c.id)).first() is not None
        if inserted:
            touch(connection, new.id)
        return inserted

    def thread_row(self, new: NewThread) -> dict[str, Any]:
        now = self.now()
        return {
            "id": new.id,
            "title": new.title,
            "title_is_default": new.title is None,
            "system_message": new.system_message,
            "metadata": new.metadata if new.metadata is not None else {},
            "owner": new.owner,
            "tenant": new.tenant,
            "tool_resources": new.tool_resources,
            "created_at": now,
            "updated_at": now,
            "next_seq": 0,
        }

    def thread(self, connection: Connection, thread_id: str) -> Thread:
        """
        Raises `NotFound`.
        """
        found = self.find_thread(connection, thread_id)
        if found is None:
            raise NotFound("there is no thread with this id", "thread")
        return found

    def find_thread(self, connection: Connection, thread_id: str) -> Thread | None:
        row = connection.execute(self.select_thread(thread_id), {"thread": thread_id}).first()
        return None if row is None else self.as_thread(row)

    def select_thread(self, thread_id: str) -> Select[Any]:  # noqa: ARG002 # the statement is built once
        """
        One thread, which is named when it is executed. The dead are not shown.
        """
        return THREAD

    def all_threads(self, connection: Connection, owner: str | None = None) -> list[Thread]:
        """
        All threads, or those of one owner, the one with the newest activity first.
        """
        return [self.as_thread(row) for row in connection.execute(self.select_threads(owner)).all()]

    def select_threads(self, owner: str | None = None) -> Select[Any]:
        found = select(*THREAD_COLUMNS).where(threads.c.deleted_at.is_(None))
        owned = found if owner is None else found.where(threads.c.owner == (owner or None))
        return owned.order_by(threads.c.updated_at.desc(), threads.c.id)

    # -- the turn under way

    def take_turn(self, connection: Connection, thread_id: str, turn: str, seconds: float) -> bool:
        """
        Take the thread for a turn, unless another turn that is alive has it; whether it was taken.

        The thread's row is the lock, so that two processes over one database are one server. A turn that dies with
        its process holds the thread until its time is over, and no longer.
        """
        row = connection.execute(TAKEN, {"thread": thread_id}).first()
        now = datetime.now(UTC)
        if row is not None and row.busy_by not in (None, turn) and _aware(row.busy_until) > now:
            return False
        until = now + timedelta(seconds=seconds)
        connection.execute(TAKE_TURN, {"thread": thread_id, "turn": turn, "until": until})
        return True

    def keep_turn(self, connection: Connection, thread_id: str, turn: str, seconds: float) -> None:
        """
        A sign of life. What another turn has had meanwhile is not taken back: the thread has gone on.
        """
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        connection.execute(KEEP_TURN, {"thread": thread_id, "turn": turn, "until": until})

    def end_turn(self, connection: Connection, thread_id: str, turn: str) -> bool:
        """
        Let the thread go; whether the turn still had it. A process that stood still may have lost it to another.
        """
        return connection.execute(END_TURN, {"thread": thread_id, "turn": turn}).first() is not None

    def change_thread(self, connection: Connection, thread_id: str, changes: dict[str, Any]) -> Thread:
        """
        Change only the named columns. Raises `NotFound`.
        """
        values = {**changes, "updated_at": self.now()}
        connection.execute(update(threads).where(threads.c.id == thread_id).values(values))
        touch(connection, thread_id)
        return self.thread(connection, thread_id)

    def set_default_title(self, connection: Connection, thread_id: str, title: str) -> None:
        """
        A title that gives way to one the user chose, and to one that is there already.
        """
        connection.execute(TITLE, {"thread": thread_id, "new": title})
        touch(connection, thread_id)

    def remove_thread(self, connection: Connection, thread_id: str) -> None:
        """
        Delete a thread with its messages, and with the responses that were made in it. Raises `NotFound`.
        """
        self.remove_messages(connection, thread_id)
        self.remove_responses(connection, thread_id)
        if not connection.execute(delete(threads).where(threads.c.id == thread_id)).rowcount:
            raise NotFound("there is no thread with this id", "thread")

    def remove_responses(self, connection: Connection, thread_id: str) -> None:
        connection.execute(delete(responses).where(responses.c.conversation_id == thread_id))

    # -- messages

    def append(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        """
        Put messages at a thread's end. Raises `NotFound` where the thread is gone.
        """
        if not new:
            return []
        first = self.take_places(connection, thread_id, new)
        now = self.now()
        rows = [self.as_row(thread_id, first + place, one, now) for place, one in enumerate(new)]
        connection.execute(ADD, rows)
        return [self.as_message(tuple(row.values())) for row in rows]

    def take_places(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> int:
        """
        The first of the places at the end; the thread's row is locked until the transaction ends.
        """
        moved = {"next_seq": len(new), **self.activity(), **self.counters(new)}
        values = {f"new_{name}": value for name, value in moved.items()}
        row = connection.execute(places(tuple(moved)), {"thread": thread_id, **values}).first()
        if row is None:
            raise NotFound("there is no thread with this id", "thread")
        touch(connection, thread_id)
        return int(row.next_seq) - len(new)

    def activity(self) -> dict[str, datetime]:
        """
        What a new message changes in its thread.
        """
        return {"updated_at": self.now()}

    def counters(self, new: Sequence[NewMessage]) -> dict[str, Any]:
        """
        What new messages change in the figures that a list of threads shows; by how many a counter grows.
        """
        counted = {"message_count": len(new), "last_message_at": self.now()}
        answers = [one.content for one in new if one.role == "assistant" and one.content]
        return {**counted, "last_answer": answers[-1][:PREVIEW]} if answers else counted

    def messages_of(self, connection: Connection, thread_id: str) -> list[Message]:
        """
        All messages of a thread, oldest first.
        """
        found = connection.execute(self.select_messages(thread_id), {"thread": thread_id})
        return [self.as_message(row) for row in found.all()]

    def select_messages(self, thread_id: str) -> Select[Any]:  # noqa: ARG002 # the statement is built once
        """
        The messages of a thread, which is named when it is executed.
        """
        return MESSAGES

    def by_external_id(self, connection: Connection, thread_id: str, external_id: str) -> Message | None:
        row = connection.execute(NAMED, {"thread": thread_id, "name": external_id}).first()
        return None if row is None else self.as_message(row)

    def by_place(self, connection: Connection, thread_id: str, seq: int) -> Message | None:
        mine = (messages.c.thread_id == thread_id) & (messages.c.seq == seq)
        row = connection.execute(select(messages).where(mine)).first()
        return None if row is None else self.as_message(row)

    def last_id(self, connection: Connection, thread_id: str) -> str | None:
        """
        The row of a thread's last message.
        """
        last: str | None = connection.scalar(LAST, {"thread": thread_id})
        return last

    def has(self, connection: Connection, message_id: str) -> bool:
        return connection.scalar(MESSAGE, {"message": message_id}) is not None

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
            raise NotFound("there is no message with this id", "message")
        touch(connection, thread_id)
        return self.as_message(row)

    def remove_messages(self, connection: Connection, thread_id: str) -> None:
        touch(connection, thread_id)
        connection.execute(delete(messages).where(messages.c.thread_id == thread_id))
        gone = {"message_count": 0, "last_message_at": None, "last_answer": None}
        connection.execute(update(threads).where(threads.c.id == thread_id).values(gone))

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
        """
        A row in the order of the table's columns.
        """
        made = {"id": self.message_id(), "thread_id": thread_id, "seq": seq, "created_at": now}
        return {name: made[name] if name in made else getattr(new, name) for name in _COLUMNS}

    def as_message(self, row: Sequence[Any]) -> Message:
        """
        A row in the order of the table's columns, which is the order of the record's fields.
        """
        values = [*row]
        values[-1] = _aware(values[-1])
        return Message._make(values)

    def as_thread(self, row: Sequence[Any]) -> Thread:
        """
        A row in the order of the record's fields.
        """
        values = [*row]
        for place in _TIMES:
            if values[place] is not None:
                values[place] = _aware(values[place])
        return Thread._make(values)


_COLUMNS: Final = tuple(column.name for column in MESSAGE_COLUMNS)
_TIMES: Final = tuple(place for place, one in enumerate(THREAD_COLUMNS) if isinstance(one.type, DateTime))


def _aware(time: datetime) -> datetime:
    # SQLite keeps no zone; what we wrote is UTC.
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
