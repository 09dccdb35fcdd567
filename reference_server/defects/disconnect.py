"""
Clients that go away, and turns that go with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from reference_server.core.answers import Answer
from reference_server.core.errors import UpstreamFailed
from reference_server.core.turns import Question, Running, Turns
from reference_server.dialects.anita import AnitaWire


class Watched(Running):
    """
    Knows whether its caller still reads.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gone = asyncio.Event()

    async def events(self) -> AsyncIterator[object]:  # type: ignore[override]
        try:
            async for event in super().events():
                yield event
        except (GeneratorExit, asyncio.CancelledError):
            self.gone.set()
            raise


class SaveAfterLoopLost(Turns):
    """
    The turn lives in the request: when the client goes, nothing is saved.
    """

    id = "save-after-loop-lost"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare", "conversations")
    caught_by = ("disconnect/answer-is-finished-without-the-client", "disconnect/client-leaves-at-the-very-end")

    running = Watched

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        if running.gone.is_set():
            raise UpstreamFailed("the client has gone")
        await super().finish(question, answer, running)


class PartialMarkedComplete(Turns):
    """
    What had been sent when the client went is stored as if it were the whole answer.
    """

    id = "partial-marked-complete"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare", "conversations")
    caught_by = ("disconnect/answer-is-finished-without-the-client",)

    running = Watched

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        if running.gone.is_set():
            del answer.pieces[1:]
        await super().finish(question, answer, running)


class CutLosesEarlierTurns(Turns):
    """
    A turn whose client goes takes the whole thread with it.
    """

    id = "cut-loses-earlier-turns"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare", "conversations")
    caught_by = ("disconnect/earlier-turns-stay",)

    running = Watched

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        if running.gone.is_set():
            self.database.transaction(lambda held: self.store.remove_messages(held, question.thread), True)
        await super().finish(question, answer, running)


class SecondStopBreaks(Turns):
    """
    The first turn of a thread outlives its client, later ones do not.
    """

    id = "second-stop-breaks"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare", "conversations")
    caught_by = ("disconnect/three-times",)

    running = Watched

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        assert isinstance(running, Watched)
        if running.gone.is_set():
            stopped: set[str] = self.__dict__.setdefault("stopped", set())
            if question.thread in stopped:
                raise UpstreamFailed("the client has gone")
            stopped.add(question.thread)
        await super().finish(question, answer, running)


class ErrorThenHang(AnitaWire):
    """
    An answer that fails on its way never ends.
    """

    id = "error-then-hang"
    group = "errors-validation"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("truncation/broken-answer-is-a-failure",)

    async def chunks(self, running: Running) -> AsyncIterator[bytes]:
        try:
            async for chunk in super().chunks(running):
                yield chunk
        except Exception:
            await asyncio.sleep(3600)
