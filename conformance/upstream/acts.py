"""
What an answer does to its connection, one act after the other.

`scripted`, `streamed` and `whole` yield acts and know no socket; `performing` does them and knows no script.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Act", "Cut", "Emit", "End", "Head", "Hold", "Outcome", "Pause", "Stall"]

Outcome = Literal["open", "answered", "refused", "cut", "stalled", "left"]


@dataclass(frozen=True, slots=True)
class Hold:
    """
    Stand still at a gate until it is opened.
    """

    gate: str


@dataclass(frozen=True, slots=True)
class Head:
    """
    Send status and headers. Without a size, the body is chunked.
    """

    status: int = 200
    type: str = "application/json"
    size: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Emit:
    """
    Send a part of the body. `completes`: from here on the other side has the whole answer, and may leave. `joined`: no
    text is in it, and it may arrive together with what follows it.
    """

    data: bytes
    each_byte: bool = False
    completes: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """
    Wait between two deltas.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """
    Be silent until the other side leaves.
    """


@dataclass(frozen=True, slots=True)
class Cut:
    """
    Send the first half of `torn` and close the connection, without the body's proper end.
    """

    how: Literal["rst", "fin"]
    torn: bytes = b""
    outcome: Outcome = "cut"


@dataclass(frozen=True, slots=True)
class End:
    """
    Send the last part of the body and end it properly.
    """

    outcome: Outcome
    data: bytes = b""
    each_byte: bool = False


Act = Hold | Head | Emit | Pause | Stall | Cut | End
