"""
Failures that look like something else, and requests that should have been refused.
"""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection

from reference_server.core.errors import CoreError, Invalid, NotFound, UpstreamFailed
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.store import Store
from reference_server.core.texts import LONGEST_ID, Texts
from reference_server.core.threads import Threads
from reference_server.core.turns import Ended, Question, Running, Turns
from reference_server.core.upstream import Piece
from reference_server.dialects.anita import AnitaWire, ChatBody
from reference_server.dialects.completions import ChatBody as CompletionBody
from reference_server.dialects.completions import CompletionsWire


class ErrorAs200Json(CompletionsWire):
    """
    An error is a 200 with an error inside.
    """

    id = "error-as-200-json"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("errors/upstream-failure-is-an-error",)

    def status(self, error: CoreError) -> int:
        return 200 if isinstance(error, UpstreamFailed) else super().status(error)


class ErrorAsAssistantText(Turns):
    """
    The text of an error is the answer.
    """

    id = "error-as-assistant-text"
    seam = "turns"
    caught_by = ("errors/upstream-failure-is-an-error", "recall/failed-answer-is-not-recalled")

    async def converse(self, question: Question, running: Running) -> None:
        try:
            await super().converse(question, running)
        except UpstreamFailed as error:
            text = f"Sorry, something went wrong: {error}"
            new = [NewMessage("assistant", text, question.answer_id)]
            stored = await self.database.run(lambda held: self.store.append(held, question.thread, new), write=True)
            running.tell(Piece(text))
            running.tell(Ended(stored[0], "stop", None))


class Upstream429As200(Turns):
    """
    A model that is busy gives an empty answer with status 200.
    """

    id = "upstream-429-as-200"
    group = "rate-limit"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare", "conversations")
    caught_by = ("errors/upstream-failure-is-an-error",)

    async def converse(self, question: Question, running: Running) -> None:
        try:
            await super().converse(question, running)
        except UpstreamFailed as error:
            if error.status != 429:
                raise
            running.tell(Ended(None, "stop", None))


class ErrorSticks(Turns):
    """
    A thread in which a turn has failed never answers again.
    """

    id = "error-sticks"
    seam = "turns"
    caught_by = ("errors/server-recovers",)

    async def converse(self, question: Question, running: Running) -> None:
        if question.thread in self.__dict__.setdefault("broken", set()):
            raise UpstreamFailed("this conversation has failed")
        await super().converse(question, running)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        if isinstance(error, UpstreamFailed):
            self.__dict__.setdefault("broken", set()).add(question.thread)
        return super().failed(question, error)


class RetryReturnsPreviousAnswer(Turns):
    """
    After a failure, the next question gets the answer before it.
    """

    id = "retry-returns-previous-answer"
    group = "idempotency-retry"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare", "assistants")
    caught_by = ("retry/new-question-gets-a-new-answer", "errors/server-recovers")

    async def converse(self, question: Question, running: Running) -> None:
        failed: set[str] = self.__dict__.setdefault("broken", set())
        if question.thread in failed:
            failed.discard(question.thread)
            await self.open(question)
            stored = await self.database.run(lambda held: self.store.messages_of(held, question.thread), write=False)
            answers = [one for one in stored if one.role == "assistant"]
            if answers:
                running.tell(Piece(answers[-1].content or ""))
                running.tell(Ended(answers[-1], "stop", None))
                return
        await super().converse(question, running)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        if isinstance(error, UpstreamFailed):
            self.__dict__.setdefault("broken", set()).add(question.thread)
        return super().failed(question, error)


class InternalsLeaked(Texts):
    """
    A refusal quotes the statement and the driver.
    """

    id = "internals-leaked"
    seam = "texts"
    caught_by = ("errors/no-internals-in-errors",)

    def storable(self, text: str, field: str) -> None:
        try:
            super().storable(text, field)
        except Invalid:
            raise Invalid("(psycopg.DataError) [SQL: INSERT INTO messages (content) VALUES (?)]", field) from None


class EmptyMessageAccepted(Texts):
    """
    A blank question is a question.
    """

    id = "empty-message-accepted"
    seam = "texts"
    caught_by = ("errors/blank-text",)

    def question(self, text: str, field: str) -> str:
        self.storable(text, field)
        return text


