"""
Answers that are not put together, not passed on, or not ended as they should be.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from reference_server.core.answers import Answer
from reference_server.core.records import NewMessage
from reference_server.core.turns import Ended, Event, Question, Running, Turns
from reference_server.core.upstream import Piece, Upstream
from reference_server.dialects.anita import AnitaWire
from reference_server.dialects.completions import CompletionsWire, Framing


class Collected(Running):
    """
    Keeps back every piece until the end is known.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[Event] = []

    def tell(self, event: Event) -> None:
        self._kept.append(event)
        if not isinstance(event, Piece):
            for kept in self._kept:
                super().tell(kept)


class NotIncremental(Turns):
    """
    The whole answer is collected, then sent.
    """

    id = "not-incremental"
    seam = "turns"
    caught_by = ("streaming/progressive",)

    running = Collected


class LastDeltaDropped(Answer):
    """
    The last piece is streamed, and never reaches the stored text.
    """

    id = "last-delta-dropped"
    seam = "answer"
    caught_by = ("streaming/answer-is-accumulated-whole",)

    def message(self) -> NewMessage:
        whole = super().message()
        return replace(whole, content="".join(self.pieces[:-1])) if len(self.pieces) > 1 else whole


class FirstDeltaDropped(Answer):
    """
    The first piece is streamed, and never reaches the stored text.
    """

    id = "first-delta-dropped"
    seam = "answer"
    caught_by = ("streaming/answer-is-accumulated-whole",)

    def message(self) -> NewMessage:
        whole = super().message()
        return replace(whole, content="".join(self.pieces[1:])) if len(self.pieces) > 1 else whole


class LastChunkOverwrites(Answer):
    """
    Each piece takes the place of the text before it.
    """

    id = "last-chunk-overwrites"
    seam = "answer"
    caught_by = ("streaming/answer-is-accumulated-whole",)

    def add_text(self, text: str) -> None:
        self.pieces[:] = [text]


class FinalAggregateAppended(Answer):
    """
    The whole text is added once more at the end.
    """

    id = "final-aggregate-appended"
    seam = "answer"
    caught_by = ("streaming/answer-is-accumulated-whole",)

    def message(self) -> NewMessage:
        whole = super().message()
        return replace(whole, content=whole.content * 2) if whole.content else whole


class UsageChunkCrash(Upstream):
    """
    The chunk of usage figures has no choices, and the first of them is asked for.
    """

    id = "usage-chunk-crash"
    seam = "upstream"
    caught_by = ("streaming/chunks-without-text",)

    def choices(self, chunk: dict[str, object]) -> list[dict[str, object]]:
        listed = chunk["choices"]
        assert isinstance(listed, list)
        return [listed[0]]


class DoneBeforeCommit(Turns):
    """
    The end is sent, and the answer stored a little later.
    """

    id = "done-before-commit"
    seam = "turns"
    caught_by = ("streaming/readable-at-the-end",)

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        running.tell(Ended(None, answer.finish, answer.usage))
        await asyncio.sleep(0.08)
        await self.keep(question, answer)


class FinalIdDiffers(Turns):
    """
    The answer is stored under an id of its own, not the one that the client gave.
    """

    id = "final-id-differs"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("streaming/ids-agree",)

    def new_answer(self, question: Question) -> Answer:
        return self.answers(self.texts, self.store.message_id())


class TerminalEventTwice(CompletionsWire):
    """
    The stream says twice that it is done.
    """

    id = "terminal-event-twice"
    group = "protocol-framing"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("streaming/well-formed",)

    def done(self) -> bytes:
        return super().done() * 2


class FinalEventNoBlankLine(CompletionsWire):
    """
    The last event lacks the blank line that ends it.
    """

    id = "final-event-no-blank-line"
    group = "protocol-framing"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("streaming/well-formed",)

    def done(self) -> bytes:
        return super().done().rstrip(b"\n")


class WrongContentType(AnitaWire):
    """
    The stream is labelled as JSON.
    """

    id = "wrong-content-type"
    group = "protocol-framing"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("streaming/well-formed",)

    media_type = "application/json"


class ConnectionOpenAfterDone(CompletionsWire):
    """
    The terminal marker is sent, and the connection stays open.
    """

    id = "connection-open-after-done"
    group = "protocol-framing"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("streaming/well-formed",)

    async def chunks(self, running: Running, framing: Framing) -> AsyncIterator[bytes]:
        async for chunk in super().chunks(running, framing):
            yield chunk
        await asyncio.sleep(3600)
