"""
What a turn is asked for, and what it tells while it runs.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reference_server.core.course import Course
from reference_server.core.errors import CoreError
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread
from reference_server.core.upstream import Piece
from reference_server.core.watch import Watched

__all__ = ["Ended", "Event", "Opening", "Question", "Running"]


@dataclass(frozen=True, slots=True)
class Question:
    """
    What a caller wants: new messages for a thread, and an answer. The first user message is what a title is made of.

    `creates` says what becomes of an unknown thread: it is made (as `makes`), or missing. `turn` names the turn,
    `course` is what else belongs to it. Where another turn is under way, one that does not wait raises `Busy`. After
    `timeout` seconds the model is given up. `window` is how many of the last messages it gets at most.
    """

    thread: str
    messages: Sequence[NewMessage]
    answer_id: str | None = None
    system: str | None = None
    model: str = "gpt-4"
    options: Mapping[str, Any] = field(default_factory=dict)
    who: Principal | None = None
    creates: bool = True
    makes: NewThread | None = None
    turn: str = field(default_factory=lambda: uuid.uuid4().hex)
    course: Course = field(default_factory=Course)
    waits: bool = True
    timeout: float | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """
    The answer is whole, and stored.
    """

    message: Message | None
    finish: str | None
    usage: dict[str, Any] | None


Event = Piece | Ended | CoreError


@dataclass(frozen=True, slots=True)
class Opening:
    """
    What was found and done before the model is asked: the prompt, or an answer that was given before, or (`busy`) that
    another process answers in this thread.

    `asked` is the row of the question.
    """

    prompt: list[dict[str, Any]] = field(default_factory=list)
    replay: Message | None = None
    asked: str | None = None
    busy: bool = False


class Running:
    """
    A turn under way, as its caller sees it.
    """

    watched: Watched
    task: asyncio.Task[None]

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._first: list[Event] = []

    def tell(self, event: Event) -> None:
        """
        Never waits: a caller that does not read must not stop the turn.
        """
        self._events.put_nowait(event)

    async def begun(self) -> Event:
        """
        The first event that matters for the status: text, an end, or an error, which is raised.
        """
        while True:
            event = await self._events.get()
            if isinstance(event, CoreError):
                raise event
            self._first.append(event)
            if isinstance(event, Ended) or event.text or event.tool_calls:
                return event

    async def events(self) -> AsyncIterator[Event]:
        """
        All events from the first to the end, or to the error.
        """
        for event in self._first:
            yield event
        last = self._first[-1] if self._first else None
        while not isinstance(last, Ended | CoreError):
            last = await self._events.get()
            yield last
