"""
A scenario: the shortest conversation that shows one requirement kept or broken.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from conformance.model.base import Model
from conformance.model.profile import ErrorKind, OperationName
from conformance.model.requirement import Level

__all__ = [
    "OPERATIONS",
    "AddMessage",
    "Call",
    "Chat",
    "ClearMessages",
    "Condition",
    "CreateThread",
    "DeleteThread",
    "Duration",
    "Expect",
    "Fill",
    "GateName",
    "GetThread",
    "Health",
    "ListMessages",
    "ListThreads",
    "MessageMatch",
    "Models",
    "Scenario",
    "Script",
    "Step",
    "StreamMatch",
    "TextMatch",
    "ThreadMatch",
    "ThreadsMatch",
    "ToolCall",
    "UpdateMessage",
    "UpdateThread",
]

Duration = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?(ms|s)$", description="a duration: 2ms, 1.5s")]
Condition = (
    int
    | Annotated[
        str, Meta(pattern=r"^(\$\{[^}]+\}|(>=|<=|>|<|==)? *([0-9]+|\$\{[^}]+\}))$", description='a number or ">= 20"')
    ]
)
GateName = Annotated[
    str,
    Meta(
        pattern=r"^(headers|first-token|last-token|finish|done|token-[0-9]+)$",
        description="where the upstream answer is held: headers, first-token, token-N, last-token, finish, done",
    ),
]
# Not a text with a pattern: in one union with a list, msgspec 0.22 crashes the next garbage collection.
Status = int | Literal["1xx", "2xx", "3xx", "4xx", "5xx"]
Texts = str | list[str]


class ToolCall(Model, frozen=True, kw_only=True):
    """
    A function call of the model; `arguments` is the JSON text as the model wrote it.
    """

    id: str
    name: str
    arguments: str = "{}"


class Script(Model, frozen=True, kw_only=True):
    """
    What the upstream witness does in one turn. Nothing set: the plain answer that is computed from the prompt.

    `answer` is a text, `{essay: N}` for N characters, or a list of deltas sent as they are. A delta may hold escapes
    of half a surrogate pair (`"\\ud83d"` in YAML double quotes). `times` bounds the script to the first N calls.
    """

    answer: str | list[str] | dict[Literal["essay"], int | str] | None = None
    chunks: int | None = None
    every: Duration | None = None
    hold: GateName | None = None
    refuse: Literal["connect", 400, 401, 429, 500, 503] | None = None
    cut_after: int | None = None
    cut: Literal["fin", "rst", "clean"] = "rst"
    stall_after: int | None = None
    malformed_after: int | None = None
    error_after: int | None = None
    usage: bool = False
    finish: Literal["stop", "length", "content_filter", "none"] = "stop"
    done: bool = True
    reasoning: str | None = None
    tool_calls: list[ToolCall] = []
    wire: Literal["plain", "crlf", "cr", "no-space", "comments", "one-byte", "multiline", "bom", "ascii"] = "plain"
    times: int | None = None


class Chat(Model, frozen=True, kw_only=True):
    """
    One turn: say something in a thread and read the whole answer.

    `set` gives request placeholders other values (`{thread: null}`), `without` leaves their keys out. `message` and
    `answer` are client ids. `leave` closes the connection after the first text.
    """

    thread: str
    say: str
    model: Script | None = None
    stream: bool = True
    system: str | None = None
    tools: list[Any] | None = None
    message: str | None = None
    answer: str | None = None
    set: dict[str, Any] = {}
    without: Texts | None = None
    leave: Literal["first-text"] | None = None


class CreateThread(Model, frozen=True, kw_only=True):
    """
    Make a thread; its name in the scenario is bound to the id that the server gave or took.
    """

    thread: str
    title: str | None = None
    system: str | None = None
    metadata: dict[str, Any] | None = None
    set: dict[str, Any] = {}
    without: Texts | None = None


class GetThread(Model, frozen=True, kw_only=True):
    """
    Read one thread.
    """

    thread: str


class ListThreads(Model, frozen=True, kw_only=True):
    """
    Read the list of threads, all pages.
    """


class UpdateThread(Model, frozen=True, kw_only=True):
    """
    Change a thread's title or metadata.
    """

    thread: str
    title: str | None = None
    metadata: dict[str, Any] | None = None


class DeleteThread(Model, frozen=True, kw_only=True):
    """
    Delete a thread.
    """

    thread: str


class ListMessages(Model, frozen=True, kw_only=True):
    """
    Read a thread's messages: all pages, or one request with the given limit, order and cursor.
    """

    thread: str
    limit: Any = None
    order: str | None = None
    after: str | None = None


class AddMessage(Model, frozen=True, kw_only=True):
    """
    Store a message without a turn.
    """

    thread: str
    text: str | None = None
    role: str = "user"
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    metadata: dict[str, Any] | None = None
    set: dict[str, Any] = {}
    without: Texts | None = None


class UpdateMessage(Model, frozen=True, kw_only=True):
    """
    Change the text of a stored message, by its id.
    """

    thread: str
    message: str
    text: str


class ClearMessages(Model, frozen=True, kw_only=True):
    """
    Remove all messages of a thread and keep the thread.
    """

    thread: str


class Health(Model, frozen=True, kw_only=True):
    """
    Ask whether the server is well.
    """


class Models(Model, frozen=True, kw_only=True):
    """
    List the models that the server offers; with a thread, under that thread's address.
    """

    thread: str | None = None


class Fill(Model, frozen=True, kw_only=True):
    """
    Bring a thread to exactly `to` messages, by `add_message` where the profile has it, else by turns.

    The n-th message's text starts with `m<n> `, counted from 1 over the whole thread.
    """

    thread: str
    to: int | str


class Call(Model, frozen=True, kw_only=True):
    """
    A raw HTTP request, for what the operations cannot say.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    path: Annotated[str, Meta(pattern="^/")]
    json: Any = None
    body: str | None = None
    headers: dict[str, str] = {}


