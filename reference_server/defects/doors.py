"""
Doors that are open: a route, a run, a message of somebody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, update

from reference_server.core.people import People, Principal
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.run_records import ToolOutput
from reference_server.core.runs import Runs, UnderWay
from reference_server.core.tables import messages
from reference_server.core.turns import Question, Turns
from reference_server.defects.deletion import OrphanRows


class OneRouteUnauthenticated(People):
    """
    Every route asks who is calling, but for the one that exports.
    """

    id = "one-route-unauthenticated"
    seam = "people"
    dialects = ("shadflare",)
    caught_by = ("auth/nobody-without-credentials",)

    def at(self, path: str, header: str | None) -> Principal:
        nobody: Any = None
        return nobody if path.endswith("/export") else super().at(path, header)


class StreamResumeNoOwner(Runs):
    """
    Whoever knows a run that waits for its tools can go on with it, and read its stream.
    """

    id = "stream-resume-no-owner"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/of-somebody-else-are-missing",)

    async def submit(
        self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput], who: Principal | None
    ) -> UnderWay:
        del who
        return await super().submit(thread_id, run_id, outputs, None)


class MessageUpsertOverwritesForeign(Turns):
    """
    A message is written under its client's id wherever there is one of that id, in whosever thread.
    """

    id = "message-upsert-overwrites-foreign"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("isolation/message-ids-are-per-thread",)

    def store_question(
        self, connection: Connection, question: Question, thread: Thread, new: Sequence[NewMessage]
    ) -> None:
        for one in new:
            same = messages.c.external_id == one.external_id
            connection.execute(update(messages).where(same).values(content=one.content))
        super().store_question(connection, question, thread, new)


class CheckPassesWhenRowMissing(OrphanRows):
    """
    Where a thread's row is gone, nobody is asked whose it was: what is left of a deleted thread can be read.
    """

    id = "check-passes-when-row-missing"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("deletion/deleted-thread-is-gone",)

    def listed(self, connection: Connection, thread_id: str, who: Principal | None) -> list[Message]:
        if self.store.find_thread(connection, thread_id) is None:
            return self.store.messages_of(connection, thread_id)
        return super().listed(connection, thread_id, who)
