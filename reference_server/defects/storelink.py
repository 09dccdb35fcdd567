"""
A connection to the store that breaks, and a server that cannot cope. Shown on PostgreSQL, behind the harness's proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete
from sqlalchemy.exc import OperationalError

from reference_server.core.answers import Answer
from reference_server.core.running import Ended, Question, Running
from reference_server.core.tables import messages
from reference_server.core.turns import Turns

STREAMED = ("anita", "guide", "completions", "shadflare")


class DbNeverReconnects(Turns):
    """
    Once a connection to the store was lost, nothing works until the server is started again.
    """

    id = "db-never-reconnects"
    group = "durability-crash"
    store_kind = "postgresql"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("storage/store-comes-back",)

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.database.engine.pool._pre_ping = False
        before = self.database.transaction
        lost: list[OperationalError] = []

        def transaction(work: Callable[[Connection], Any], write: bool) -> Any:
            if lost:
                raise lost[0]
            try:
                return before(work, write)
            except OperationalError as error:
                lost.append(error)
                raise

        self.database.transaction = transaction  # type: ignore[method-assign]


class DbCutDoneSent(Turns):
    """
    An answer that could not be committed ends as if it had been.
    """

    id = "db-cut-done-sent"
    group = "durability-crash"
    store_kind = "postgresql"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("storage/save-error-is-an-error",)

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        try:
            await super().finish(question, answer, running)
        except OperationalError:
            running.tell(Ended(None, answer.finish, answer.usage))


class ThreadWithoutMessages(Turns):
    """
    A thread is committed by itself, what is said in it later: where that fails, an empty thread and a success remain.
    """

    id = "thread-without-messages"
    group = "durability-crash"
    store_kind = "postgresql"
    seam = "turns"
    dialects = STREAMED
    caught_by = ("storage/save-error-is-an-error",)

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        def unsaid(connection: Connection) -> None:
            connection.execute(delete(messages).where(messages.c.id == answer.follows))

        try:
            await super().finish(question, answer, running)
        except OperationalError:
            running.tell(Ended(None, answer.finish, answer.usage))
            await self.database.run(unsaid, write=True)
