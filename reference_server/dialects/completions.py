"""
Dialect completions: OpenAI's chat completions with the thread in the address, and only the new messages in the body.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError, Invalid
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.turns import Ended, Event, Question, Running
from reference_server.core.upstream import Piece
from reference_server.dialects.envelope import Enveloped
from reference_server.dialects.failing import handle_failures
from reference_server.dialects.paths import ThreadId
from reference_server.dialects.streaming import Streamed

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["CompletionsWire", "completions"]

MODELS: Final = ("gpt-4", "gpt-4o", "gpt-4o-mini")
LONGEST_PAGE: Final = 1000
Role = Literal["system", "developer", "user", "assistant", "tool"]


class FunctionBody(BaseModel):
    name: str
    arguments: str


class ToolCallBody(BaseModel):
    id: str
    type: Literal["function"] = "function"
    function: FunctionBody


class MessageBody(BaseModel, extra="allow"):
    """
    What else a client sends of a message is passed over; it is read like all of the body, and must be storable.
    """

    role: Role
    content: str | list[dict[str, Any]] | None = None
    name: str | None = None
    tool_calls: list[ToolCallBody] | None = None
    tool_call_id: str | None = None
    metadata: dict[str, Any] | None = None


class StreamOptions(BaseModel):
    include_usage: bool = False


class Options(BaseModel):
    """
    What is passed on to the model as it came: of the right type, or refused here and not in the middle of a turn.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    seed: int | None = None
    response_format: dict[str, Any] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    user: str | None = None
    parallel_tool_calls: bool | None = None


class ChatBody(Options):
    messages: list[MessageBody] = Field(min_length=1)
    model: str = "gpt-4"
    stream: bool = False
    stream_options: StreamOptions | None = None


class ThreadBody(BaseModel):
    id: str | None = None
    system_message: str | None = None
    metadata: dict[str, Any] | None = None


@dataclass(slots=True)
class Framing:
    """
    What all chunks of one answer have in common, and what came so far.
    """

    model: str
    usage: bool
    id: str = field(default_factory=lambda: f"chatcmpl-{time.time_ns():x}")
    created: int = field(default_factory=lambda: int(time.time()))
    began: bool = False


