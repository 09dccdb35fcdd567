"""
A scenario: the shortest conversation that shows one requirement kept or broken.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from conformance.model.base import Model
from conformance.model.expect import Expect, GateMatch, MessageMatch, StreamMatch, TextMatch, ThreadMatch, ThreadsMatch
from conformance.model.profile import OperationName
from conformance.model.requirement import Level
from conformance.model.script import Condition, Duration, GateName, Script, Texts, ToolCall

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
    "GateMatch",
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
