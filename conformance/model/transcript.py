"""
A transcript: all that was observed while a scenario was played, and the only input of the judge.

Times are seconds on one monotonic clock, counted from the start of the scenario.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from conformance.model.base import Model
from conformance.model.link import LinkSeen
from conformance.model.process import ProcessSeen
from conformance.model.scenario import Scenario, ToolCall
from conformance.model.text import Text

__all__ = [
    "Arrival",
    "Connections",
    "Ended",
    "Exchange",
    "GateMark",
    "Mark",
    "Message",
    "SentRequest",
    "StepRecord",
    "StreamEnd",
    "Thread",
    "Transcript",
    "Unseen",
    "UpstreamCall",
    "Witness",
]

_SCALAR = re.compile(r"-?\d+(\.\d+)?|True|False|None")

Witness = Literal["wire", "api", "store", "upstream"]

Ended = Literal["clean", "abrupt", "timeout", "left", "refused", "too-large"]
"""
How an exchange ended: `clean` (the body's end was announced and came), `abrupt` (cut before it), `timeout`,
`left` (we closed), `refused` (no connection, or none of the answer came), `too-large` (we stopped reading).
"""


class SentRequest(Model, frozen=True, kw_only=True):
    """
    The request as sent; secrets are already replaced.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: Text | None = None


class Arrival(Model, frozen=True, kw_only=True):
    """
    One read from the socket.
    """

    at: float
    size: int


class Mark(Model, frozen=True, kw_only=True):
    """
    Where a delta lies: `text` is its first code point in the answer, `event` and `offset` its place in the stream.
    """

    text: int
    event: int
    offset: int


class GateMark(Model, frozen=True, kw_only=True):
    """
    When the upstream reached a gate, and when and why it was let go: `text` (the first text had reached the client),
    `steps` (the steps of `during` were done), `met` (all of `together` had reached it), `end` (the answer had ended),
    `left` (the client, or the target as the model's client, had gone) or `deadline`.
    """

    gate: str
    held_at: float
    released_at: float | None = None
    by: str | None = None


class StreamEnd(Model, frozen=True, kw_only=True):
    """
    What a stream's decoder saw by its end. `parent_id` names the run, or the response, that the message is part of,
    `thread_id` its thread, where the stream tells it.
    """

    terminal: str | None = None
    error: str | None = None
    problems: list[str] = []
    usage: dict[str, Any] | None = None
    finish: str | None = None
    message_id: str | None = None
    parent_id: str | None = None
    thread_id: str | None = None
    tool_calls: list[ToolCall] = []


class Exchange(Model, frozen=True, kw_only=True):
    """
    One request and everything that came back.

    `arrivals` and `marks` keep the first and last few hundred; `arrival_count` and `delta_count` count all.
    `value` is the parsed JSON body where that is small enough to keep.
    """

    operation: str
    request: SentRequest
    started: float
    ended_at: float
    ended: Ended
    status: int | None = None
    headers: dict[str, str] = {}
    headers_at: float | None = None
    first_text_at: float | None = None
    arrivals: list[Arrival] = []
    arrival_count: int = 0
    delta_count: int = 0
    marks: list[Mark] = []
    body: Text | None = None
    body_bytes: int = 0
    value: Any = None
    text: Text | None = None
    end: StreamEnd | None = None
    gates: list[GateMark] = []
    trouble: str | None = None


class Message(Model, frozen=True, kw_only=True):
    """
    One message as a witness shows it.
    """

    role: str
    text: Text | None = None
    id: str | None = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[ToolCall] = []
    metadata: Any = None
    created_at: Any = None
    status: str | None = None
    parent: str | None = None


class Thread(Model, frozen=True, kw_only=True):
    """
    One thread as the API shows it.
    """

    id: str
    title: str | None = None
    metadata: Any = None
    created_at: Any = None
    updated_at: Any = None
    message_count: Any = None
    archived: bool | None = None
    owner: str | None = None


class UpstreamCall(Model, frozen=True, kw_only=True):
    """
    One request that the target sent to its model.

    `matched` says how it was attributed: by `text` (its last user message is what the turn said) or by `canary`;
    an `aside` is no turn's: the profile says by which words it is known. `options` is the request without its messages,
    `extra` names keys of messages that no chat API defines. `outcome`: how our answer ended. `answer` is the whole text
    that was meant to be said, unless it is very long or none, and `tool_calls` are the calls meant beside it. `sent` is
    how many bytes of events the target has taken.
    """

    at: float
    model: str | None = None
    stream: bool = False
    options: dict[str, Any] = {}
    messages: list[Message] = []
    extra: list[str] = []
    matched: Literal["text", "canary", "aside"] = "text"
    outcome: Literal["open", "answered", "refused", "cut", "stalled", "left"] = "open"
    answer: Text | None = None
    tool_calls: list[ToolCall] = []
    ended_at: float | None = None
    sent: int = 0
    gates: list[GateMark] = []


class Connections(Model, frozen=True, kw_only=True):
    """
    How many connections of the target are open: to its model, and to its store where that one counts them.
    """

    upstream: int | None = None
    store: int | None = None


class Unseen(Model, frozen=True, kw_only=True):
    """
    Something that could not be observed, and why; never a failure, never green.

    `by_chance`: it did not come about this time, and may at another.
    """

    witness: Witness
    reason: str
    by_chance: bool = False


class StepRecord(Model, frozen=True, kw_only=True):
    """
    What was observed in one step. `index` counts from 1; steps within a step read `2.1`.

    `exchanges` are the last attempt's (several where a list has pages); `attempts` and `lag` (seconds) tell of polling.
    `items` are the ids of a list of anything but messages and threads.
    """

    index: str
    action: str
    title: str
    exchanges: list[Exchange] = []
    messages: list[Message] | None = None
    thread: Thread | None = None
    threads: list[Thread] | None = None
    items: list[str] | None = None
    rows: list[dict[str, Any]] | None = None
    calls: list[UpstreamCall] | None = None
    unseen: list[Unseen] = []
    attempts: int = 1
    lag: float = 0.0
    met: bool | None = None
    process: ProcessSeen | None = None
    link: LinkSeen | None = None
    connections: Connections | None = None


class Transcript(Model, frozen=True, kw_only=True):
    """
    One scenario as it was played against one target.

    `loop_lag`: how late our event loop was, in seconds. `waited`: for how many seconds the processes of this run waited
    for a core of this machine; known only where nothing else was played meanwhile.
    `bindings` holds what the templates stood for: canaries, thread ids, examples. `prevented` says why it could not be
    played (then there may be no records); `trouble` is the harness's or the network's fault. `left_behind` are threads
    of ours that could not be deleted. `again` are the words of the command line that name the target. `live`: a real
    model has answered.
    """

    scenario: Scenario
    example: dict[str, Any] = {}
    profile: str
    target: str
    seed: int
    started: str
    duration: float = 0.0
    bindings: dict[str, Any] = {}
    records: list[StepRecord] = []
    prevented: str | None = None
    unsupported: str | None = None
    trouble: str | None = None
    loop_lag: float = 0.0
    waited: float = 0.0
    left_behind: list[str] = []
    again: list[str] = []
    live: bool = False

    @property
    def name(self) -> str:
        """
        The scenario's id with its example, as shown and selected: `recall/window[count=17]`.
        """
        inside = ",".join(f"{key}={_shown(value)}" for key, value in self.example.items())
        return f"{self.scenario.id}[{inside}]" if inside else self.scenario.id


def _shown(value: Any) -> str:
    """
    An example's value in a name: the text "1" is not the number 1, and gets its quotes.
    """
    return f'"{value}"' if isinstance(value, str) and _SCALAR.fullmatch(value) else str(value)
