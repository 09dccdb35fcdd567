"""
Threads and messages as values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

__all__ = ["Message", "NewMessage", "NewThread", "Thread"]


class Thread(NamedTuple):
    """
    One conversation. `archived` is put away, `deleted_at` put away for good.

    A tuple like `Message`, and for the same reason: each turn makes three, a list as many as there are.
    """

    id: str
    title: str | None
    title_is_default: bool
    system_message: str | None
    metadata: Any
    created_at: datetime
    updated_at: datetime
    owner: str | None = None
    tenant: str | None = None
    shared: bool = False
    archived: bool = False
    deleted_at: datetime | None = None
    message_count: int = 0
    last_message_at: datetime | None = None
    last_answer: str | None = None
    tool_resources: Any = None


@dataclass(frozen=True, slots=True)
class NewThread:
    """
    A thread to be made.
    """

    id: str
    title: str | None = None
    system_message: str | None = None
    metadata: Any = None
    owner: str | None = None
    tenant: str | None = None
    tool_resources: Any = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """
    A message to be stored. `external_id` is the id that the client gave it, `parts` the content as it came where that
    is more than one text. Token counts that are unknown are `None`, never 0.
    """

    role: str
    content: str | None
    external_id: str | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    metadata: Any = None
    parts: Any = None
    status: str | None = None
    parent_id: str | None = None
    active: bool = True
    run_id: str | None = None
    assistant_id: str | None = None
    model: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None


class Message(NamedTuple):
    """
    A stored message. `seq` is its place in the thread.

    A tuple, for a thread's recall makes all of them anew: a frozen dataclass takes five times as long. Its fields are
    the table's columns, in their order.
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
    parts: Any
    status: str | None
    parent_id: str | None
    active: bool
    run_id: str | None
    assistant_id: str | None
    model: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    created_at: datetime

    @property
    def public_id(self) -> str:
        """
        The id that the API shows: the client's where it gave one.
        """
        return self.external_id or self.id
