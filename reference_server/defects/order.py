"""
Lists out of order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, literal_column, select

from reference_server.core.answers import Answer
from reference_server.core.items import Items
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.responding import Asking, Responding
from reference_server.core.store import Store
from reference_server.core.tables import messages
from reference_server.core.turns import Question
from reference_server.dialects.completions import CompletionsWire, MessageBody


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


class NoOrderBy(Store):
    """
    Messages are read in the order in which the database has them, and a change writes the row anew.
    """

    id = "no-order-by"
    seam = "store"
    dialects = ("anita",)
    caught_by = ("order/edit-keeps-the-place",)

    def select_messages(self, thread_id: str) -> Select[Any]:
        # What a scan of the table gives; with an index the planner would be right by luck.
        return select(messages).where(messages.c.thread_id == thread_id).order_by(literal_column("messages.rowid"))

    def change_message(self, connection: Connection, thread_id: str, external_id: str, content: str) -> Message:
        changed = super().change_message(connection, thread_id, external_id, content)
        row = dict(connection.execute(select(messages).where(messages.c.id == changed.id)).one()._mapping)
        connection.execute(delete(messages).where(messages.c.id == changed.id))
        connection.execute(insert(messages).values(row))
        return changed


class MixedTimestampTextSort(Store):
    """
    Times are compared as texts, and those of questions are written without a fraction: `Z` is greater than a point.
    """

    id = "mixed-timestamp-text-sort"
    seam = "store"
    caught_by = ("order/oldest-first", "order/twenty-fast-turns")

    def messages_of(self, connection: Connection, thread_id: str) -> list[Message]:
        return sorted(super().messages_of(connection, thread_id), key=self.written)

    def written(self, one: Message) -> str:
        form = "%Y-%m-%dT%H:%M:%SZ" if one.role == "user" else "%Y-%m-%dT%H:%M:%S.%fZ"
        return one.created_at.strftime(form)


class ForkLosesOrder(Items):
    """
    Messages that come together are all stamped with the time of the copy, and stand by their ids.
    """

    id = "fork-loses-order"
    seam = "items"
    dialects = ("assistants", "conversations")
    caught_by = ("threads/made-with-messages", "storage/made-with-items")

    def created(self, connection: Connection, thread: NewThread, new: Sequence[NewMessage]) -> Thread:
        return super().created(connection, thread, sorted(new, key=lambda one: one.external_id or ""))


class TieUnstableBeyond16(Items):
    """
    The order of messages of one moment holds for sixteen of them, as with a sort that is stable only for few.
    """

    id = "tie-unstable-beyond-16"
    seam = "items"
    dialects = ("assistants", "conversations")
    caught_by = ("threads/made-with-messages", "storage/made-with-items")

    def created(self, connection: Connection, thread: NewThread, new: Sequence[NewMessage]) -> Thread:
        sorted_otherwise = [*new[::2], *new[1::2]] if len(new) > 16 else new
        return super().created(connection, thread, sorted_otherwise)


class LiveOrderDiffersFromStored(Responding):
    """
    What an answer is made of is stored in another order than it was streamed: the calls, then the text.
    """

    id = "live-order-differs-from-stored"
    seam = "responding"
    dialects = ("conversations",)
    caught_by = ("tools/calls-are-items",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        assert isinstance(question, Asking)
        response = question.made or self.response(question, answer)
        other = replace(response, output=sorted(response.output, key=lambda one: not one.tool_calls))
        return super().store_answer(connection, replace(question, made=other), answer)


class ClientTimestampTrusted(CompletionsWire):
    """
    A time that the client sends with a message decides where the message stands.
    """

    id = "client-timestamp-trusted"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("storage/server-names-what-it-makes",)

    def new_message(self, body: MessageBody) -> NewMessage:
        sent = (body.model_extra or {}).get("created_at")
        new = super().new_message(body)
        return replace(new, parts={"created_at": sent}) if isinstance(sent, int) else new

    def page(self, stored: list[Message], order: str, after: str | None, limit: int | None) -> dict[str, Any]:
        return super().page(sorted(stored, key=self.when), order, after, limit)

    def when(self, one: Message) -> float:
        return float((one.parts or {}).get("created_at", one.created_at.timestamp()))


class ServerFieldsOverridable(CompletionsWire):
    """
    The id and the time that a client sends with a message take the place of the server's.
    """

    id = "server-fields-overridable"
    group = "idempotency-retry"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("storage/server-names-what-it-makes",)

    def new_message(self, body: MessageBody) -> NewMessage:
        return replace(super().new_message(body), parts=body.model_extra or None)

    def message(self, one: Message) -> dict[str, Any]:
        shown = super().message(one)
        return {**shown, **{name: value for name, value in (one.parts or {}).items() if name in shown}}
