"""
Dialect anita: a FastAPI backend behind the Thesys C1 front end. `POST /chat` answers with raw text that is labelled as
an event stream; there is no terminal marker, so an answer that fails on its way is cut off.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from reference_server.core.errors import CoreError, Invalid
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.records import NewThread as StoredThread
from reference_server.core.turns import Event, Question, Running
from reference_server.core.upstream import Piece
from reference_server.dialects.failing import handle_failures, headers_of, status_of
from reference_server.dialects.paths import MessageId, ThreadId
from reference_server.dialects.streaming import Broken, Streamed

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["AnitaWire", "anita"]


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

    def question(self, body: ChatBody) -> Question:
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
        return Question(thread, [message], texts.identifier(body.responseId, "responseId"))

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
        return [self.message(one) for one in stored if one.role != "tool"]

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
        An error as status and body.
        """
        if isinstance(error, Invalid):
            place = ["body", *(error.field or "").split(".")]
            return JSONResponse({"detail": [{"type": "value_error", "loc": place, "msg": str(error)}]}, 422)
        return JSONResponse({"detail": str(error)}, self.status(error), headers_of(error))

    def status(self, error: CoreError) -> int:
        return status_of(error)

    def validation(self, errors: list[Any]) -> Response:
        """
        What pydantic found, without echoing what was sent.
        """
        detail = [{key: one[key] for key in ("type", "loc", "msg")} for one in errors]
        return JSONResponse({"detail": detail}, 422)

    def no_route(self, detail: str) -> dict[str, Any]:
        return {"detail": detail}

    def crash(self) -> dict[str, Any]:
        return {"detail": "Internal Server Error"}

    def deleted(self) -> Response:
        return Response(status_code=204)


def anita(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    wire = server.parts.anita(server)
    app = FastAPI(title="anita", openapi_url="/openapi.json", redirect_slashes=False)
    app.include_router(_turns(server, wire))
    app.include_router(_threads(server, wire))
    app.include_router(_messages(server, wire))
    handle_failures(app, wire)
    return app


def _turns(server: Server, wire: AnitaWire) -> APIRouter:
    router = APIRouter()

    @router.post("/chat")
    async def chat(body: ChatBody) -> Response:
        running = server.turns.start(wire.question(body))
        await running.begun()  # a failure before the first text still has a status
        return Streamed(wire.chunks(running), wire.media_type)

    @router.get("/health")
    async def health() -> Response:
        alive = await server.database.alive()
        state = "healthy" if alive else "unhealthy"
        services = {"database": state, "llm_api": "not checked"}
        body = {"status": state, "timestamp": wire.time(datetime.now().astimezone()), "services": services}
        return JSONResponse(body, 200 if alive else 503)

    return router


def _threads(server: Server, wire: AnitaWire) -> APIRouter:
    router = APIRouter()

    @router.get("/threads")
    async def list_threads() -> Response:
        return JSONResponse(wire.threads(await server.threads.all()))

    @router.post("/threads")
    async def create_thread(body: NewThread) -> Response:
        name = server.texts.identifier(body.id, "id") if body.id is not None else server.turns.store.message_id()
        if body.title is not None:
            server.texts.storable(body.title, "title")
        server.texts.document(body.metadata, "metadata")
        new = StoredThread(name, body.title, metadata=body.metadata)
        return JSONResponse(wire.thread(await server.threads.create(new)), 201)

    @router.get("/threads/{thread_id}")
    async def get_thread(thread_id: ThreadId) -> Response:
        return JSONResponse(wire.thread(await server.threads.get(thread_id)))

    @router.patch("/threads/{thread_id}")
    async def change_thread(thread_id: ThreadId, body: ThreadChanges) -> Response:
        if body.title is not None:
            server.texts.question(body.title, "title")
        server.texts.document(body.metadata, "metadata")
        return JSONResponse(wire.thread(await server.threads.change(thread_id, wire.changes(body))))

    @router.delete("/threads/{thread_id}")
    async def delete_thread(thread_id: ThreadId) -> Response:
        await server.threads.delete(thread_id)
        return wire.deleted()

    return router


def _messages(server: Server, wire: AnitaWire) -> APIRouter:
    router = APIRouter()

    @router.get("/threads/{thread_id}/messages")
    async def list_messages(thread_id: ThreadId) -> Response:
        return JSONResponse(wire.messages(await server.threads.messages(thread_id)))

    @router.patch("/messages/{message_id}")
    async def change_message(message_id: MessageId, body: MessageChanges, thread: str | None = None) -> Response:
        content = server.texts.question(body.content, "content")
        if thread is not None:
            server.texts.identifier(thread, "thread")
        return JSONResponse(wire.message(await server.threads.edit(message_id, thread, content)))

    return router
