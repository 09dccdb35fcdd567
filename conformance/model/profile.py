"""
A profile: data that says how one API speaks.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, field

from conformance.model.base import Model

__all__ = [
    "Auth",
    "Bounds",
    "CollectionMapping",
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
    "StreamEvent",
    "Targets",
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
    "archive_thread",
    "unarchive_thread",
    "share_thread",
    "search",
    "export_thread",
    "usage",
    "get_message",
    "delete_message",
    "update_message_metadata",
    "create_assistant",
    "get_assistant",
    "list_assistants",
    "update_assistant",
    "delete_assistant",
    "create_run",
    "get_run",
    "list_runs",
    "cancel_run",
    "list_steps",
    "submit_tools",
    "create_agent",
    "get_agent",
    "list_agents",
    "update_agent",
    "delete_agent",
    "get_response",
    "delete_response",
    "metrics",
    "regenerate",
    "chat_ui",
    "chat_messages",
]

Framing = Literal[
    "raw-text",
    "sse",
    "openai-sse",
    "ai-data-stream-v1",
    "ui-message-stream-v1",
    "assistants-sse",
    "responses-sse",
    "json-sse",
    "json-lines",
    "json",
    "prometheus",
]
ErrorKind = Literal["invalid", "missing", "method", "conflict", "upstream", "limited", "unauthorized", "forbidden"]
Duration = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?(ms|s)$", description="a duration: 300ms, 2s")]


Principal = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
"""
Somebody who asks, by name; the first of a profile's principals asks where a step does not say who.
"""

NOBODY: Final = "nobody"
STRANGER: Final = "stranger"
"""
Who asks without a credential, and who with one that was given to nobody.
"""


class Ids(Model, frozen=True, kw_only=True):
    """
    Who names threads and messages, and which thread ids are legal.

    `unknown` is a well-formed thread id that names nothing, `unknown_others` the same for other things by placeholder
    (`{assistant: asst_000}`), `malformed` are some that can name nothing.
    """

    thread: Literal["client", "server"] = "client"
    message: Literal["client", "server"] = "server"
    answer: Literal["client", "server"] = "server"
    format: Literal["any", "uuid"] = "any"
    unknown: str | None = None
    unknown_others: dict[str, str] = {}
    malformed: list[str] = []


class Auth(Model, frozen=True, kw_only=True):
    """
    The header that says who asks. `${token}` stands for the credential; where `required`, nothing is asked without one.
    """

    header: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+$")] = "authorization"
    value: str = "Bearer ${token}"
    required: bool = False


class RequestTemplate(Model, frozen=True, kw_only=True):
    """
    One HTTP request; `${thread}`, `${text}`, `${message}`, `${answer}`, ... are filled in per step.

    A placeholder in a path is percent-encoded whole. A key of `json`, `form` or `query` whose value is exactly one
    placeholder is left out where the step gives no value for it. `form` is a body as a browser's form sends it.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Meta(pattern="^/")]
    query: dict[str, str] = {}
    json: Any = None
    form: dict[str, str] = {}
    headers: dict[str, str] = {}


Scalar = str | int | float | bool | None


class StreamEvent(Model, frozen=True, kw_only=True):
    """
    What a kind of event means, in a stream of JSON events. The first of a stream's events that fits one says it.

    It fits by its `name` (of a server-sent event), by its whole `data` (which is then no JSON), by what stands in it
    (`where`, path and value), or by what it `has`. All that is given must hold; where nothing is given, any event fits.

    `text` is the path of a piece of the answer, `so_far` that of the text from its beginning, `whole` that of the whole
    text, which only repeats what came before it. `error` is the path of an error's message. `message`, `thread`,
    `usage` and `finish` are the paths of what comes along. `end` ends the stream.
    """

    name: str | list[str] | None = None
    data: str | None = None
    where: dict[str, Scalar | list[Scalar]] = {}
    has: str | None = None
    text: str | None = None
    so_far: str | None = None
    whole: str | None = None
    error: str | None = None
    message: str | None = None
    thread: str | None = None
    usage: str | None = None
    finish: str | None = None
    end: bool = False


class Stream(Model, frozen=True, kw_only=True):
    """
    How an answer is streamed: its framing, and whether its end is marked.

    `events` says what the events of a framing mean that is JSON and no more; `others` what becomes of those that fit
    none of them.
    """

    framing: Framing
    terminal: bool = True
    content_type: str | None = None
    events: list[StreamEvent] = []
    others: Literal["problem", "passed"] = "problem"


ThreadPlace = Annotated[str, Meta(pattern=r"^(header [A-Za-z0-9_-]+|stream|\$.*)$")]


