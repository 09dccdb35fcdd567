"""
A shop in a few lines, and a draft of it that is played by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.drafting.draft import Draft, Given, Question
from conformance.drafting.drafting import drafting
from conformance.drafting.openapi import Api, read_api
from conformance.engine.effects import Calls, Request, Send
from conformance.model.transcript import Exchange, SentRequest, UpstreamCall
from conformance.text.digest import text_of

__all__ = ["GIVEN", "ROUTES", "TURN", "Answer", "Shop", "api", "drafted", "exchange"]

Answer = tuple[int, Any]
GIVEN = Given("shop", "tg-1")


def api(*routes: str, body: dict[str, Any] | None = None) -> Api:
    """
    Routes as `POST /path`; those that take a body take this one.
    """
    content = {"content": {"application/json": {"schema": body or {}}}}
    paths: dict[str, Any] = {}
    for route in routes:
        method, _, path = route.partition(" ")
        paths.setdefault(path, {})[method.lower()] = {"requestBody": content} if method in ("POST", "PATCH") else {}
    return read_api({"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": paths})


TURN = {"type": "object", "properties": {"message": {"type": "string"}, "thread_id": {"type": "string"}}}


class Shop:
    """
    A server in a few lines: a turn answers in JSON, a list has it at once or at the second look.
    """

    def __init__(self, late: int = 0, status: int = 200, title: str | None = None) -> None:
        self.late, self.status, self.title = late, status, title
        self.threads: dict[str, list[dict[str, str]]] = {}

    def __call__(self, request: Request) -> Answer:
        body = json.loads(request.body or b"{}")
        if request.method == "POST":
            if not body.get("message", "").strip():
                return 422, {"detail": "no message"}
            told = self.threads.setdefault(body.get("thread_id", "none"), [])
            told += [{"role": "user", "text": body["message"]}, {"role": "assistant", "text": f"Re: {body['message']}"}]
            return self.status, {"reply": {"text": told[-1]["text"]}}
        name = request.path.split("/")[2].partition("?")[0] if request.path.count("/") > 1 else ""
        if request.method == "PATCH":
            return 200, {"id": name, "title": self.title or body["title"]}
        if request.method == "DELETE":
            return (204, None) if self.threads.pop(name, None) else (404, {"detail": "unknown"})
        self.late -= 1
        if name not in self.threads:
            return 404, {"detail": "unknown"}
        return 200, {"entries": self.threads[name] if self.late < 0 else []}


def exchange(request: Request, answer: Answer) -> Exchange:
    status, value = answer
    text = None if value is None else text_of(value if isinstance(value, str) else json.dumps(value))
    asked = SentRequest(method=request.method, url=f"http://shop{request.path}")
    known: dict[str, Any] = {"operation": "draft", "request": asked, "started": 0.0, "ended_at": 0.0, "ended": "clean"}
    return Exchange(**known, status=status, headers={"content-type": "application/json"}, body=text, value=value)


def drafted(
    described: Api,
    server: Callable[[Request], Answer],
    given: Given = GIVEN,
    chosen: str | None = None,
    calls: list[UpstreamCall] | None = None,
) -> tuple[Draft, list[Any]]:
    asked: list[Any] = []
    playing, answer = drafting(described, given), None
    while True:
        try:
            wanted = playing.send(answer)
        except StopIteration as done:
            return done.value, asked
        asked.append(wanted)
        answer = exchange(wanted.request, server(wanted.request)) if isinstance(wanted, Send) else None
        if isinstance(wanted, Question):
            answer = chosen if wanted.choices else "books"
        if isinstance(wanted, Calls):
            answer = calls


ROUTES = ("POST /chat", "GET /threads/{thread_id}/messages", "DELETE /threads/{thread_id}")
