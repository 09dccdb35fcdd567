"""
Streams of runs that say too little, or what is not so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reference_server.core.run_records import Closed, Run
from reference_server.dialects.assistants.events import RunStream


class FailureUntold(RunStream):
    """
    A stream whose run has failed just ends, with its marker.
    """

    id = "run-failure-untold"
    seam = "run_stream"
    dialects = ("assistants",)
    caught_by = ("errors/upstream-failure-is-told-in-the-stream",)

    def closed(self, closed: Closed) -> Iterator[bytes]:
        failed = closed.run is not None and closed.run.status == "failed"
        told = replace(closed.run, status="completed", last_error=None) if failed and closed.run else closed.run
        yield from super().closed(replace(closed, run=told))


class StreamWithoutDone(RunStream):
    """
    A stream of a run ends without its marker.
    """

    id = "run-stream-without-done"
    seam = "run_stream"
    dialects = ("assistants",)
    caught_by = ("streaming/well-formed",)

    def done(self) -> bytes:
        return b""


class EventsWithoutNames(RunStream):
    """
    The events of a run have no names.
    """

    id = "run-events-without-names"
    seam = "run_stream"
    dialects = ("assistants",)
    caught_by = ("streaming/well-formed",)

    def event(self, name: str, data: dict[str, Any]) -> bytes:
        return super().event(name, data).partition(b"\n")[2]


class CompletedTextDiffers(RunStream):
    """
    The whole text at the end of a stream is not what the deltas said.
    """

    id = "completed-text-differs"
    seam = "run_stream"
    dialects = ("assistants",)
    caught_by = ("streaming/well-formed",)

    def message_end(self, closed: Closed) -> bytes:
        message = closed.message
        cut = message._replace(content=(message.content or "")[:-1]) if message is not None else None
        return super().message_end(replace(closed, message=cut))


class RunNotQueued(RunStream):
    """
    A stream does not say that its run was queued.
    """

    id = "run-never-queued"
    seam = "run_stream"
    dialects = ("assistants",)
    caught_by = ("streaming/well-formed",)

    def moved(self, run: Run) -> Iterator[bytes]:
        told = list(super().moved(run))
        yield from told[:1]
