"""
What the engine can ask for. The driver performs each effect and sends its observation back.

| effect | observation |
|---|---|
| `Send` | `Exchange` |
| `Together` | `Met` |
| `Start` | `Started` |
| `Finish` | `Exchange` |
| `Query`, `Native` | `Rows` or `Unseen` |
| `Calls` | list of `UpstreamCall`, or `Unseen` |
| `Pause` | the time now, in seconds of the transcript's clock |
| `Process` | `ProcessSeen` |
| `DisturbLink` | `LinkSeen` |
| `Count` | `Connections` |

The values that cross are frozen; none of them knows HTTP, SQL drivers or an event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from conformance.model.link import Link, LinkSeen
from conformance.model.process import ProcessAct, ProcessSeen
from conformance.model.profile import Framing, Stream
from conformance.model.scenario import Script
from conformance.model.transcript import Connections, Exchange, Unseen, UpstreamCall

__all__ = [
    "Calls",
    "Count",
    "DisturbLink",
    "Effect",
    "Finish",
    "Leaving",
    "Met",
    "Native",
    "Observation",
    "Pause",
    "Place",
    "Process",
    "Query",
    "Request",
    "Rows",
    "Send",
    "Start",
    "Started",
    "Together",
    "Turn",
]


@dataclass(frozen=True, slots=True)
class Request:
    """
    One HTTP request. `path` is already percent-encoded and goes out as it is; `body` is bytes or nothing.

    `by` is whose credential goes along: a principal's name, `nobody` or `stranger`; nothing where the profile has none.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """
    What the upstream witness must know of a turn before it is sent.

    `key` names it; `say` is the user's text, by which a call is attributed; `canaries` are the scenario's tokens.
    """

    key: str
    say: str
    canaries: tuple[str, ...] = ()
    script: Script | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """
    A place in an answer: `held` (the model is held), `text` (after so many pieces of text), `length` (after so many
    code points), `end` (the model has said all, and what then comes is not read). `count` is the number.
    """

    at: Literal["held", "text", "length", "end"]
    count: int = 1


@dataclass(frozen=True, slots=True)
class Leaving:
    """
    A client that goes: where, and whether it closes its connection, resets it, or keeps it and never reads again.
    """

    place: Place
    cut: Literal["fin", "rst", "silent"] = "fin"


@dataclass(frozen=True, slots=True)
class Send:
    """
    Send a request and read the whole answer.

    `text` is the JSON path of the answer where it is not streamed. Where the script holds the upstream at a gate, the
    gate opens when the first text arrives (`opens="text"`), when `Finish` is asked for (`"steps"`), or when all of a
    `Together` have met (`"met"`). `leave` is where the client goes, `unread` where it stops reading until `Finish` is
    asked for. `later` tells of a turn that goes on after its request was answered: that answer's end opens no gate that
    others are to open. `stream` says what events mean, where the framing does not. `server` is which of the target's
    processes is asked.
    """

    operation: str
    request: Request
    framing: Framing = "json"
    stream: Stream | None = None
    turn: Turn | None = None
    opens: Literal["text", "steps", "met"] = "text"
    leave: Leaving | None = None
    unread: Place | None = None
    later: bool = False
    server: int = 1


@dataclass(frozen=True, slots=True)
class Together:
    """
    Send all at the same moment. With `meet`, nothing goes on upstream before every turn has reached its gate.
    """

    sends: tuple[Send, ...]
    meet: bool = False


@dataclass(frozen=True, slots=True)
class Met:
    """
    The exchanges of a `Together`, in its order; `met` tells whether all had reached the gate at the same time.
    """

    exchanges: tuple[Exchange, ...]
    met: bool


@dataclass(frozen=True, slots=True)
class Start:
    """
    Send a turn and come back when the upstream is held at its gate (or the exchange has ended before).
    """

    send: Send


@dataclass(frozen=True, slots=True)
class Started:
    """
    A turn under way. `held` is false where the exchange ended, or the deadline passed, before the gate was reached.
    """

    turn: str
    held: bool


@dataclass(frozen=True, slots=True)
class Finish:
    """
    Open the gate of a started turn and read its answer to the end.
    """

    turn: str


@dataclass(frozen=True, slots=True)
class Query:
    """
    Run a scenario's SELECT on the canonical tables, filled with the rows of these threads (and of these canaries).
    """

    sql: str
    parameters: Mapping[str, Any]
    threads: tuple[str, ...]
    canaries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Native:
    """
    Run one guarded SELECT in the store's own dialect.
    """

    sql: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """
    What a query gave.
    """

    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Calls:
    """
    Ask the upstream witness for the calls of one turn. With `more`, the turn goes on and there may be more of them.
    """

    turn: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """
    Wait between two polls.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Process:
    """
    Do something to a process of the target; `zone` and `servers` are a restart's.
    """

    act: ProcessAct
    server: int = 1
    zone: str | None = None
    servers: int = 1


@dataclass(frozen=True, slots=True)
class DisturbLink:
    """
    Do something to the connection between the target and its store.
    """

    act: Link


@dataclass(frozen=True, slots=True)
class Count:
    """
    Count the target's open connections.
    """


Effect = Send | Together | Start | Finish | Query | Native | Calls | Pause | Process | DisturbLink | Count
Observation = (
    Exchange | Met | Started | Rows | Unseen | list[UpstreamCall] | float | ProcessSeen | LinkSeen | Connections
)
