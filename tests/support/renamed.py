"""
A dialect of the reference server under other paths and field names, its OpenAPI document included, and a model for it.
"""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import uvicorn

from conformance.upstream.server import Upstream
from reference_server.application import application
from reference_server.assembly import Settings
from reference_server.core.people import Principal

__all__ = ["NAMES", "Names", "Renamed", "served", "serving"]

Message = dict[str, Any]
App = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Names:
    """
    What is called otherwise: segments of paths, fields of bodies, and roles where they are answered.
    """

    paths: Mapping[str, str]
    fields: Mapping[str, str]
    roles: Mapping[str, str] = field(default_factory=dict)


NAMES = {
    "anita": Names(
        {"chat": "ask", "threads": "dialogues", "{thread_id}": "{dialogue_key}", "messages": "entries"},
        {"prompt": "utterance", "content": "body", "threadId": "dialogueKey", "responseId": "replyId"}
        | {"title": "label", "role": "speaker", "created_at": "made_at", "updated_at": "last_activity"},
    ),
    "guide": Names(
        {"api": "svc", "chat": "talk", "threads": "sessions", "{thread_id}": "{session}", "health": "healthz"},
        {"thread_id": "session_ref", "message": "question", "content": "text", "role": "author", "id": "uuid"},
        {"user": "human", "assistant": "bot"},
    ),
    "completions": Names(
        {"v1": "v2", "threads": "rooms", "{thread_id}": "{room_id}", "completions": "replies", "messages": "log"},
        {"messages": "entries", "content": "text", "role": "sender", "data": "rows", "has_more": "more"},
    ),
    "shadflare": Names(
        {"api": "backend", "chat": "conversations", "{thread_id}": "{id}"},
        {"message": "question", "conversationId": "dialogId", "messages": "log", "conversations": "results"}
        | {"hasMore": "anyMore", "content": "text", "title": "subject", "createdAt": "sentAt", "role": "author"},
    ),
    "assistants": Names(
        {"threads": "discussions", "{thread_id}": "{discussion_id}", "assistants": "agents", "messages": "posts"},
        {"assistant_id": "agent_id", "additional_messages": "new_messages", "data": "found", "role": "author"},
    ),
    "conversations": Names(
        {"conversations": "sessions", "{conversation_id}": "{session_id}", "responses": "answers", "items": "entries"},
        {"conversation": "session", "data": "list", "role": "party", "metadata": "attributes"},
    ),
}


class Renamed:
    """
    An application under other names. What a client keeps with a thread is its own, and is not renamed; no stream is.
    """

    def __init__(self, app: App, document: Mapping[str, Any], names: Names) -> None:
        self._app = app
        self._names = names
        self._there = {new: old for old, new in names.paths.items()}
        self._document = self.described(document)

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/openapi.json":
            await _answered(send, self._document)
            return
        await self._app(self._scope(scope), self._receiving(receive), self._sending(send))

    def described(self, value: Any) -> Any:
        """
        The document under the new names.
        """
        if isinstance(value, list):
            return [self.described(one) for one in value]
        if not isinstance(value, dict):
            return value
        told = {key: self.described(one) for key, one in value.items()}
        if "paths" in value:
            told["paths"] = {self._path(path, self._names.paths): one for path, one in told["paths"].items()}
        if isinstance(value.get("properties"), dict):
            told["properties"] = {self._field(key): one for key, one in told["properties"].items()}
            told["required"] = [self._field(key) for key in value.get("required", [])]
        if "in" in value and "name" in value:
            place = value["in"]
            told["name"] = self._path(f"{{{value['name']}}}", self._names.paths).strip("{}")
            told["name"] = self._field(told["name"]) if place == "query" else told["name"]
        return told

    def _field(self, name: str) -> str:
        return self._names.fields.get(name, name)

    def _path(self, path: str, names: Mapping[str, str]) -> str:
        return "/".join(names.get(part, part) for part in path.split("/"))

    def _scope(self, scope: Message) -> Message:
        raw = self._path(scope["raw_path"].partition(b"?")[0].decode("latin-1"), self._there)
        fields = {new: old for old, new in self._names.fields.items()}
        query = [(fields.get(key, key), one) for key, one in parse_qsl(scope["query_string"].decode("latin-1"))]
        asked = urlencode(query).encode()
        headers = [(key, one) for key, one in scope["headers"] if key != b"content-length"]
        return {**scope, "path": raw, "raw_path": raw.encode("latin-1"), "query_string": asked, "headers": headers}

    def _receiving(self, receive: Any) -> Any:
        names = {new: old for old, new in self._names.fields.items()}
        done = False

        async def renamed() -> Message:
            nonlocal done
            if done:
                return await receive()
            whole, more = b"", True
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    return message
                whole, more = whole + message.get("body", b""), message.get("more_body", False)
            done = True
            return {"type": "http.request", "body": _changed(whole, names, {}), "more_body": False}

        return renamed

    def _sending(self, send: Any) -> Any:
        start: Message = {}
        whole = b""

        async def renamed(message: Message) -> None:
            nonlocal start, whole
            if message["type"] == "http.response.start":
                start = message
                if not _is_json(start):
                    await send(start)
            elif not _is_json(start):
                await send(message)
            else:
                whole += message.get("body", b"")
                if not message.get("more_body", False):
                    whole = _changed(whole, self._names.fields, self._names.roles)
                    headers = [(key, one) for key, one in start["headers"] if key != b"content-length"]
                    await send({**start, "headers": [*headers, (b"content-length", str(len(whole)).encode())]})
                    await send({"type": "http.response.body", "body": whole})

        return renamed


