"""
A small server that speaks as AgentOS of agno 3.1.10 does, behind the OpenAPI document that this one publishes: turns
are forms, their stream has events of its own, a session begins with its first turn, deleting always succeeds.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from asked_model import pieces
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

__all__ = ["agentos"]

DOCUMENT = Path(__file__).parents[2] / "fixtures" / "openapi" / "agno-agentos.json"
TIME = "2026-01-01T00:00:00Z"


class AgentOs:
    """
    Sessions in memory, and a model.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._sessions: dict[str, list[dict[str, Any]]] = {}

    async def run(self, request: Request) -> Response:
        """
        A turn, streamed where nobody says otherwise.
        """
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return JSONResponse({"detail": [{"loc": ["body", "message"], "msg": "Field required"}]}, 422)
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        text = form.get("message")
        if not text:
            return JSONResponse({"detail": [{"loc": ["body", "message"], "msg": "Field required"}]}, 422)
        session = str(form.get("session_id") or uuid.uuid4())
        told = self._sessions.setdefault(session, [])
        told.append(_message("user", text))
        if form.get("stream", "true") == "true":
            return StreamingResponse(self._events(session, told), media_type="text/event-stream")
        answer = "".join([piece async for piece in pieces(self._model, told)])
        told.append(_message("assistant", answer))
        return JSONResponse({"run_id": str(uuid.uuid4()), "session_id": session, "content": answer, "messages": []})

    async def _events(self, session: str, told: list[dict[str, Any]]) -> AsyncIterator[bytes]:
        answer = ""
        yield _event("RunStarted", session)
        async for piece in pieces(self._model, told):
            answer += piece
            yield _event("RunContent", session, content=piece)
        told.append(_message("assistant", answer))
        yield _event("RunContentCompleted", session)
        yield _event("RunCompleted", session, content=answer, metrics={"output_tokens": len(answer.split())})

    async def made(self, request: Request) -> Response:
        body = await request.json()
        session = body.get("session_id") or str(uuid.uuid4())
        if session in self._sessions:
            return JSONResponse({"detail": "it exists"}, 409)
        self._sessions[session] = []
        return JSONResponse(self._shown(session), 201)

    async def listed(self, _: Request) -> Response:
        sessions = [{"session_id": one, "session_name": one, "created_at": TIME} for one in self._sessions]
        return JSONResponse({"data": sessions, "meta": {"page": 1, "total_count": len(sessions)}})

    async def read(self, request: Request) -> Response:
        session = request.path_params["session_id"]
        if session not in self._sessions:
            return JSONResponse({"detail": f"Session with id '{session}' not found"}, 404)
        return JSONResponse(self._shown(session))

    async def deleted(self, request: Request) -> Response:
        self._sessions.pop(request.path_params["session_id"], None)
        return Response(status_code=204)

    def _shown(self, session: str) -> dict[str, Any]:
        history = self._sessions[session]
        return {"agent_session_id": session, "session_id": session, "session_name": session, "chat_history": history}


def agentos(model: str) -> Starlette:
    """
    The server, with the URL of its model.
    """
    served = AgentOs(model)

    async def document(request: Request) -> Response:
        return Response(DOCUMENT.read_bytes(), media_type="application/json")

    async def agents(request: Request) -> Response:
        return JSONResponse([{"id": "echo", "name": "echo"}])

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/openapi.json", document),
            Route("/health", health),
            Route("/agents", agents),
            Route("/agents/echo/runs", served.run, methods=["POST"]),
            Route("/sessions", served.made, methods=["POST"]),
            Route("/sessions", served.listed),
            Route("/sessions/{session_id}", served.deleted, methods=["DELETE"]),
            Route("/sessions/{session_id}", served.read),
        ]
    )


def _event(name: str, session: str, **more: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'event': name, 'session_id': session, **more})}\n\n".encode()


def _message(role: str, text: str) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "role": role, "content": text, "created_at": TIME}