class CompletionsWire(Enveloped):
    """
    How this dialect writes things.
    """

    media_type = "text/event-stream"

    def __init__(self, server: Server) -> None:
        self.server = server

    # -- requests

    def question(self, thread: str, body: ChatBody) -> Question:
        """
        A turn from its body. A system message counts for this call and is not stored. Raises `Invalid`.
        """
        systems = [one for one in body.messages if one.role in ("system", "developer")]
        spoken = [self.new_message(one) for one in body.messages if one not in systems]
        if not spoken:
            raise Invalid("there is no new message besides the system's", "messages")
        system = "\n".join(self.content(one) or "" for one in systems) if systems else None
        options = body.model_dump(include=set(Options.model_fields), exclude_unset=True)
        self.server.texts.document([body.model, system, options], "body")
        return Question(self.identifier(thread), spoken, None, system, body.model, options)

    def identifier(self, thread: str) -> str:
        return self.server.texts.identifier(thread, "thread_id")

    def new_message(self, body: MessageBody) -> NewMessage:
        """
        A message to be stored. Raises `Invalid`.
        """
        text = self.content(body)
        if text is None and not body.tool_calls:
            raise Invalid("must not be null without tool calls", "messages.content")
        if text is not None:
            rule = self.server.texts.storable if body.tool_calls or body.role == "tool" else self.server.texts.question
            rule(text, "messages.content")
        if body.role == "tool" and not body.tool_call_id:
            raise Invalid("a tool's message needs a tool_call_id", "messages.tool_call_id")
        raw = body.model_dump(exclude={"content"})
        self.server.texts.document(raw, "messages")
        return NewMessage(body.role, text, None, body.name, raw["tool_calls"] or None, body.tool_call_id, body.metadata)

    def content(self, body: MessageBody) -> str | None:
        """
        The text; parts are joined.
        """
        if not isinstance(body.content, list):
            return body.content
        texts = [part.get("text") for part in body.content if part.get("type") == "text"]
        if len(texts) < len(body.content) or not all(isinstance(text, str) for text in texts):
            raise Invalid("only text parts are supported", "messages.content")
        return "".join(str(text) for text in texts)

    # -- answers

    async def chunks(self, running: Running, framing: Framing) -> AsyncIterator[bytes]:
        """
        The body of a streamed answer.
        """
        async for event in running.events():
            for chunk in self.chunk(event, framing):
                yield chunk

    def chunk(self, event: Event, framing: Framing) -> list[bytes]:
        """
        What one event puts on the wire; a failure is told in the stream, and no `[DONE]` follows it.
        """
        if isinstance(event, CoreError):
            return self.broken(event)
        if isinstance(event, Ended):
            return self.ending(event, framing)
        delta = self.delta(event, framing)
        return [self.event(self.frame(framing, delta))] if delta else []

    def delta(self, piece: Piece, framing: Framing) -> dict[str, Any]:
        delta: dict[str, Any] = {}
        if not framing.began and (piece.text or piece.tool_calls):
            framing.began = True
            delta = {"role": "assistant", "content": ""}
        if piece.text:
            delta["content"] = piece.text
        if piece.tool_calls:
            delta["tool_calls"] = piece.tool_calls
        return delta

    def ending(self, ended: Ended, framing: Framing) -> list[bytes]:
        last = self.frame(framing, {}, ended.finish or "stop")
        usage = [self.event({**self.frame(framing), "choices": [], "usage": ended.usage})] if framing.usage else []
        return [self.event(last), *usage, self.done()]

    def done(self) -> bytes:
        return b"data: [DONE]\n\n"

    def broken(self, error: CoreError) -> list[bytes]:
        return [self.event(self.envelope(error))]

    def frame(self, framing: Framing, delta: dict[str, Any] | None = None, finish: str | None = None) -> dict[str, Any]:
        frame: dict[str, Any] = {
            "id": framing.id,
            "object": "chat.completion.chunk",
            "created": framing.created,
            "model": framing.model,
            "choices": [{"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}],
        }
        return {**frame, "usage": None} if framing.usage else frame

    def event(self, data: dict[str, Any]) -> bytes:
        return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()

    async def completion(self, running: Running, framing: Framing) -> dict[str, Any]:
        """
        The answer in one piece. Raises what went wrong.
        """
        answer, ended = Answer(self.server.texts, None), None
        async for event in running.events():
            if isinstance(event, CoreError):
                raise event
            if isinstance(event, Ended):
                ended = event
            else:
                answer.take(event)
        return self.whole(answer, ended, framing)

    def whole(self, answer: Answer, ended: Ended | None, framing: Framing) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": answer.message().content, "refusal": None}
        if answer.tool_calls:
            message["tool_calls"] = answer.tool_calls
        finish = ended.finish if ended and ended.finish else "stop"
        return {
            "id": framing.id,
            "object": "chat.completion",
            "created": framing.created,
            "model": framing.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
            "usage": (ended.usage if ended else None) or {},
        }

    # -- threads and messages

    def thread(self, one: Thread) -> dict[str, Any]:
        return {
            "id": one.id,
            "object": "thread",
            "created_at": int(one.created_at.timestamp()),
            "metadata": one.metadata,
            "system_message": one.system_message,
        }

    def message(self, one: Message) -> dict[str, Any]:
        return {
            "id": one.id,
            "object": "thread.message",
            "created_at": int(one.created_at.timestamp()),
            "thread_id": one.thread_id,
            "role": one.role,
            "content": one.content,
            "name": one.name,
            "tool_calls": one.tool_calls,
            "tool_call_id": one.tool_call_id,
            "metadata": one.metadata,
        }

    def page(self, stored: list[Message], order: str, after: str | None, limit: int | None) -> dict[str, Any]:
        """
        The messages behind the cursor, at most `limit`. Raises `Invalid` for a cursor of another thread.
        """
        ordered = stored if order == "asc" else stored[::-1]
        behind = ordered[self.place_after(ordered, after) :]
        data = [self.message(one) for one in behind[:limit]]
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
        return {"object": "list", "data": data, **ends, "has_more": len(data) < len(behind)}

    def check_limit(self, limit: int | None) -> None:
        """
        Raises `Invalid`.
        """
        if limit is not None and not 1 <= limit <= LONGEST_PAGE:
            raise Invalid(f"must be from 1 to {LONGEST_PAGE}", "limit")

    def place_after(self, ordered: list[Message], after: str | None) -> int:
        if after is None:
            return 0
        found = next((place for place, one in enumerate(ordered) if one.id == after), None)
        if found is None:
            raise Invalid("is no message of this thread", "after")
        return found + 1


def completions(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    wire = server.parts.completions(server)
    app = FastAPI(title="completions", openapi_url="/openapi.json", redirect_slashes=False)
    app.include_router(_turns(server, wire))
    app.include_router(_messages(server, wire))
    app.include_router(_rest(server))
    handle_failures(app, wire)
    return app


def _turns(server: Server, wire: CompletionsWire) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/threads/{thread_id}/chat/completions")
    async def chat(thread_id: ThreadId, body: ChatBody) -> Response:
        running = server.turns.start(wire.question(thread_id, body))
        framing = Framing(body.model, bool(body.stream_options and body.stream_options.include_usage))
        await running.begun()  # a failure before the first text still has a status
        if body.stream:
            return Streamed(wire.chunks(running, framing), wire.media_type)
        return JSONResponse(await wire.completion(running, framing))

    @router.post("/v1/threads")
    async def create_thread(body: ThreadBody) -> Response:
        name = wire.identifier(body.id) if body.id is not None else server.turns.store.message_id()
        if body.system_message is not None:
            server.texts.question(body.system_message, "system_message")
        server.texts.document(body.metadata, "metadata")
        new = NewThread(name, None, body.system_message, body.metadata)
        return JSONResponse(wire.thread(await server.threads.create(new)))

    return router


def _messages(server: Server, wire: CompletionsWire) -> APIRouter:
    router = APIRouter()

    @router.get("/v1/threads/{thread_id}/messages")
    async def list_messages(
        thread_id: ThreadId, limit: int | None = None, after: str | None = None, order: Literal["asc", "desc"] = "asc"
    ) -> Response:
        wire.check_limit(limit)
        return JSONResponse(wire.page(await server.threads.messages(thread_id), order, after, limit))

    @router.post("/v1/threads/{thread_id}/messages")
    async def add_message(thread_id: ThreadId, body: MessageBody) -> Response:
        added = await server.threads.add(wire.identifier(thread_id), [wire.new_message(body)])
        return JSONResponse(wire.message(added[0]))

    @router.delete("/v1/threads/{thread_id}/messages")
    async def clear_messages(thread_id: ThreadId) -> Response:
        await server.threads.clear(thread_id)
        return JSONResponse({"id": thread_id, "object": "thread.messages.deleted", "deleted": True})

    return router


def _rest(server: Server) -> APIRouter:
    router = APIRouter()

    @router.get("/v1/models")
    @router.get("/v1/threads/{thread_id}/models")  # where the official client looks, whose base URL names the thread
    async def models() -> Response:
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "reference"} for name in MODELS]
        return JSONResponse({"object": "list", "data": data})

    @router.get("/health")
    async def health() -> Response:
        alive = await server.database.alive()
        return JSONResponse({"status": "ok" if alive else "unavailable"}, 200 if alive else 503)

    return router
