"""
A scenario: the shortest conversation that shows one requirement kept or broken.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, field

from conformance.model.base import Model
from conformance.model.expect import (
    Expect,
    GateMatch,
    ItemsMatch,
    MessageMatch,
    MetricsMatch,
    StreamMatch,
    TextMatch,
    ThreadMatch,
    ThreadsMatch,
    TimingMatch,
)
from conformance.model.link import Link
from conformance.model.process import PROCESS, ProcessAct, Restart, Signal
from conformance.model.profile import OperationName
from conformance.model.requirement import Level
from conformance.model.script import Condition, Duration, GateName, LeavePoint, Script, Texts, ToolCall

__all__ = [
    "ACTS",
    "OPERATIONS",
    "PROCESS",
    "Act",
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
    "ItemsMatch",
    "ListMessages",
    "ListThreads",
    "MessageMatch",
    "MetricsMatch",
    "Models",
    "ProcessAct",
    "Restart",
    "Scenario",
    "Script",
    "Signal",
    "Spoil",
    "SpoilKind",
    "Step",
    "StreamMatch",
    "TextMatch",
    "ThreadMatch",
    "ThreadsMatch",
    "TimingMatch",
    "ToolCall",
    "UpdateMessage",
    "UpdateThread",
]


SpoilKind = Literal[
    "invalid-requests",
    "all-invalid-requests",
    "unknown-ids",
    "malformed-ids",
    "wrong-methods",
    "no-credentials",
    "foreign-threads",
]


class Chat(Model, frozen=True, kw_only=True):
    """
    One turn: say something in a thread and read the whole answer.

    `set` gives request placeholders other values (`{thread: null}`), `without` leaves their keys out. `message` and
    `answer` are client ids. `via` says by which operation the turn goes, if not by `chat`. `leave` says where in the
    answer the client goes, `cut` how: it closes the connection, resets it, or keeps it and is silent. `unread` says
    where it stops reading while the steps of `during` are played; then it reads on. `headers` go with the request.
    """

    thread: str
    say: str
    model: Script | None = None
    stream: bool = True
    system: str | None = None
    tools: list[Any] | None = None
    message: str | None = None
    answer: str | None = None
    via: OperationName | None = None
    set: dict[str, Any] = {}
    without: Texts | None = None
    leave: LeavePoint | None = None
    cut: Literal["fin", "rst", "silent"] = "fin"
    unread: LeavePoint | None = None
    headers: dict[str, str] = {}


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
    Read the list of threads: all pages, or one request with the given limit, order and place.
    """

    archived: Any = None
    limit: Any = None
    offset: Any = None
    order: str | None = None
    after: str | None = None
    before: str | None = None
    set: dict[str, Any] = {}


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
    Read a thread's messages: all pages, or one request with the given limit, order and place.
    """

    thread: str
    limit: Any = None
    offset: Any = None
    order: str | None = None
    after: str | None = None
    before: str | None = None
    set: dict[str, Any] = {}


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
    without: Texts | None = None


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


class Act(Model, frozen=True, kw_only=True):
    """
    Any other operation: what is given fills the placeholders of the same name.

    `message`, `assistant`, `run`, `agent`, `response` and `item` are ids. With `say`, the operation makes a turn: the
    model's calls for it are those after this text of the user's, and `model` is what it does then.
    """

    thread: str | None = None
    message: str | None = None
    assistant: str | None = None
    run: str | None = None
    agent: str | None = None
    response: str | None = None
    item: str | None = None
    title: str | None = None
    text: str | None = None
    name: str | None = None
    query: str | None = None
    format: str | None = None
    role: str | None = None
    limit: Any = None
    offset: Any = None
    order: str | None = None
    after: str | None = None
    before: str | None = None
    metadata: dict[str, Any] | None = None
    say: str | None = None
    model: Script | None = None
    set: dict[str, Any] = {}
    without: Texts | None = None


class Fill(Model, frozen=True, kw_only=True):
    """
    Bring a thread to exactly `to` messages, by `add_message` where the profile has it, else by turns.

    The n-th message's text starts with `m<n> `, counted from 1 over the whole thread.
    """

    thread: str
    to: int | str


class Spoil(Model, frozen=True, kw_only=True):
    """
    The requests with one thing wrong that the example names, made from the profile's own, about a thread that is there.
    """

    thread: str


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
    chats of `together` and opens the gate only when each of them has reached it. `by` is whose credential goes along.
    `server` is which of the target's processes is meant, counted from 1.
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
    archive_thread: Act | None = None
    unarchive_thread: Act | None = None
    share_thread: Act | None = None
    search: Act | None = None
    export_thread: Act | None = None
    usage: Act | None = None
    get_message: Act | None = None
    delete_message: Act | None = None
    update_message_metadata: Act | None = None
    create_assistant: Act | None = None
    get_assistant: Act | None = None
    list_assistants: Act | None = None
    update_assistant: Act | None = None
    delete_assistant: Act | None = None
    create_run: Act | None = None
    get_run: Act | None = None
    list_runs: Act | None = None
    cancel_run: Act | None = None
    list_steps: Act | None = None
    submit_tools: Act | None = None
    create_agent: Act | None = None
    get_agent: Act | None = None
    list_agents: Act | None = None
    update_agent: Act | None = None
    delete_agent: Act | None = None
    get_response: Act | None = None
    delete_response: Act | None = None
    metrics: Act | None = None
    regenerate: Act | None = None
    fill: Fill | None = None
    spoil: Spoil | None = None
    call: Call | str | None = None
    query: str | None = None
    sql: str | None = None
    kill: Signal | None = None
    terminate: Signal | None = None
    stop: Signal | None = None
    continue_: Signal | None = field(name="continue", default=None)
    restart: Restart | None = None
    link: Link | None = None
    resend: str | None = None
    connections: Signal | None = None
    together: list[Step] | None = None
    meet: GateName | None = None
    during: list[Step] | None = None
    by: str | None = None
    server: Annotated[int, Meta(ge=1, le=4)] | None = None
    as_: str | None = field(name="as", default=None)
    expect: Expect | None = None

    @property
    def operation(self) -> OperationName | None:
        """
        The profile's operation that the step calls, if it is one.
        """
        if self.chat is not None:
            return self.chat.via or ("chat" if self.chat.stream else "chat_unstreamed")
        return next((name for name in OPERATIONS if getattr(self, name) is not None), None)

    @property
    def process(self) -> ProcessAct | None:
        """
        What is done to the target's process, if that is what the step does.
        """
        given = (self.kill, self.terminate, self.stop, self.continue_, self.restart)
        return next((name for name, act in zip(PROCESS, given, strict=True) if act is not None), None)

    @property
    def turn(self) -> Chat | Act | None:
        """
        The action where it says something that the model is to answer.
        """
        acts = (getattr(self, name) for name in ACTS)
        return self.chat or next((act for act in acts if act is not None and act.say is not None), None)


OPERATIONS: tuple[OperationName, ...] = tuple(
    name for name in get_args(OperationName) if name not in ("chat_unstreamed", "chat_ui", "chat_messages")
)
"""
The operations that are steps; the others are ways of a chat.
"""

ACTS: tuple[OperationName, ...] = OPERATIONS[OPERATIONS.index("archive_thread") :]
"""
Those whose step is an `Act`.
"""


class Scenario(Model, frozen=True, kw_only=True):
    """
    One requirement shown by the least steps. Without `requirement`, the id names the requirement as well.

    `ids` gives threads ids of the scenario's own choice; `examples` makes one variant per value (the cross product of
    all keys), `examples_from` one per operation and fault of the profile; `exclusive` keeps other scenarios out while
    this one runs. `level` counts only where the requirement is not in the ledger (a user's own scenario). `scripts`
    are what the model does, by names that examples can choose among. `excused` names the standing requirements that
    cannot be told here, each with the reason.
    """

    id: Annotated[str, Meta(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*$")]
    title: str
    requirement: str | None = None
    level: Level | None = None
    needs: list[str] = []
    policy: dict[str, str | list[str]] = {}
    ids: dict[str, str] = {}
    examples: dict[str, list[Any]] = {}
    examples_from: SpoilKind | None = None
    exclusive: bool = False
    scripts: dict[str, Script] = {}
    excused: dict[str, str] = {}
    steps: Annotated[list[Step], Meta(min_length=1)]
