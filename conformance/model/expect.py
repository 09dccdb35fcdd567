"""
What must be observed after a step: every field of `Expect` is one check.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from conformance.model.base import Model
from conformance.model.profile import ErrorKind
from conformance.model.script import Condition, Duration, GateName, Texts, ToolCall

__all__ = [
    "ConnectionsMatch",
    "Expect",
    "GateMatch",
    "ItemsMatch",
    "MessageMatch",
    "MetricsMatch",
    "StreamMatch",
    "TextMatch",
    "ThreadMatch",
    "ThreadsMatch",
    "TimingMatch",
]

Within = Annotated[
    str, Meta(pattern=r"^<=? *([0-9]+(\.[0-9]+)?(ms|s)|\$\{[^}]+\})$", description='a bound in time: "< 50ms"')
]
AtLeast = Annotated[str, Meta(pattern=r"^>=? *([0-9]+(\.[0-9]+)?|\$\{[^}]+\})$", description='a bound: ">= 10"')]
Status = int | Literal["1xx", "2xx", "3xx", "4xx", "5xx"] | ErrorKind
"""
A status, a class of them, or a kind of error: then those that the profile gives that name.
"""


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
    One message of a list or a prompt: only what is set is compared. With `policy`, it is expected only where the
    profile declares these policies so.
    """

    role: str | None = None
    text: str | TextMatch | None = None
    id: str | None = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[ToolCall] | None = None
    metadata: Any = None
    status: str | None = None
    parent: str | None = None
    policy: dict[str, str] | None = None


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
    terminal: bool | str | None = None
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
    message_count: Condition | None = None
    archived: bool | None = None
    owner: str | None = None


class ThreadsMatch(Model, frozen=True, kw_only=True):
    """
    A list of threads, by their names in the scenario: which are in it, which are not, and in which order.
    """

    has: list[str] = []
    lacks: list[str] = []
    order: list[str] = []


class TimingMatch(Model, frozen=True, kw_only=True):
    """
    How fast it was. `first_text`: from the request to the first text, less the time for which the model was held;
    `rate`: pieces of text in a second; `took`: one whole exchange; `lag`: from the first look to the one that held.
    """

    first_text: Within | None = None
    rate: AtLeast | None = None
    took: Within | None = None
    lag: Within | None = None


class MetricsMatch(Model, frozen=True, kw_only=True):
    """
    How much the server's own figures have grown since an earlier step: `since: ${NAME.body}`. `turns` is how many turns
    were counted, `seconds` how much time at least was measured in turns, `tokens` how many the model wrote.
    """

    since: Any
    turns: Condition | None = None
    seconds: Duration | None = None
    tokens: Condition | None = None


class ItemsMatch(Model, frozen=True, kw_only=True):
    """
    A list of anything, by ids: how many it has, which are in it, which are not, and in which order.
    """

    count: Condition | None = None
    has: list[str] = []
    lacks: list[str] = []
    order: list[str] = []


class ConnectionsMatch(Model, frozen=True, kw_only=True):
    """
    How many more connections of the target are open than in an earlier step: `since: ${NAME.connections}`.
    """

    since: Any
    upstream: Condition | None = None
    store: Condition | None = None


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
    more: bool | None = None
    thread: ThreadMatch | None = None
    threads: ThreadsMatch | None = None
    items: ItemsMatch | None = None
    rows: list[dict[str, Any]] | None = None
    prompt: list[MessageMatch] | None = None
    calls: Condition | None = None
    asked: dict[str, Any] | None = None
    stream: StreamMatch | None = None
    nowhere: Texts | None = None
    timing: TimingMatch | None = None
    metrics: MetricsMatch | None = None
    connections: ConnectionsMatch | None = None
