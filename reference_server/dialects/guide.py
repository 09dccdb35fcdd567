"""
Dialect guide: the C1 backend guide. `POST /api/chat` answers with raw text; a bearer token says who asks, and every
thread is somebody's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from reference_server.core.errors import CoreError, Forbidden, Invalid
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.turns import Event, Question, Running
from reference_server.core.upstream import Piece
from reference_server.dialects.callers import Caller, CallersFirst, know_callers
from reference_server.dialects.failing import handle_failures, headers_of, status_of
from reference_server.dialects.operating import operating
from reference_server.dialects.paths import ThreadId
from reference_server.dialects.streaming import Broken, Streamed

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["GuideWire", "guide"]


class ChatBody(BaseModel):
    thread_id: str
    message: str
    user_id: str | None = None


class ThreadBody(BaseModel):
    id: str | None = None
    title: str | None = None
    user_id: str | None = None
    metadata: dict[str, Any] | None = None


class ThreadChanges(BaseModel):
    title: str | None = None
    metadata: dict[str, Any] | None = None


class GuideWire:
    """
    How this dialect writes things.
    """

    media_type = "text/event-stream"

    def __init__(self, server: Server) -> None:
        self.server = server

    # -- what is asked

    def question(self, body: ChatBody, caller: Principal) -> Question:
        """
        A turn from its body. Raises `Invalid`, `Forbidden`.
        """
        who = self.asker(caller, body.user_id)
        texts = self.server.texts
        message = NewMessage(role="user", content=texts.question(body.message, "message"))
        return Question(texts.identifier(body.thread_id, "thread_id"), [message], who=who)

    def new_thread(self, body: ThreadBody, caller: Principal) -> NewThread:
        """
        A thread from its body. Raises `Invalid`, `Forbidden`.
        """
        who = self.asker(caller, body.user_id)
        texts = self.server.texts
        name = texts.identifier(body.id, "id") if body.id is not None else self.server.turns.store.message_id()
        self.check_described(body.title, body.metadata)
        return NewThread(name, body.title, metadata=body.metadata, owner=who.user, tenant=who.tenant)

    def asker(self, caller: Principal, named: str | None) -> Principal:
        """
        The token says who asks. A body that names somebody else is refused, never obeyed (C-18).
        """
        if named is not None and named != caller.user:
            raise Forbidden("the token is not this user's")
        return caller

    def changes(self, body: ThreadChanges) -> dict[str, Any]:
        """
        Only what the caller named. Raises `Invalid`.
        """
        if body.title is not None:
            self.server.texts.question(body.title, "title")
        self.check_described(body.title, body.metadata)
        return {name: getattr(body, name) for name in body.model_fields_set}

    def check_described(self, title: str | None, metadata: Any) -> None:
        if title is not None:
            self.server.texts.storable(title, "title")
        self.server.texts.document(metadata, "metadata")

    # -- the stream

    async def chunks(self, running: Running) -> AsyncIterator[bytes]:
        """
        The body: each piece of text as a chunk of its own.
        """
        async for event in running.events():
            for chunk in self.chunk(event):
                yield chunk

    def chunk(self, event: Event) -> list[bytes]:
        """
        What one event puts on the wire. Raises `Broken`: raw text has no word for a failure.
        """
        if isinstance(event, CoreError):
            raise Broken from event
        return [event.text.encode()] if isinstance(event, Piece) and event.text else []

    # -- threads and messages

    def threads(self, stored: list[Thread]) -> list[dict[str, Any]]:
        return [self.thread(one) for one in stored]

    def thread(self, one: Thread) -> dict[str, Any]:
        return {
            "id": one.id,
            "title": one.title or self.server.titles.default(),
            "user_id": one.owner,
            "metadata": one.metadata,
            "created_at": self.time(one.created_at),
            "updated_at": self.time(one.updated_at),
        }

    def messages(self, stored: list[Message]) -> list[dict[str, Any]]:
        return [self.message(one) for one in stored if one.role != "tool"]

    def message(self, one: Message) -> dict[str, Any]:
        return {
            "id": one.id,
            "thread_id": one.thread_id,
            "role": one.role,
            "content": one.content,
            "created_at": self.time(one.created_at),
        }

    def time(self, time: datetime) -> str:
        return time.isoformat(timespec="microseconds")

    # -- errors

    def error(self, error: CoreError) -> Response:
        """
        A sentence of ours; no driver's, no model's.
        """
        if isinstance(error, Invalid):
            place = ["body", *(error.field or "").split(".")]
            return JSONResponse({"detail": [{"type": "value_error", "loc": place, "msg": str(error)}]}, 422)
        return JSONResponse({"detail": self.sentence(error)}, status_of(error), headers_of(error))

    def sentence(self, error: CoreError) -> str:
        return str(error)

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


def guide(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    wire = server.parts.guide(server)
    app = FastAPI(title="guide", openapi_url="/openapi.json", redirect_slashes=False)
    know_callers(app, server.people)
    app.include_router(_turns(server, wire))
    app.include_router(_threads(server, wire))
    app.include_router(operating(server))
    handle_failures(app, wire)
    return app


def _turns(server: Server, wire: GuideWire) -> APIRouter:
    router = APIRouter(route_class=CallersFirst)

    @router.post("/api/chat")
    async def chat(caller: Caller, body: ChatBody) -> Response:
        running = server.turns.start(wire.question(body, caller))
        await running.begun()  # a failure before the first text still has a status
        return Streamed(wire.chunks(running), wire.media_type)

    return router


def _threads(server: Server, wire: GuideWire) -> APIRouter:
    router = APIRouter(route_class=CallersFirst)

    @router.get("/api/threads")
    async def list_threads(caller: Caller) -> Response:
        return JSONResponse(wire.threads(await server.threads.all(caller)))

    @router.post("/api/threads")
    async def create_thread(caller: Caller, body: ThreadBody) -> Response:
        return JSONResponse(wire.thread(await server.threads.create(wire.new_thread(body, caller))), 201)

    @router.get("/api/threads/{thread_id}")
    async def get_thread(caller: Caller, thread_id: ThreadId) -> Response:
        return JSONResponse(wire.thread(await server.threads.get(thread_id, caller)))

    @router.patch("/api/threads/{thread_id}")
    async def change_thread(caller: Caller, thread_id: ThreadId, body: ThreadChanges) -> Response:
        return JSONResponse(wire.thread(await server.threads.change(thread_id, wire.changes(body), caller)))

    @router.delete("/api/threads/{thread_id}")
    async def delete_thread(caller: Caller, thread_id: ThreadId) -> Response:
        await server.threads.delete(thread_id, caller)
        return Response(status_code=204)

    @router.get("/api/threads/{thread_id}/messages")
    async def list_messages(caller: Caller, thread_id: ThreadId) -> Response:
        return JSONResponse(wire.messages(await server.threads.messages(thread_id, caller)))

    return router