class BadId500(Store):
    """
    Ids are taken for UUIDs, and any other id is a crash.
    """

    id = "bad-id-500"
    seam = "store"
    dialects = ("anita", "guide", "completions")
    caught_by = ("threads/any-id-is-an-id",)

    def select_thread(self, thread_id: str) -> Any:
        if not thread_id.replace("-", "").isalnum() or not thread_id.isascii():
            raise ValueError(f"invalid input syntax for type uuid: {thread_id!r}")
        return super().select_thread(thread_id)


class UnknownThread500(AnitaWire):
    """
    A thread that does not exist is a crash.
    """

    id = "unknown-thread-500"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("errors/unknown-thread-is-missing",)

    def error(self, error: CoreError) -> Response:
        if isinstance(error, NotFound):
            return JSONResponse({"detail": "'NoneType' object has no attribute 'user_id'"}, 500)
        return super().error(error)


class RoleInjection(AnitaWire):
    """
    Whatever role a client names is stored.
    """

    id = "role-injection"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("errors/unknown-roles-are-refused",)

    def question(self, body: ChatBody, teacher: Principal) -> Question:
        body.prompt.role = "user"
        return super().question(body, teacher)


class ThreadMissingInList(AnitaWire):
    """
    A thread that a turn has made is not listed.
    """

    id = "thread-missing-in-list"
    group = "pagination-listing"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("threads/turn-makes-the-thread",)

    def threads(self, stored: list[Thread]) -> list[dict[str, Any]]:
        return [shown for one, shown in zip(stored, super().threads(stored), strict=True) if not one.title_is_default]


class ValidationIsACrash(AnitaWire):
    """
    A request that lacks what it must have is a crash.
    """

    id = "validation-is-a-crash"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("errors/invalid-requests-are-refused", "errors/bad-bodies-are-refused")

    def validation(self, errors: list[Any]) -> Response:
        return JSONResponse({"detail": "Internal Server Error"}, 500)


class ValidationCrashesCompletions(CompletionsWire):
    """
    A body that is no JSON is a crash.
    """

    id = "malformed-json-500"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("errors/bad-bodies-are-refused",)

    def validation(self, errors: list[Any]) -> Response:
        return JSONResponse(self.openai_error("Internal Server Error", "server_error"), 500)


class ForeignErrorShape(CompletionsWire):
    """
    An unknown route answers in the framework's own shape.
    """

    id = "unknown-route-foreign-shape"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("errors/unknown-routes-have-the-shape",)

    def no_route(self, detail: str) -> dict[str, Any]:
        return {"detail": detail}


class MessageIdNotThreadScoped(Threads):
    """
    A message is found by its id alone, whatever thread is named.
    """

    id = "message-id-not-thread-scoped"
    group = "auth-tenancy"
    seam = "threads"
    dialects = ("anita",)
    caught_by = ("errors/unknown-message-is-missing",)

    def edited(
        self,
        connection: Connection,
        message_id: str,
        thread_id: str | None,
        content: str,
        who: Principal | None,
    ) -> Message:
        owners = self.store.threads_with_message(connection, message_id)
        return super().edited(connection, message_id, owners[0] if owners else thread_id, content, who)


class LongIdsCut(Texts):
    """
    An id that is too long is cut, and its request done.
    """

    id = "long-ids-cut"
    seam = "texts"
    dialects = ("anita",)
    caught_by = ("errors/bad-input-is-refused", "errors/bad-input-is-not-stored")

    def identifier(self, text: str, field: str) -> str:
        return super().identifier(text[:LONGEST_ID], field)


class WrongMethodUnexplained(AnitaWire):
    """
    A method that an address does not have is refused without a body.
    """

    id = "wrong-method-unexplained"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("errors/wrong-methods-are-refused",)

    def no_route(self, detail: str) -> dict[str, Any]:
        return {}


class NoDefaultModel(CompletionsWire):
    """
    A turn that names no model is refused.
    """

    id = "no-default-model"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("upstream/default-model",)

    def question(self, thread: str, body: CompletionBody) -> Question:
        if "model" not in body.model_fields_set:
            raise Invalid("must be given", "model")
        return super().question(thread, body)