class Operation(Model, frozen=True, kw_only=True):
    """
    How one operation is called and its answer read. Paths are JSON paths into one item (`fields`) or the body.

    With `pages: after`, a list goes on while `more` is true; the last item's id is the next request's `${after}`,
    or what the list itself says at `cursor`. With
    `pages: offset`, it goes on until a page is shorter than the first one, or `more` is false where it is given.
    `thread` is where a chat that begins a thread tells its id: `header NAME`, `stream` where one of its events does, or
    a JSON path in an unstreamed body.

    `required` names the placeholders of the body that no such request may lack; `open` asks for no credential. A body
    that is no stream is JSON, or `reads` says what else.
    """

    request: RequestTemplate
    required: list[str] = []
    open: bool = False
    reads: Literal["json", "prometheus"] = "json"
    status: list[int] = field(default_factory=lambda: [200])
    stream: Stream | None = None
    text: str | None = None
    id: str | None = None
    items: str | None = None
    fields: dict[str, str] = {}
    order: Literal["ascending", "descending"] = "ascending"
    pages: Literal["none", "after", "offset"] = "none"
    more: str | None = None
    cursor: str | None = None
    thread: ThreadPlace | None = None

    @property
    def says_more(self) -> str | None:
        """
        Where a page says whether more follows; pages by cursor have a usual place for it.
        """
        return self.more or ("$.has_more" if self.pages == "after" else None)


class Bounds(Model, frozen=True, kw_only=True):
    """
    The longest text and id in code points, and what metadata may be; what is not given is not known, and not tried.

    `lease` is for how many seconds a turn may hold its thread after its process has died.
    """

    text: int | None = None
    id: int | None = None
    metadata_pairs: int | None = None
    metadata_key: int | None = None
    metadata_value: int | None = None
    metadata_strings: bool = False
    lease: float | None = None


class ErrorShape(Model, frozen=True, kw_only=True):
    """
    Which statuses the profile calls by a name, and the JSON Schema that every error body meets.
    """

    invalid: list[int] = field(default_factory=lambda: [400, 422])
    missing: list[int] = field(default_factory=lambda: [404])
    method: list[int] = field(default_factory=lambda: [405])
    conflict: list[int] = field(default_factory=lambda: [409])
    upstream: list[int] = field(default_factory=lambda: [500, 502, 503])
    limited: list[int] = field(default_factory=lambda: [429])
    unauthorized: list[int] = field(default_factory=lambda: [401])
    forbidden: list[int] = field(default_factory=lambda: [403])
    body: dict[str, Any] | None = None


class CollectionMapping(Model, frozen=True, kw_only=True):
    """
    A collection of a document store whose documents are the rows of one canonical table.

    `fields` says for a canonical column where it stands in a document: `title`, `usage.total` for a key within a map,
    `__name__` for the document's own id. `values` renames values of a column: `{role: {human: user}}`.
    """

    collection: Annotated[str, Meta(min_length=1)]
    fields: dict[str, str]
    values: dict[str, dict[str, str]] = {}


class StoreMapping(Model, frozen=True, kw_only=True):
    """
    What gives the canonical tables `threads` and `messages`: a SELECT over the server's own schema, or a collection.
    """

    threads: str | CollectionMapping
    messages: str | CollectionMapping


class Targets(Model, frozen=True, kw_only=True):
    """
    How fast the server wants to be: the first text of an answer, pieces of text in a second, until an answer can be
    read, and a read. Scenarios call them `${target.first_text}` and so on.
    """

    first_text: Duration = "1s"
    rate: Annotated[int, Meta(ge=1)] = 10
    stored: Duration = "100ms"
    read: Duration = "50ms"


class Profile(Model, frozen=True, kw_only=True):
    """
    One API family: its operations, its errors, what it can do and what it promises.

    `asides` are words by which a call to the model is known that is no turn's, such as one for a title.
    """

    profile: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    extends: str | None = None
    ids: Ids = Ids()
    limits: Bounds = Bounds()
    principals: list[Principal] = []
    auth: Auth | None = None
    headers: dict[str, str] = {}
    operations: dict[OperationName, Operation] = {}
    makes: dict[str, OperationName] = {}
    errors: ErrorShape = ErrorShape()
    roles: dict[str, str] = {}
    capabilities: list[str] = []
    policies: dict[str, str] = {}
    settle: Duration = "0ms"
    asides: list[Annotated[str, Meta(min_length=1)]] = []
    targets: Targets = Targets()
    store: StoreMapping | None = None