@dataclass
class Served:
    """
    Where the server is, and its model's witness.
    """

    url: str
    upstream: str


@contextmanager
def served(dialect: str, folder: Path, tokens: Mapping[str, str]) -> Iterator[Served]:
    """
    The dialect under its other names.
    """

    def made(model: str) -> App:
        people = {token: Principal(name, f"user-{name}", "tenant") for token, name in tokens.items()}
        app, database = application([dialect], f"sqlite:///{folder / 'renamed.db'}", Settings(model, None, people))
        database.create()
        return Renamed(app, _document(app), NAMES[dialect])

    with serving(made) as found:
        yield found


@contextmanager
def serving(make: Callable[[str], App]) -> Iterator[Served]:
    """
    An application on a port of its own, made with the URL of a witness as its model.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    ready: queue.Queue[tuple[uvicorn.Server, str]] = queue.Queue()

    async def live() -> None:
        upstream = Upstream()
        await upstream.start("127.0.0.1", 0)
        async with upstream:
            model = upstream.witness.url
            config = uvicorn.Config(make(f"{model}/v1"), log_level="critical", lifespan="off")
            server = uvicorn.Server(config)
            ready.put((server, model.removeprefix("http://")))
            await server.serve(sockets=[listening])

    thread = threading.Thread(target=lambda: asyncio.run(live()), daemon=True)
    thread.start()
    server, model = ready.get(timeout=20)
    yield Served(url, model)
    server.should_exit = True
    thread.join(10)


async def _answered(send: Any, value: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


def _document(app: Any) -> dict[str, Any]:
    """
    That of the application within.
    """
    while not hasattr(app, "openapi"):
        app = app._app
    return dict(app.openapi())


def _is_json(start: Message) -> bool:
    return any(key.lower() == b"content-type" and b"json" in one for key, one in start.get("headers", ()))


def _changed(body: bytes, names: Mapping[str, str], roles: Mapping[str, str]) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    return json.dumps(_renamed(value, names, roles)).encode()


def _renamed(value: Any, names: Mapping[str, str], roles: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(one, names, roles) for one in value]
    if not isinstance(value, dict):
        return value
    kept = ("metadata", "attributes", "parameters", "arguments")
    changed = {names.get(key, key): one if key in kept else _renamed(one, names, roles) for key, one in value.items()}
    if isinstance(value.get("role"), str) and roles:
        changed[names["role"]] = roles.get(value["role"], value["role"])
    return changed
