"""
Threads and messages as values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

__all__ = ["Message", "NewMessage", "Thread"]


@dataclass(frozen=True, slots=True)
class Thread:
    """
    One conversation.
    """

    id: str
    title: str | None
    title_is_default: bool
    system_message: str | None
    metadata: Any
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewMessage:
    """
    A message to be stored. `external_id` is the id that the client gave it.
    """

    role: str
    content: str | None
    external_id: str | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    metadata: Any = None


class Message(NamedTuple):
    """
    A stored message. `seq` is its place in the thread.

    A tuple, for a thread's recall makes all of them anew: a frozen dataclass takes five times as long.
    """

    id: str
    thread_id: str
    seq: int
    role: str
    content: str | None
    name: str | None
    tool_calls: list[dict[str, Any]] | None
    tool_call_id: str | None
    metadata: Any
    external_id: str | None
    created_at: datetime

    @property
    def public_id(self) -> str:
        """
        The id that the API shows: the client's where it gave one.
        """
        return self.external_id or self.id
