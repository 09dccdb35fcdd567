"""
Dialect anita: a FastAPI backend behind the Thesys C1 front end. `POST /chat` answers with raw text that is labelled as
an event stream; there is no terminal marker, so an answer that fails on its way is cut off.

The header `x-teacher-id` names the teacher whose threads are meant; without it they are nobody's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from reference_server.core.errors import (
    Busy,
    Conflict,
    CoreError,
    Forbidden,
    Invalid,
    Limited,
    NotFound,
    Unavailable,
    UpstreamFailed,
)
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.records import NewThread as StoredThread
from reference_server.core.turns import Event, Question, Running
from reference_server.core.upstream import Piece
from reference_server.dialects.callers import Teacher, know_callers
from reference_server.dialects.failing import handle_failures, headers_of, status_of
from reference_server.dialects.operating import operating
from reference_server.dialects.paths import MessageId, ThreadId
from reference_server.dialects.streaming import Broken, Streamed

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["AnitaWire", "anita"]

CODES: Final[Mapping[type[CoreError], str]] = {
    Conflict: "conflict",
    Busy: "thread_busy",
    Limited: "rate_limited",
    Unavailable: "unavailable",
    UpstreamFailed: "upstream_failed",
}


class PromptBody(BaseModel):
    role: str
    content: str
    id: str


class ChatBody(BaseModel):
    prompt: PromptBody
    threadId: str  # noqa: N815 # the wire's name
    responseId: str  # noqa: N815


class NewThread(BaseModel):
    id: str | None = None
    title: str | None = None
    metadata: dict[str, Any] | None = None


class ThreadChanges(BaseModel):
    title: str | None = None
    metadata: dict[str, Any] | None = None


class MessageChanges(BaseModel):
    content: str


class AnitaWire:
    """
    How this dialect writes things.
    """

    media_type = "text/event-stream"

    def __init__(self, server: Server) -> None:
        self.server = server

    def question(self, body: ChatBody, teacher: Principal) -> Question:
        """
        A turn from its body. Raises `Invalid`.
        """
        texts, prompt = self.server.texts, body.prompt
        if prompt.role != "user":
            raise Invalid("only the user asks", "prompt.role")
        message = NewMessage(
            role=prompt.role,
            content=texts.question(prompt.content, "prompt.content"),
            external_id=texts.identifier(prompt.id, "prompt.id"),
        )
        thread = texts.identifier(body.threadId, "threadId")
        return Question(thread, [message], texts.identifier(body.responseId, "responseId"), who=teacher)

    async def chunks(self, running: Running) -> AsyncIterator[bytes]:
        """
        The body: each piece of text as a chunk of its own.
        """
        async for event in running.events():
            for chunk in self.chunk(event):
                yield chunk

    def chunk(self, event: Event) -> list[bytes]:
        """
        What one event puts on the wire. Raises `Broken` where the answer cannot be finished.
        """
        if isinstance(event, CoreError):
            return self.broken(event)
        return [event.text.encode()] if isinstance(event, Piece) and event.text else []

    def broken(self, error: CoreError) -> list[bytes]:
        raise Broken from error

    def messages(self, stored: list[Message]) -> list[dict[str, Any]]:
        return [self.message(one) for one in stored if self.shown(one)]

    def shown(self, one: Message) -> bool:
        """
        The calls of functions and their results are kept for the model, and shown to nobody.
        """
        return one.role != "tool" and (one.content is not None or not one.tool_calls)

    def message(self, one: Message) -> dict[str, Any]:
        return {"id": one.public_id, "role": one.role, "content": one.content, "created_at": self.time(one.created_at)}

    def threads(self, stored: list[Thread]) -> list[dict[str, Any]]:
        return [self.thread(one) for one in stored]

    def thread(self, one: Thread) -> dict[str, Any]:
        return {
            "id": one.id,
            "title": one.title or self.server.titles.default(),
            "metadata": one.metadata,
            "created_at": self.time(one.created_at),
            "updated_at": self.time(one.updated_at),
        }

    def time(self, time: datetime) -> str:
        return time.isoformat(timespec="microseconds")

    def changes(self, body: ThreadChanges) -> dict[str, Any]:
        """
        Only what the caller named.
        """
        return {name: getattr(body, name) for name in body.model_fields_set}

    def error(self, error: CoreError) -> Response:
        """
        An error as status and body. Another teacher's thread is a thread that is not there.
        """
        if isinstance(error, Invalid):
            place = ["body", *(error.field or "").split(".")]
            return self.invalid([{"type": "value_error", "loc": place, "msg": str(error)}])
        if isinstance(error, Forbidden):
            error = NotFound("there is no thread with this id", "thread")
        body = {"detail": str(error), "code": self.code(error)}
        return JSONResponse(body, self.status(error), headers_of(error))

    def code(self, error: CoreError) -> str:
        """
        What a program reads where people read the sentence.
        """
        if isinstance(error, NotFound):
            return f"{error.what}_not_found" if error.what else "not_found"
        return CODES.get(type(error), "error")

    def invalid(self, problems: list[dict[str, Any]]) -> Response:
        return JSONResponse({"detail": problems, "code": "invalid_request"}, 422)

    def status(self, error: CoreError) -> int:
        return status_of(error)

    def validation(self, errors: list[Any]) -> Response:
        """
        What pydantic found, without echoing what was sent.
        """
        return self.invalid([{key: one[key] for key in ("type", "loc", "msg")} for one in errors])

    def no_route(self, detail: str) -> dict[str, Any]:
        return {"detail": detail, "code": detail.lower().replace(" ", "_")}

    def crash(self) -> dict[str, Any]:
        return {"detail": "Internal Server Error", "code": "internal_error"}

    def deleted(self) -> Response:
        return Response(status_code=204)


def anita(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    wire = server.parts.anita(server)
    app = FastAPI(title="anita", openapi_url="/openapi.json", redirect_slashes=False)
    know_callers(app, server.people)
    app.include_router(_turns(server, wire))
    app.include_router(_threads(server, wire))
    app.include_router(_messages(server, wire))
    app.include_router(operating(server))
    handle_failures(app, wire)
    return app


def _turns(server: Server, wire: AnitaWire) -> APIRouter:
    router = APIRouter()

    @router.post("/chat")
    async def chat(teacher: Teacher, body: ChatBody) -> Response:
        running = server.turns.start(wire.question(body, teacher))
        await running.begun()  # a failure before the first text still has a status
        return Streamed(wire.chunks(running), wire.media_type)

    return router


def _threads(server: Server, wire: AnitaWire) -> APIRouter:
    router = APIRouter()

    @router.get("/threads")
    async def list_threads(teacher: Teacher) -> Response:
        return JSONResponse(wire.threads(await server.threads.all(teacher)))

    @router.post("/threads")
    async def create_thread(teacher: Teacher, body: NewThread) -> Response:
        name = server.texts.identifier(body.id, "id") if body.id is not None else server.turns.store.message_id()
        if body.title is not None:
            server.texts.storable(body.title, "title")
        server.texts.document(body.metadata, "metadata")
        owner, tenant = teacher.user or None, teacher.tenant or None
        new = StoredThread(name, body.title, metadata=body.metadata, owner=owner, tenant=tenant)
        return JSONResponse(wire.thread(await server.threads.create(new)), 201)

    @router.get("/threads/{thread_id}")
    async def get_thread(teacher: Teacher, thread_id: ThreadId) -> Response:
        return JSONResponse(wire.thread(await server.threads.get(thread_id, teacher)))

    @router.patch("/threads/{thread_id}")
    async def change_thread(teacher: Teacher, thread_id: ThreadId, body: ThreadChanges) -> Response:
        if body.title is not None:
            server.texts.question(body.title, "title")
        server.texts.document(body.metadata, "metadata")
        return JSONResponse(wire.thread(await server.threads.change(thread_id, wire.changes(body), teacher)))

    @router.delete("/threads/{thread_id}")
    async def delete_thread(teacher: Teacher, thread_id: ThreadId) -> Response:
        await server.threads.delete(thread_id, teacher)
        return wire.deleted()

    return router


def _messages(server: Server, wire: AnitaWire) -> APIRouter:
    router = APIRouter()

    @router.get("/threads/{thread_id}/messages")
    async def list_messages(teacher: Teacher, thread_id: ThreadId) -> Response:
        return JSONResponse(wire.messages(await server.threads.messages(thread_id, teacher)))

    @router.patch("/messages/{message_id}")
    async def change_message(
        teacher: Teacher, message_id: MessageId, body: MessageChanges, thread: str | None = None
    ) -> Response:
        content = server.texts.question(body.content, "content")
        if thread is not None:
            server.texts.identifier(thread, "thread")
        return JSONResponse(wire.message(await server.threads.edit(message_id, thread, content, teacher)))

    return router
