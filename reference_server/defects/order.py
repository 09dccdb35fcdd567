"""
Lists out of order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from reference_server.core.records import Message, NewMessage
from reference_server.core.store import Store
from reference_server.core.tables import messages


class HistoryDesc(Store):
    """
    Messages are read newest first.
    """

    id = "history-desc"
    seam = "store"
    caught_by = ("order/oldest-first", "recall/prompt-is-in-order")

    def select_messages(self, thread_id: str) -> Select[Any]:
        return select(messages).where(messages.c.thread_id == thread_id).order_by(messages.c.seq.desc())


class TiePairSwapped(Store):
    """
    Sorted by time, descending, then reversed: the two messages of one moment change places.
    """

    id = "tie-pair-swapped"
    seam = "store"
    caught_by = ("order/oldest-first", "order/twenty-fast-turns")

    def now(self) -> datetime:
        return super().now().replace(microsecond=0)

    def messages_of(self, connection: Connection, thread_id: str) -> list[Message]:
        found = super().messages_of(connection, thread_id)
        pairs = [found[place : place + 2] for place in range(0, len(found), 2)]
        return [message for pair in pairs for message in reversed(pair)]


class TieBreakByRandomId(Store):
    """
    Messages of one second are sorted by their random ids.
    """

    id = "tie-break-by-random-id"
    seam = "store"
    caught_by = ("order/twenty-fast-turns",)

    def select_messages(self, thread_id: str) -> Select[Any]:
        second = func.substr(func.cast(messages.c.created_at, messages.c.id.type), 1, 19)
        return select(messages).where(messages.c.thread_id == thread_id).order_by(second, messages.c.id)


class OrderByUpdatedAt(Store):
    """
    A message that is edited moves to the end.
    """

    id = "order-by-updated-at"
    seam = "store"
    dialects = ("anita",)
    caught_by = ("order/edit-keeps-the-place",)

    def change_message(self, connection: Connection, thread_id: str, external_id: str, content: str) -> Message:
        changed = super().change_message(connection, thread_id, external_id, content)
        place = self.take_places(connection, thread_id, [NewMessage(changed.role, changed.content)])
        connection.execute(messages.update().where(messages.c.id == changed.id).values(seq=place))
        return changed


class SecondResolutionStamps(Store):
    """
    Messages are stamped to the second, the newest first within it.
    """

    id = "second-resolution-stamps"
    seam = "store"
    caught_by = ("order/twenty-fast-turns",)

    def messages_of(self, connection: Connection, thread_id: str) -> list[Message]:
        found = super().messages_of(connection, thread_id)
        return sorted(found, key=lambda one: (one.created_at.replace(microsecond=0), -one.seq))


class PairStoredInReverse(Store):
    """
    An answer is stored before its question.
    """

    id = "pair-stored-in-reverse"
    seam = "store"
    caught_by = ("order/order-in-the-store",)

    def append(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        added = super().append(connection, thread_id, new)
        if new and new[0].role == "assistant":
            *_, question, answer = super().messages_of(connection, thread_id)
            for message_id, place in ((question.id, -1), (answer.id, question.seq), (question.id, answer.seq)):
                connection.execute(messages.update().where(messages.c.id == message_id).values(seq=place))
        return added
