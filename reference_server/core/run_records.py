"""
Runs and their steps as values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread

__all__ = ["ACTIVE", "WORKING", "Closed", "Making", "Run", "RunRequest", "Step", "ToolOutput"]

WORKING: Final = ("queued", "in_progress")
ACTIVE: Final = (*WORKING, "requires_action", "cancelling")


@dataclass(frozen=True, slots=True)
class Run:
    """
    One run of an assistant over a thread. Its row is the truth: whichever process works on it, the status is there.
    """

    id: str
    thread_id: str
    assistant_id: str
    status: str
    model: str
    created_at: datetime
    expires_at: datetime | None
    instructions: str | None = None
    tools: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    required_action: Any = None
    last_error: Any = None
    incomplete_details: Any = None
    usage: Any = None
    started_at: datetime | None = None
    cancelled_at: datetime | None = None
    failed_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def active(self) -> bool:
        return self.status in ACTIVE


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step of a run: a message that it made, or the functions that it called.
    """

    id: str
    run_id: str
    thread_id: str
    assistant_id: str
    type: str
    status: str
    details: Any
    created_at: datetime
    last_error: Any = None
    usage: Any = None
    completed_at: datetime | None = None
    failed_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Making:
    """
    A run that is worked on, and what the answer and its step will be called, if there will be one.
    """

    run: Run
    message_id: str
    step_id: str


@dataclass(frozen=True, slots=True)
class RunRequest:
    """
    What a caller wants: new messages for a thread, and a run over it. With `makes`, the thread is made first.
    """

    thread: str
    assistant: str
    messages: Sequence[NewMessage] = ()
    makes: NewThread | None = None
    model: str | None = None
    instructions: str | None = None
    more_instructions: str | None = None
    tools: list[dict[str, Any]] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    who: Principal | None = None


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """
    What a function gave.
    """

    call: str
    output: str


@dataclass(frozen=True, slots=True)
class Closed:
    """
    How a run has ended, or halted for its tools: as it is stored. No run: it was deleted, or the store is gone.
    """

    run: Run | None
    message: Message | None = None
    steps: Sequence[Step] = ()
