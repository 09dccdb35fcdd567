"""
What else belongs to a turn than a question and its answer, for dialects that have more.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from reference_server.core.answers import Answer
from reference_server.core.records import Message, NewMessage
from reference_server.core.store import Store

__all__ = ["Course"]


class Course:
    """
    What else belongs to a turn: its say in the transactions in which the question and the answer are stored.
    """

    def begins(self, connection: Connection) -> None:
        """
        In the transaction that stores the question, before it is stored. What is raised undoes it.
        """

    async def asks(self) -> None:
        """
        The question is stored; next the model is asked.
        """

    def ends(self, _: Connection, answer: Answer) -> NewMessage:
        """
        In the transaction that stores the answer: as what it is stored. What is raised undoes it.
        """
        return answer.message()

    def again(self, connection: Connection) -> list[Message] | None:  # noqa: ARG002 # others read
        """
        All messages up to the question, where one that is stored is to be answered again, and no new one is asked.
        """
        return None

    def placed(self, connection: Connection, new: Sequence[NewMessage]) -> Sequence[NewMessage]:  # noqa: ARG002
        """
        New questions as they are stored.
        """
        return new

    def answer_to(self, connection: Connection, store: Store, known: Message) -> Message | None:
        """
        What stands where the answer to an earlier question would stand: behind it.
        """
        return store.by_place(connection, known.thread_id, known.seq + 1)

    def stored(self, connection: Connection, answer: Message) -> None:
        """
        In the transaction that stores the answer, after it is stored.
        """
