"""
A profile: data that says how one API speaks.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from conformance.model.base import Model

__all__ = [
    "ErrorKind",
    "ErrorShape",
    "Framing",
    "Ids",
    "Operation",
    "OperationName",
    "Profile",
    "RequestTemplate",
    "StoreMapping",
    "Stream",
]

OperationName = Literal[
    "chat",
    "chat_unstreamed",
    "create_thread",
    "get_thread",
    "list_threads",
    "update_thread",
    "delete_thread",
    "list_messages",
    "add_message",
    "update_message",
    "clear_messages",
    "health",
    "models",
]

Framing = Literal["raw-text", "sse", "openai-sse", "json"]
ErrorKind = Literal["invalid", "missing", "conflict", "upstream", "limited", "unauthorized", "forbidden"]
Duration = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?(ms|s)$", description="a duration: 300ms, 2s")]


class Ids(Model, frozen=True, kw_only=True):
    """
    Who names threads and messages, and which thread ids are legal.
    """

    thread: Literal["client", "server"] = "client"
    message: Literal["client", "server"] = "server"
    answer: Literal["client", "server"] = "server"
    format: Literal["any", "uuid"] = "any"


class RequestTemplate(Model, frozen=True, kw_only=True):
    """
    One HTTP request; `${thread}`, `${text}`, `${message}`, `${answer}`, ... are filled in per step.

    A placeholder in a path is percent-encoded whole. A key of `json` or `query` whose value is exactly one
    placeholder is left out where the step gives no value for it.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Meta(pattern="^/")]
    query: dict[str, str] = {}
    json: Any = None
    headers: dict[str, str] = {}


class Stream(Model, frozen=True, kw_only=True):
    """
    How an answer is streamed: its framing, and whether its end is marked.
    """

    framing: Framing
    terminal: bool = True
    content_type: str | None = None


class Operation(Model, frozen=True, kw_only=True):
    """
    How one operation is called and its answer read. Paths are JSON paths into one item (`fields`) or the body.

    With `pages: after`, a list goes on while `more` is true; the last item's id is the next request's `${after}`.
    """

    request: RequestTemplate
    status: list[int] = field(default_factory=lambda: [200])
    stream: Stream | None = None
    text: str | None = None
    id: str | None = None
    items: str | None = None
    fields: dict[str, str] = {}
    order: Literal["ascending", "descending"] = "ascending"
    pages: Literal["none", "after"] = "none"
    more: str = "$.has_more"


class ErrorShape(Model, frozen=True, kw_only=True):
    """
    Which statuses the profile calls by a name, and the JSON Schema that every error body meets.
    """

    invalid: list[int] = field(default_factory=lambda: [400, 422])
    missing: list[int] = field(default_factory=lambda: [404])
    conflict: list[int] = field(default_factory=lambda: [409])
    upstream: list[int] = field(default_factory=lambda: [500, 502, 503])
    limited: list[int] = field(default_factory=lambda: [429])
    unauthorized: list[int] = field(default_factory=lambda: [401])
    forbidden: list[int] = field(default_factory=lambda: [403])
    body: dict[str, Any] | None = None


class StoreMapping(Model, frozen=True, kw_only=True):
    """
    Two SELECTs over the server's own schema that give the canonical tables `threads` and `messages`.
    """

    threads: str
    messages: str


class Profile(Model, frozen=True, kw_only=True):
    """
    One API family: its operations, its errors, what it can do and what it promises.
    """

    profile: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    extends: str | None = None
    ids: Ids = Ids()
    headers: dict[str, str] = {}
    operations: dict[OperationName, Operation] = {}
    errors: ErrorShape = ErrorShape()
    roles: dict[str, str] = {}
    capabilities: list[str] = []
    policies: dict[str, str] = {}
    settle: Duration = "0ms"
    store: StoreMapping | None = None
