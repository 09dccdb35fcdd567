"""
The same request twice.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from reference_server.core.errors import Conflict
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.turns import Question, Turns


class SameIdDuplicates(Turns):
    """
    A question that is sent again is stored again.
    """

    id = "same-id-duplicates"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/same-turn-twice",)

    def known(self, connection: Connection, question: Question, message: NewMessage) -> Message | None:
        return None

    def store_question(self, connection: Connection, question: Question, thread: Thread, new: object) -> None:
        fresh = []
        for message in question.messages:
            taken = message.external_id and self.store.by_external_id(connection, question.thread, message.external_id)
            fresh.append(replace(message, external_id=None) if taken else message)
        super().store_question(connection, question, thread, fresh)

    def store_answer(self, connection: Connection, question: Question, answer: object) -> Message:
        taken = question.answer_id and self.store.by_external_id(connection, question.thread, question.answer_id)
        said = answer.message()  # type: ignore[attr-defined]
        new = replace(said, external_id=None) if taken else said
        return self.store.append(connection, question.thread, [new])[0]


class SameId500(Turns):
    """
    A question that is sent again breaks a unique index.
    """

    id = "same-id-500"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/same-turn-twice",)

    def known(self, connection: Connection, question: Question, message: NewMessage) -> Message | None:
        return None


class IdempotencyBodyMismatch(Turns):
    """
    Another text under the same id gets the old answer.
    """

    id = "idempotency-body-mismatch"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/other-text-is-a-conflict",)

    def known(self, connection: Connection, question: Question, message: NewMessage) -> Message | None:
        try:
            return super().known(connection, question, message)
        except Conflict:
            assert message.external_id is not None
            return self.store.by_external_id(connection, question.thread, message.external_id)


class IdempotencyKeyIgnored(Turns):
    """
    The answer to a repeated question is made anew.
    """

    id = "idempotency-key-ignored"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/same-turn-twice",)

    def answered(self, connection: Connection, question: Question, known: Message) -> Message | None:
        return None

    def store_answer(self, connection: Connection, question: Question, answer: object) -> Message:
        assert question.answer_id is not None
        before = self.store.by_external_id(connection, question.thread, question.answer_id)
        return before if before is not None else super().store_answer(connection, question, answer)  # type: ignore[arg-type]


class RetryAfterFailureDuplicatesUser(Turns):
    """
    A question whose turn failed is stored once more when it is repeated.
    """

    id = "retry-after-failure-duplicates-user"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/failed-turn-can-be-repeated",)

    def store_question(self, connection: Connection, question: Question, thread: Thread, new: object) -> None:
        again = new if new else [replace(one, external_id=None) for one in question.messages]
        super().store_question(connection, question, thread, again)  # type: ignore[arg-type]
