"""
What a server says to its model besides the turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from reference_server.core.answers import Answer
from reference_server.core.errors import UpstreamFailed
from reference_server.core.history import History
from reference_server.core.running import Ended, Question, Running
from reference_server.core.turns import Turns
from reference_server.core.upstream import Piece, Prompt, Upstream

WHOLE_DIALECTS: Final = ("anita", "guide", "completions", "shadflare")  # whose turns are run by `Turns` itself
LATER: Final = 0.3  # seconds from a stream's end until the answer can be read
RECENT: Final = 20


class OwnSystemMessage(History):
    """
    A system message of the server's own is first in every prompt.
    """

    id = "own-system-message"
    seam = "history"
    source = "A server's persona is its own; the profile's policy extra_system_prompt says so"
    profile = {"policies": {"extra_system_prompt": "yes"}}

    def system(self, thread_system: str | None, call_system: str | None) -> list[dict[str, Any]]:
        own = {"role": "system", "content": "You are a patient teacher."}
        return [own, *super().system(thread_system, call_system)]


class HistoryWindow(History):
    """
    The model gets the last 20 messages.
    """

    id = "history-window"
    seam = "history"
    source = "ChatKit's sample sends 20 items, agno three runs; the profile's policy history says so"
    profile = {"policies": {"history": "window"}}

    def window(self, stored: Any) -> Any:
        return stored[-RECENT:]


class TitleCalls(Turns):
    """
    After a thread's first answer, the model is asked for a title too.
    """

    id = "title-calls"
    seam = "turns"
    dialects = WHOLE_DIALECTS
    source = "LibreChat, Open WebUI and others name threads by the model; no turn is meant"
    profile = {"asides": ["Give a short title for a conversation"]}

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        await super().finish(question, answer, running)
        said = next((one.content for one in question.messages if one.content), None)
        if said is not None:
            task = asyncio.get_running_loop().create_task(self.entitle(said))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def entitle(self, said: str) -> None:
        asking = f"Give a short title for a conversation that begins so:\n\n{said[:500]}"
        try:
            async for _ in self.model.answer(Prompt([{"role": "user", "content": asking}])):
                pass
        except UpstreamFailed:
            return


class Retries(Upstream):
    """
    A model that refuses is asked once more.
    """

    id = "model-asked-again"
    seam = "upstream"
    source = "OpenAI's client libraries ask three times where nothing else is said"

    async def answer(self, prompt: Prompt) -> AsyncIterator[Piece]:
        began = False
        try:
            async for piece in super().answer(prompt):
                began = True
                yield piece
            return
        except UpstreamFailed as error:
            if began or error.status in (400, 401):
                raise
        async for piece in super().answer(prompt):
            yield piece


class StoredLater(Turns):
    """
    An answer can be read 300 ms after its stream has ended.
    """

    id = "stored-300-ms-later"
    seam = "turns"
    dialects = ("anita", "guide")
    source = "langgraph, C1 and workers behind a queue store so; the profile's settle bound says so"
    profile = {"settle": "2s", "policies": {"readable_after": "settle"}}

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        if answer.empty:
            await super().finish(question, answer, running)
            return
        running.tell(Ended(None, answer.finish, answer.usage))
        await asyncio.sleep(LATER)
        await self.keep(question, answer)
