"""
What every stream decoder gives, whatever the framing: pieces of answer text, and how the stream ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

KEPT_PROBLEMS: Final = 20  # a report shows no more; a hostile stream has one per event


@dataclass(frozen=True, slots=True)
class Delta:
    """
    One piece of answer text. `event` counts events (raw text: chunks) from 0; `offset` is its byte in the body.
    """

    text: str
    event: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """
    How a stream ended, and what came with the text. A framing without a terminal marker has `terminal` None.

    `parent_id` names what the message is part of: the run, or the response. `thread_id` is told by streams that say it.
    """

    terminal: str | None = None
    error: str | None = None
    problems: tuple[str, ...] = ()
    usage: Mapping[str, Any] | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str | None = None
    message_id: str | None = None
    parent_id: str | None = None
    thread_id: str | None = None


class Decoder(Protocol):
    """
    Bytes of a body in, deltas out. `ending` is complete after `close`; `close` may give a last delta.
    """

    def feed(self, chunk: bytes) -> list[Delta]: ...

    def close(self) -> list[Delta]: ...

    @property
    def ending(self) -> Ending: ...


class Problems:
    """
    The first problems of a stream in words, and how many more there were.
    """

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._more = 0

    def add(self, problem: str) -> None:
        if len(self._kept) < KEPT_PROBLEMS:
            self._kept.append(problem)
        else:
            self._more += 1

    def all(self) -> tuple[str, ...]:
        return (*self._kept, f"and {self._more} more") if self._more else tuple(self._kept)
