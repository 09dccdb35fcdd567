"""
A streamed run: named events, in the order of the Assistants API.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from reference_server.core.records import Thread
from reference_server.core.run_records import Closed, Run, Step
from reference_server.core.runs import RunEvent, UnderWay
from reference_server.core.upstream import Piece

if TYPE_CHECKING:
    from reference_server.dialects.assistants.wire import AssistantsWire

__all__ = ["RunStream"]


class RunStream:
    """
    The events of one stream, from those of the run. With `thread`, the stream begins with the thread that was made.
    """

    def __init__(
        self, wire: AssistantsWire, under_way: UnderWay, thread: Thread | None = None, resumed: bool = False
    ) -> None:
        self.wire = wire
        self.under_way = under_way
        self.made = thread
        self.resumed = resumed
        self.pieces: list[str] = []
        self.began = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.made is not None:
            yield self.event("thread.created", self.wire.thread(self.made))
        async for event in self.under_way.events():
            for chunk in self.chunks_of(event):
                yield chunk
        yield self.done()

    def chunks_of(self, event: RunEvent) -> Iterator[bytes]:
        if isinstance(event, Run):
            yield from self.moved(event)
        elif isinstance(event, Closed):
            yield from self.closed(event)
        elif event.text:
            yield from self.said(event)

    def moved(self, run: Run) -> Iterator[bytes]:
        shown = self.wire.run(run)
        if run.status == "queued" and not self.resumed:
            yield self.event("thread.run.created", shown)
        yield self.event(f"thread.run.{run.status}", shown)

    def said(self, piece: Piece) -> Iterator[bytes]:
        if not self.pieces:
            yield from self.begun()
        self.pieces.append(piece.text)
        yield self.event("thread.message.delta", self.delta(piece.text))

    def begun(self) -> Iterator[bytes]:
        self.began = int(time.time())
        for state in ("created", "in_progress"):
            yield self.event(f"thread.run.step.{state}", self.step_begun())
        for state in ("created", "in_progress"):
            yield self.event(f"thread.message.{state}", self.message("in_progress", []))

    def delta(self, text: str) -> dict[str, Any]:
        content = [{"index": 0, **self.wire.text(text)}]
        name = self.under_way.making.message_id
        return {"id": name, "object": "thread.message.delta", "delta": {"content": content}}

    def closed(self, closed: Closed) -> Iterator[bytes]:
        """
        How the message ended, then its step, then the run; where no run is left, an error.
        """
        if closed.run is None:
            yield self.event("error", self.lost())
            return
        if self.pieces:
            yield self.message_end(closed)
        for step in closed.steps:
            yield from self.step_events(step)
        yield self.event(f"thread.run.{closed.run.status}", self.wire.run(closed.run))

    def message_end(self, closed: Closed) -> bytes:
        if closed.message is not None:
            shown = self.wire.message(closed.message)
            return self.event(f"thread.message.{shown['status']}", shown)
        return self.event(
            "thread.message.incomplete", self.message("incomplete", [self.wire.text("".join(self.pieces))])
        )

    def step_events(self, step: Step) -> Iterator[bytes]:
        """
        The end of the message's step; the whole of a step that calls functions.
        """
        shown = self.wire.step(step)
        if step.id == self.under_way.making.step_id:
            yield self.event(f"thread.run.step.{step.status}", shown)
        elif step.type == "tool_calls" and step.status == "in_progress":
            empty = {"type": "tool_calls", "tool_calls": []}
            for state in ("created", "in_progress"):
                yield self.event(f"thread.run.step.{state}", {**shown, "step_details": empty})
            yield self.event("thread.run.step.delta", self.step_delta(step))

    def step_delta(self, step: Step) -> dict[str, Any]:
        calls = [{"index": index, **call} for index, call in enumerate(step.details["tool_calls"])]
        delta = {"step_details": {"type": "tool_calls", "tool_calls": calls}}
        return {"id": step.id, "object": "thread.run.step.delta", "delta": delta}

    def lost(self) -> dict[str, Any]:
        return {"message": "The run could not be finished.", "type": "server_error", "param": None, "code": None}

    def step_begun(self) -> dict[str, Any]:
        making = self.under_way.making
        said = {"type": "message_creation", "message_creation": {"message_id": making.message_id}}
        run = making.run
        step = Step(
            making.step_id,
            run.id,
            run.thread_id,
            run.assistant_id,
            "message_creation",
            "in_progress",
            said,
            run.created_at,
        )
        return {**self.wire.step(step), "created_at": self.began}

    def message(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        """
        The message that the run makes, before it is stored; and after all was lost.
        """
        making = self.under_way.making
        lost = status == "incomplete"
        return {
            "id": making.message_id,
            "object": "thread.message",
            "created_at": self.began,
            "thread_id": making.run.thread_id,
            "status": status,
            "incomplete_details": {"reason": "run_failed"} if lost else None,
            "completed_at": None,
            "incomplete_at": int(time.time()) if lost else None,
            "role": "assistant",
            "content": content,
            "assistant_id": making.run.assistant_id,
            "run_id": making.run.id,
            "attachments": [],
            "metadata": {},
        }

    def event(self, name: str, data: dict[str, Any]) -> bytes:
        return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()

    def done(self) -> bytes:
        return b"event: done\ndata: [DONE]\n\n"
