"""
What is left where something was deleted, left or never there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from reference_server.core.errors import CoreError, NotFound
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.run_records import Closed, Making, Run, RunRequest, ToolOutput
from reference_server.core.runs import RunEvent, Runs, UnderWay
from reference_server.core.threads import Threads
from reference_server.core.turns import Opening, Question, Turns

MADE_APART = ("assistants", "conversations")
"""
Dialects in which a thread is made by a request of its own, and by no turn.
"""


class UnknownIdAutocreated(Turns):
    """
    A turn in a thread that is not there makes it, where none but the server gives ids.
    """

    id = "unknown-id-autocreated"
    group = "errors-validation"
    seam = "turns"
    dialects = MADE_APART
    caught_by = ("errors/unknown-ids-are-missing",)

    def made_thread(self, connection: Connection, question: Question) -> Thread:
        try:
            return super().made_thread(connection, question)
        except NotFound:
            self.store.insert_thread(connection, self.new_thread(question))
            return super().made_thread(connection, question)


class PostAfterDeleteCreates(Turns):
    """
    A turn in a thread that was deleted makes it again.
    """

    id = "post-after-delete-creates"
    group = "delete-cascade"
    seam = "turns"
    dialects = MADE_APART
    caught_by = ("deletion/no-turn-in-a-deleted-thread",)

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        removing = self.store.remove_thread
        self.gone: dict[str, Thread] = {}

        def remembering(connection: Connection, thread_id: str) -> None:
            self.gone[thread_id] = self.store.thread(connection, thread_id)
            removing(connection, thread_id)

        self.store.remove_thread = remembering  # type: ignore[method-assign]

    def made_thread(self, connection: Connection, question: Question) -> Thread:
        before = self.gone.pop(question.thread, None)
        if before is not None:
            again = NewThread(before.id, metadata=before.metadata, owner=before.owner, tenant=before.tenant)
            self.store.insert_thread(connection, again)
        return super().made_thread(connection, question)


class DeleteMessageBreaksChain(Threads):
    """
    Each message is found through the one before it: behind one that was deleted, the list ends.
    """

    id = "delete-message-breaks-chain"
    group = "delete-cascade"
    seam = "threads"
    dialects = ("assistants", "conversations")
    caught_by = ("deletion/deleted-message-is-gone",)

    def listed(self, connection: Connection, thread_id: str, who: Principal | None) -> list[Message]:
        found = super().listed(connection, thread_id, who)
        return [one for place, one in enumerate(found) if one.seq == place]


class RunStuckAfterCut(Runs):
    """
    The run lives in the request: when its reader goes, it is neither finished nor ended.
    """

    id = "run-stuck-after-cut"
    group = "runs"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("disconnect/answer-is-finished-without-the-client",)

    async def begun(
        self,
        run: Run,
        messages: Sequence[NewMessage],
        who: Principal | None,
        makes: NewThread | None,
        outputs: Sequence[ToolOutput] | None = None,
    ) -> UnderWay:
        under_way = await super().begun(run, messages, who, makes, outputs)
        reading = under_way.events

        async def events() -> AsyncIterator[RunEvent]:
            ended = False
            try:
                async for event in reading():
                    ended = isinstance(event, Closed)
                    yield event
            finally:
                if not ended:
                    self.leave(run.id)

        under_way.events = events  # type: ignore[method-assign]
        return under_way

    def leave(self, run_id: str) -> None:
        self.__dict__.setdefault("left", set()).add(run_id)
        if (running := self._working.pop(run_id, None)) is not None:
            running.task.cancel()

    async def closed(self, making: Making, error: CoreError | None, begun: bool) -> Closed:
        if making.run.id in self.__dict__.get("left", ()):
            return Closed(None)
        return await super().closed(making, error, begun)


class SystemChangeIgnored(Runs):
    """
    A thread keeps the instructions with which it began: an assistant's change counts for new threads only.
    """

    id = "system-change-ignored"
    group = "recall"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("assistants/changed-instructions-count",)

    async def start(self, request: RunRequest) -> UnderWay:
        assistant = await self.assistants.get(request.assistant, request.who)
        first = self.__dict__.setdefault("first", {})
        kept = first.setdefault((request.thread, assistant.id), assistant.instructions)
        asked = request if request.instructions is not None else replace(request, instructions=kept)
        return await super().start(asked)


class ResumeGapOrRepeat(Turns):
    """
    A turn that is sent again, because its answer was cut off, is told the beginning of the answer twice.
    """

    id = "resume-gap-or-repeat"
    group = "streaming-accumulation"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/same-turn-twice",)

    async def opened(self, question: Question) -> Opening:
        opening = await super().opened(question)
        if opening.replay is None:
            return opening
        text = opening.replay.content or ""
        return replace(opening, replay=opening.replay._replace(content=text[:8] + text))
