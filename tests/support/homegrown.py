"""
A small server as people write it for themselves: conversations in memory, and a stream of JSON events of its own. It
can speak two dialects, and break the stream of each in two ways.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

from asked_model import pieces
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

__all__ = ["DIALECTS", "homegrown", "profile"]

Event = dict[str, Any]
TIME = "2026-01-01T00:00:00Z"


def _named(event: Event) -> bytes:
    """
    The typed event as one of SSE with a name.
    """
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _line(event: Event) -> bytes:
    return f"{json.dumps(event, ensure_ascii=False)}\n".encode()


DIALECTS: dict[str, tuple[Callable[[Event], bytes], str, str]] = {
    "events": (
        _named,
        "text/event-stream",
        """
        - {name: token, text: $.content}
        - {name: done, whole: $.answer, message: $.message_id, end: true}
        - {name: error, error: $.detail}
        - {name: started, thread: $.conversation_id}
        """,
    ),
    "lines": (
        _line,
        "application/x-ndjson",
        """
        - {where: {$.type: token}, text: $.content}
        - {where: {$.type: done}, message: $.message_id, end: true}
        - {where: {$.type: error}, error: $.detail}
        - {where: {$.type: started}, thread: $.conversation_id}
        """,
    ),
}
"""
How an event is written, what it is called, and what a profile says of them all.
"""


def profile(dialect: str, *, begun: bool = False) -> str:
    """
    The profile of the server in that dialect. Where conversations are `begun` by their first turn, its stream tells
    which one it is.
    """
    path, more = ("/ask", ', conversation_id: "${thread}"') if begun else ("/conversations/${thread}/ask", "")
    told, ids = ("\n    thread: stream", "server") if begun else ("", "client")
    framing = {"events": "json-sse", "lines": "json-lines"}[dialect]
    return f"""
profile: homegrown
title: Homegrown
ids: {{thread: {ids}}}
operations:
  chat:
    request: {{method: POST, path: "{path}", json: {{question: "${{text}}"{more}}}}}
    required: [text]{told}
    stream:
      framing: {framing}
      content_type: {DIALECTS[dialect][1]}
      events: {DIALECTS[dialect][2].rstrip()}
  list_messages:
    request: {{method: GET, path: "/conversations/${{thread}}"}}
    items: $.messages[*]
    fields: {{id: $.id, role: $.role, text: $.content, created_at: $.created_at}}
  delete_thread:
    request: {{method: DELETE, path: "/conversations/${{thread}}"}}
    status: [204]
policies: {{history: whole, readable_after: end-of-stream, extra_system_prompt: "no"}}
"""


class Homegrown:
    """
    Conversations by their id, and a model.
    """

    def __init__(self, model: str, dialect: str, defect: str | None) -> None:
        self._model = model
        self._write, self._kind, _ = DIALECTS[dialect]
        self._defect = defect
        self._kept: dict[str, list[Event]] = {}

    async def ask(self, request: Request) -> Response:
        asked = json.loads(await request.body() or b"null")
        question = asked.get("question") if isinstance(asked, dict) else None
        if not isinstance(question, str) or not question.strip():
            return JSONResponse({"detail": "a question is a text"}, 422)
        named = request.path_params.get("conversation_id") or asked.get("conversation_id") or str(uuid.uuid4())
        return StreamingResponse(self._streamed(named, question), media_type=self._kind)

    async def _streamed(self, named: str, question: str) -> AsyncIterator[bytes]:
        kept = self._kept.setdefault(named, [])
        kept.append(_message(kept, "user", question))
        answer = ""
        yield self._write({"type": "started", "conversation_id": named})
        held: list[bytes] = []
        async for piece in pieces(self._model, kept):
            answer += piece
            held.append(self._write({"type": "token", "content": piece}))
            if self._defect != "last-token-lost" or len(held) > 1:
                yield held.pop(0)
        kept.append(_message(kept, "assistant", answer))
        if self._defect != "no-end":
            yield self._write({"type": "done", "answer": answer, "message_id": kept[-1]["id"]})

    async def read(self, request: Request) -> Response:
        kept = self._kept.get(request.path_params["conversation_id"])
        return JSONResponse({"messages": kept} if kept is not None else {"detail": "unknown"}, 200 if kept else 404)

    async def deleted(self, request: Request) -> Response:
        gone = self._kept.pop(request.path_params["conversation_id"], None)
        return Response(status_code=404 if gone is None else 204)


def homegrown(dialect: str, defect: str | None = None) -> Callable[[str], Starlette]:
    """
    The server, to be made with the URL of its model.
    """

    def made(model: str) -> Starlette:
        server = Homegrown(model, dialect, defect)

        async def document(_: Request) -> Response:
            return JSONResponse(DOCUMENT)

        return Starlette(
            routes=[
                Route("/openapi.json", document),
                Route("/ask", server.ask, methods=["POST"]),
                Route("/conversations/{conversation_id}/ask", server.ask, methods=["POST"]),
                Route("/conversations/{conversation_id}", server.read),
                Route("/conversations/{conversation_id}", server.deleted, methods=["DELETE"]),
            ]
        )

    return made


def _message(kept: list[Event], role: str, content: str) -> Event:
    return {"id": f"m{len(kept)}", "role": role, "content": content, "created_at": TIME}


_QUESTION = {"type": "object", "properties": {"question": {"type": "string"}}, "required": ["question"]}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Homegrown"},
    "paths": {
        "/conversations/{conversation_id}/ask": {
            "post": {"requestBody": {"content": {"application/json": {"schema": _QUESTION}}}}
        },
        "/conversations/{conversation_id}": {"get": {}, "delete": {}},
    },
}
