"""
Parley, the made-up API of docs/write-a-profile.md, with a model of its own that repeats what it is asked.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

__all__ = ["parley"]


class Parley:
    """
    Conversations, each with its entries, the oldest first.
    """

    def __init__(self) -> None:
        self.kept: dict[str, list[dict[str, str]]] = {}

    async def made(self, request: Request) -> Response:
        name = (await request.json()).get("name") or "Untitled"
        key = str(uuid.uuid4())
        self.kept[key] = []
        return JSONResponse({"conversation": {"uuid": key, "name": name}}, 201)

    async def ask(self, request: Request) -> Response:
        entries = self.kept.get(request.path_params["key"])
        question = (await request.json()).get("question")
        if entries is None:
            return _missing()
        if not isinstance(question, str) or not question.strip():
            return JSONResponse({"message": "no question"}, 422)
        answer = f"You asked: {question}"
        entries += [_entry("human", question), _entry("bot", answer)]
        return StreamingResponse(_pieces(answer), media_type="text/event-stream")

    async def log(self, request: Request) -> Response:
        entries = self.kept.get(request.path_params["key"])
        return _missing() if entries is None else JSONResponse({"entries": entries[::-1]})

    async def deleted(self, request: Request) -> Response:
        return _missing() if self.kept.pop(request.path_params["key"], None) is None else Response(status_code=204)


def parley(_model: str = "") -> Starlette:
    """
    The application.
    """
    api, one = Parley(), "/api/conversations/{key}"
    routes = [
        Route("/api/health", lambda _: JSONResponse({}), methods=["GET"]),
        Route("/api/conversations", api.made, methods=["POST"]),
        Route(f"{one}/ask", api.ask, methods=["POST"]),
        Route(f"{one}/log", api.log, methods=["GET"]),
        Route(one, api.deleted, methods=["DELETE"]),
    ]
    return Starlette(routes=routes)


def _entry(author: str, body: str) -> dict[str, str]:
    return {"uuid": str(uuid.uuid4()), "author": author, "body": body, "at": "2026-01-01T00:00:00Z"}


async def _pieces(answer: str) -> AsyncIterator[str]:
    for word in answer.splitlines(keepends=True):
        lines = "".join(f"data: {line}\n" for line in word.split("\n"))
        yield f"{lines}\n"
    yield "data: [DONE]\n\n"


def _missing() -> Any:
    return JSONResponse({"message": "no such conversation"}, 404)