class TextMatch(Model, frozen=True, kw_only=True):
    """
    What a text must be like; all that is set must hold. `length` counts code points.
    """

    equals: str | None = None
    contains: Texts | None = None
    lacks: Texts | None = None
    matches: str | None = None
    not_: str | None = field(name="not", default=None)
    length: Condition | None = None


class MessageMatch(Model, frozen=True, kw_only=True):
    """
    One message of a list or a prompt: only what is set is compared.
    """

    role: str | None = None
    text: str | TextMatch | None = None
    id: str | None = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[ToolCall] | None = None
    metadata: Any = None


class GateMatch(Model, frozen=True, kw_only=True):
    """
    A gate by name.
    """

    gate: GateName


class StreamMatch(Model, frozen=True, kw_only=True):
    """
    How the answer came. `complete: false` wants a failure that a client can notice: an error event or an abrupt end.

    `first_before` wants the first text to arrive while the upstream is still held at that gate.
    """

    arrivals: Condition | None = None
    first_before: GateMatch | None = None
    complete: bool | None = None
    ends: Literal["clean", "abrupt"] | None = None
    terminal: bool | None = None
    well_formed: bool | None = None
    usage: bool | None = None
    finish: str | None = None
    content_type: str | None = None


class ThreadMatch(Model, frozen=True, kw_only=True):
    """
    One thread: only what is set is compared.
    """

    id: str | None = None
    title: str | TextMatch | None = None
    metadata: Any = None
    created_at: str | TextMatch | None = None
    updated_at: str | TextMatch | None = None


class ThreadsMatch(Model, frozen=True, kw_only=True):
    """
    A list of threads, by their names in the scenario: which are in it, which are not, and in which order.
    """

    has: list[str] = []
    lacks: list[str] = []
    order: list[str] = []


class Expect(Model, frozen=True, kw_only=True):
    """
    What must be observed after a step; every field is one check.
    """

    status: Status | list[Status] | None = None
    error: ErrorKind | list[ErrorKind] | None = None
    headers: dict[str, str | TextMatch] | None = None
    body: dict[str, Any] | None = None
    schema: dict[str, Any] | None = None
    text: str | TextMatch | None = None
    messages: list[MessageMatch] | None = None
    count: Condition | None = None
    thread: ThreadMatch | None = None
    threads: ThreadsMatch | None = None
    rows: list[dict[str, Any]] | None = None
    prompt: list[MessageMatch] | None = None
    calls: Condition | None = None
    stream: StreamMatch | None = None
    nowhere: Texts | None = None


class Step(Model, frozen=True, kw_only=True):
    """
    One thing done; exactly one of the action fields is set.

    `during` is played while the upstream holds this chat at the script's gate; then the gate opens. `meet` starts all
    chats of `together` and opens the gate only when each of them has reached it.
    """

    chat: Chat | None = None
    create_thread: CreateThread | None = None
    get_thread: GetThread | None = None
    list_threads: ListThreads | None = None
    update_thread: UpdateThread | None = None
    delete_thread: DeleteThread | None = None
    list_messages: ListMessages | None = None
    add_message: AddMessage | None = None
    update_message: UpdateMessage | None = None
    clear_messages: ClearMessages | None = None
    health: Health | None = None
    models: Models | None = None
    fill: Fill | None = None
    call: Call | str | None = None
    query: str | None = None
    sql: str | None = None
    together: list[Step] | None = None
    meet: GateName | None = None
    during: list[Step] | None = None
    as_: str | None = field(name="as", default=None)
    expect: Expect | None = None


OPERATIONS: tuple[OperationName, ...] = (
    "chat",
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
)


class Scenario(Model, frozen=True, kw_only=True):
    """
    One requirement shown by the least steps. Without `requirement`, the id names the requirement as well.

    `ids` gives threads ids of the scenario's own choice; `examples` makes one variant per value (the cross product of
    all keys); `exclusive` keeps other scenarios out while this one runs. `level` counts only where the requirement is
    not in the ledger (a user's own scenario).
    """

    id: Annotated[str, Meta(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*$")]
    title: str
    requirement: str | None = None
    level: Level | None = None
    needs: list[str] = []
    policy: dict[str, str | list[str]] = {}
    ids: dict[str, str] = {}
    examples: dict[str, list[Any]] = {}
    exclusive: bool = False
    steps: Annotated[list[Step], Meta(min_length=1)]
