"""
Right, and slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from reference_server.core.answers import Answer
from reference_server.core.people import Principal
from reference_server.core.records import Message, Thread
from reference_server.core.threads import Threads
from reference_server.core.turns import Ended, Event, Question, Running, Turns


class SlowFirstToken(Turns):
    """
    More than a second goes by before the model is asked.
    """

    id = "slow-first-token"
    seam = "turns"
    dialects = ("anita", "completions")
    caught_by = ("performance/first-token",)

    async def converse(self, question: Question, running: Running) -> None:
        await asyncio.sleep(1.5)
        await super().converse(question, running)


class Slowly(Running):
    """
    Passes on six or seven pieces a second.
    """

    async def events(self) -> AsyncIterator[Event]:
        async for event in super().events():
            yield event
            await asyncio.sleep(0.15)


class SlowTokens(Turns):
    """
    Pieces of text are passed on more slowly than the model gives them.
    """

    id = "slow-tokens"
    seam = "turns"
    dialects = ("anita", "completions")
    caught_by = ("performance/token-throughput",)

    running = Slowly


class StoreLag(Turns):
    """
    The answer can be read half a second after its stream has ended.
    """

    id = "store-lag"
    seam = "turns"
    dialects = ("anita", "completions")
    caught_by = ("performance/stored-after-the-stream",)

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        running.tell(Ended(None, answer.finish, answer.usage))
        await asyncio.sleep(0.5)
        await self.keep(question, answer)


class SlowReads(Threads):
    """
    Reads take half a second.
    """

    id = "slow-reads"
    seam = "threads"
    dialects = ("anita", "completions")
    caught_by = ("performance/list-and-get",)

    async def get(self, thread_id: str, who: Principal | None = None) -> Thread:
        await asyncio.sleep(0.5)
        return await super().get(thread_id, who)

    async def all(self, who: Principal | None = None) -> list[Thread]:
        await asyncio.sleep(0.5)
        return await super().all(who)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        await asyncio.sleep(0.5)
        return await super().messages(thread_id, who)


class FiftyStreams(Turns):
    """
    The fifty-first turn waits until another has ended.
    """

    id = "fifty-streams"
    seam = "turns"
    dialects = ("anita", "completions")
    caught_by = ("performance/hundred-streams",)

    async def run(self, question: Question, running: Running) -> None:
        async with self.__dict__.setdefault("slots", asyncio.Semaphore(50)):
            await super().run(question, running)
