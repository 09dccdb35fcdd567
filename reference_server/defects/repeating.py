"""
A turn that is sent again, and what it is taken for.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Connection, select

from reference_server.core.answers import Answer
from reference_server.core.errors import Busy, Conflict
from reference_server.core.records import Message, NewMessage
from reference_server.core.running import Opening, Question, Running
from reference_server.core.tables import messages
from reference_server.core.turns import Turns
from reference_server.defects.retry import SameIdDuplicates

REMEMBERED = 20  # messages of a thread after which an id is forgotten


class IdempotencyInflightRunsTwice(Turns):
    """
    Whether a turn was sent before is known only once it is over: meanwhile the model is asked a second time.
    """

    id = "idempotency-inflight-runs-twice"
    group = "idempotency-retry"
    seam = "turns"
    dialects: tuple[str, ...] = ("anita",)
    caught_by: tuple[str, ...] = ("retry/lost-response",)

    def start(self, question: Question) -> Running:
        name = next((one.external_id for one in question.messages if one.external_id), None)
        under_way: set[tuple[str, str | None]] = self.__dict__.setdefault("under_way", set())
        key = (question.thread, name)
        running = super().start(replace(question, waits=False) if name and key in under_way else question)
        under_way.add(key)
        running.task.add_done_callback(lambda _: under_way.discard(key))
        return running

    def opening(self, connection: Connection, question: Question) -> Opening:
        try:
            return super().opening(connection, question)
        except Busy:
            asked = self.store.last_id(connection, question.thread)
            return Opening(self.prompt(connection, question), None, asked)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        before = question.answer_id and self.store.by_external_id(connection, question.thread, question.answer_id)
        if before:
            return before
        self.store.end_turn(connection, question.thread, question.turn)
        return self.store.append(connection, question.thread, [question.course.ends(connection, answer)])[0]


class DoubleSubmitTwoAnswers(IdempotencyInflightRunsTwice):
    """
    A turn that is sent twice at once is answered twice, and both answers are kept.
    """

    id = "double-submit-two-answers"
    group = "concurrency"
    caught_by = ("retry/same-turn-at-once",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        self.store.end_turn(connection, question.thread, question.turn)
        said = question.course.ends(connection, answer)
        taken = question.answer_id and self.store.by_external_id(connection, question.thread, question.answer_id)
        return self.store.append(connection, question.thread, [replace(said, external_id=None) if taken else said])[0]


class IdempotencyKeyGlobal(Turns):
    """
    An id that was used in one thread gets its answer in every other thread.
    """

    id = "idempotency-key-global"
    group = "idempotency-retry"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/ids-are-of-one-thread",)

    def asked(self, connection: Connection, question: Question, thread: object) -> Opening:
        if question.answer_id is not None:
            mine = (messages.c.external_id == question.answer_id) & (messages.c.role == "assistant")
            row = connection.execute(select(messages).where(mine)).first()
            if row is not None:
                return Opening(replay=self.store.as_message(row))
        return super().asked(connection, question, thread)  # type: ignore[arg-type]


class IdempotencyForgotten(SameIdDuplicates):
    """
    After some more messages a turn that is sent again is a new one.
    """

    id = "idempotency-forgotten"
    group = "idempotency-retry"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/lost-response",)

    def known(self, connection: Connection, question: Question, message: NewMessage) -> Message | None:
        found = Turns.known(self, connection, question, message)
        latest = list(self.store.messages_of(connection, question.thread))[-REMEMBERED:]
        return found if found is not None and any(one.id == found.id for one in latest) else None

    def store_answer(self, connection: Connection, question: Question, answer: object) -> Message:
        self.store.end_turn(connection, question.thread, question.turn)
        return super().store_answer(connection, question, answer)

    def check_answer_id(self, connection: Connection, question: Question) -> None:
        with suppress(Conflict):
            super().check_answer_id(connection, question)


class RetryAppendsToOldText(Turns):
    """
    What a failed attempt had said stands before the answer of the next one.
    """

    id = "retry-appends-to-old-text"
    group = "idempotency-retry"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/failed-turn-can-be-repeated",)

    def new_answer(self, question: Question) -> Answer:
        answer = super().new_answer(question)
        buffers: dict[tuple[str, str | None], list[str]] = self.__dict__.setdefault("buffers", {})
        if question.answer_id is not None:
            answer.pieces = buffers.setdefault((question.thread, question.answer_id), answer.pieces)
        return answer


class PoolExhausted500(Turns):
    """
    Turns beyond the size of a pool fail instead of waiting for their turn.
    """

    id = "pool-exhausted-500"
    group = "performance-leaks"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "conversations")
    caught_by = ("concurrency/many-open-streams",)

    places = 8
    taken = 0

    async def converse(self, question: Question, running: Running) -> None:
        if self.taken >= self.places:
            raise RuntimeError("QueuePool limit of size 8 overflow 0 reached")
        self.taken += 1
        try:
            await super().converse(question, running)
            await asyncio.sleep(0)
        finally:
            self.taken -= 1
