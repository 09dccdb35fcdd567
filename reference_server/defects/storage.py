"""
What is kept, and what is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.store import Store
from reference_server.core.threads import Threads
from reference_server.core.turns import Opening, Question, Running, Turns
from reference_server.core.upstream import Piece, Upstream
from reference_server.defects.rows import remove_message
from reference_server.dialects.completions import CompletionsWire, Framing


class AssistantNeverStored(Turns):
    """
    Streams the answer and never stores it.
    """

    id = "assistant-never-stored"
    seam = "turns"
    caught_by = ("storage/turn-is-stored", "store/count-per-thread")

    async def keep(self, question: Question, answer: Answer) -> Message | None:
        return None


class UserNeverStored(Turns):
    """
    Stores only the answer.
    """

    id = "user-never-stored"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare", "assistants")
    caught_by = ("storage/turn-is-stored",)

    def opening(self, connection: Connection, question: Question) -> Opening:
        said = super().opening(connection, question)
        for message in question.messages:
            last = self.store.messages_of(connection, question.thread)[-1:]
            if last and last[0].content == message.content:
                remove_message(connection, last[0].id)
        return said


class UserStoredOnlyWithAnswer(Turns):
    """
    Stores the question in the same step as the answer, so that a turn that fails loses it.
    """

    id = "user-stored-only-with-answer"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare")
    caught_by = ("errors/upstream-failure-is-an-error",)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        def forget(connection: Connection) -> None:
            for message in self.store.messages_of(connection, question.thread)[-len(question.messages) :]:
                remove_message(connection, message.id)

        self.database.transaction(forget, True)
        return super().failed(question, error)


class EachDeltaStored(Turns):
    """
    Every piece of an answer becomes a message of its own.
    """

    id = "each-delta-stored"
    group = "streaming-accumulation"
    seam = "turns"
    caught_by = ("storage/turn-is-stored", "streaming/answer-is-accumulated-whole")

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        whole = answer.message()
        pieces = [replace(whole, content=text, external_id=None) for text in answer.pieces] or [whole]
        return self.store.append(connection, question.thread, pieces)[0]


class PlaceholderNeverFilled(Answer):
    """
    Makes an empty row for the answer and never fills it.
    """

    id = "placeholder-never-filled"
    seam = "answer"
    caught_by = ("storage/turn-is-stored",)

    def message(self) -> NewMessage:
        return replace(super().message(), content="")


class PlaceholderServedAsFinal(Turns):
    """
    An empty answer is listed as a message while the model is still answering.
    """

    id = "placeholder-served-as-final"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "assistants", "conversations")
    caught_by = ("storage/unfinished-answer-is-not-final",)

    def store_question(
        self, connection: Connection, question: Question, thread: Thread, new: Sequence[NewMessage]
    ) -> None:
        super().store_question(connection, question, thread, new)
        self.store.append(connection, question.thread, [NewMessage("assistant", "", question.answer_id)])

    def prompt(self, connection: Connection, question: Question) -> list[dict[str, object]]:
        return [message for message in super().prompt(connection, question) if message["content"] != ""]

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        empty = self.store.messages_of(connection, question.thread)[-1]
        remove_message(connection, empty.id)
        return super().store_answer(connection, question, answer)


class RoleSwapped(Store):
    """
    Questions are listed as the assistant's, answers as the user's.
    """

    id = "role-swapped"
    seam = "store"
    caught_by = ("storage/turn-is-stored", "order/oldest-first")

    def as_message(self, row: Sequence[object]) -> Message:
        message = super().as_message(row)
        other = {"user": "assistant", "assistant": "user"}
        return message._replace(role=other.get(message.role, message.role))


class ClientIdNotHonoured(Store):
    """
    The ids that the client chose are thrown away.
    """

    id = "client-id-not-honoured"
    group = "idempotency-retry"
    seam = "store"
    dialects = ("anita",)
    caught_by = ("storage/client-ids-are-kept", "store/messages-of-a-thread")

    def append(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        return super().append(connection, thread_id, [replace(one, external_id=None) for one in new])


class OneRouteDoesNotStore(CompletionsWire):
    """
    A turn that is not streamed is answered and then forgotten.
    """

    id = "one-route-does-not-store"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("storage/every-route-stores", "streaming/unstreamed-equals-streamed")

    def whole(self, answer: Answer, ended: object, framing: Framing) -> dict[str, object]:
        stored = getattr(ended, "message", None)
        if stored is not None:
            self.server.database.transaction(lambda held: remove_message(held, stored.id), True)
        return super().whole(answer, ended, framing)  # type: ignore[arg-type]


class ReasoningStoredAsAnswer(Upstream):
    """
    The model's reasoning is taken for a part of the answer.
    """

    id = "reasoning-stored-as-answer"
    seam = "upstream"
    caught_by = ("storage/reasoning-is-not-the-answer",)

    def text(self, delta: dict[str, object]) -> str:
        return str(delta.get("reasoning_content") or "") + super().text(delta)


class LongContentCutAtColumn(Store):
    """
    A text of more than 4,000 characters is cut without an error.
    """

    id = "long-content-cut-at-column"
    seam = "store"
    caught_by = ("storage/long-texts-are-kept",)

    def append(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        cut = [replace(one, content=one.content[:4000] if one.content else one.content) for one in new]
        return super().append(connection, thread_id, cut)


class LongContentTurnDropped(Turns):
    """
    An answer of more than 64 KB cannot be stored, and nobody hears of it.
    """

    id = "long-content-turn-dropped"
    seam = "turns"
    caught_by = ("storage/long-texts-are-kept",)

    async def keep(self, question: Question, answer: Answer) -> Message | None:
        return None if len(answer.text.encode()) > 65536 else await super().keep(question, answer)


class FinishReasonLost(Answer):
    """
    An answer that was cut for its length is passed on as one that ended by itself.
    """

    id = "finish-reason-lost"
    seam = "answer"
    dialects = ("completions", "shadflare", "assistants", "conversations")
    caught_by = ("streaming/finish-reason",)

    def take(self, piece: Piece) -> Piece:
        finish = "stop" if piece.finish == "length" else piece.finish
        return super().take(replace(piece, finish=finish))


class ThreadTimesInTwoZones(Store):
    """
    When a thread was made is stored in local time, when it was last changed in UTC.
    """

    id = "thread-times-in-two-zones"
    seam = "store"
    caught_by = ("store/list-of-threads",)

    def thread_row(self, new: NewThread) -> dict[str, Any]:
        row = super().thread_row(new)
        return {**row, "created_at": row["created_at"] + timedelta(hours=3)}


class UnansweredQuestionHidden(Threads):
    """
    A question is listed only when it has its answer.
    """

    id = "unanswered-question-hidden"
    seam = "threads"
    dialects = ("anita", "guide", "completions")
    caught_by = ("storage/question-is-stored-first",)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        found = await super().messages(thread_id, who)
        return found[:-1] if found and found[-1].role == "user" else found


class ThreadRowLost(Turns):
    """
    A turn ends with the thread's row gone and its messages there.
    """

    id = "thread-row-lost"
    seam = "turns"
    dialects = ("anita", "guide")
    caught_by = ("store/orphaned-messages",)

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        await super().finish(question, answer, running)
        await self.database.run(lambda _: None, write=True)  # a writer's turn
        with self.database.engine.connect() as connection:
            raw = connection.connection
            # What a schema without the foreign key would do.
            raw.execute("PRAGMA foreign_keys=OFF")
            raw.execute("DELETE FROM threads WHERE id = ?", (question.thread,))
            raw.execute("PRAGMA foreign_keys=ON")
