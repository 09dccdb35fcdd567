"""
Models' streams that are read by guesswork.
"""

from __future__ import annotations

from collections.abc import Iterator

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError, UpstreamFailed
from reference_server.core.sse import Events
from reference_server.core.turns import Ended, Question, Running, Turns
from reference_server.core.upstream import Piece, Prompt, Upstream
from reference_server.dialects.anita import AnitaWire
from reference_server.dialects.completions import CompletionsWire, Framing


class UpstreamCrlfDropsAll(Events):
    """
    Only LF ends a line, so that an event that ends with CRLF is never seen.
    """

    id = "upstream-crlf-drops-all"
    seam = "events"
    caught_by = ("upstream/every-legal-framing",)

    def lines(self, text: str) -> Iterator[str]:
        *whole, self._rest = (self._rest + text).split("\n")
        yield from whole


class UpstreamNospaceIgnored(Events):
    """
    `data:` without a blank behind it is not known.
    """

    id = "upstream-nospace-ignored"
    seam = "events"
    caught_by = ("upstream/every-legal-framing",)

    def field(self, line: str) -> None:
        if line.startswith("data: "):
            super().field(line)


class UpstreamMultilineDataBroken(Events):
    """
    Each data line is taken for an event.
    """

    id = "upstream-multiline-data-broken"
    seam = "events"
    caught_by = ("upstream/every-legal-framing",)

    def joined(self, data: list[str]) -> str:
        return data[-1]


class UpstreamCommentAsData(Events):
    """
    A comment is taken for data.
    """

    id = "upstream-comment-as-data"
    seam = "events"
    caught_by = ("upstream/every-legal-framing",)

    def field(self, line: str) -> None:
        super().field(line if not line.startswith(":") else f"data{line}")


class MissingDoneIsFailure(Upstream):
    """
    An answer with a finish reason and without `[DONE]` is taken for broken.
    """

    id = "missing-done-is-failure"
    group = "streaming-accumulation"
    seam = "upstream"
    caught_by = ("upstream/every-legal-framing",)

    async def pieces(self, response: object) -> object:  # type: ignore[override]
        finished = done = False
        async for piece in super().pieces(response):  # type: ignore[arg-type]
            done = finished and not piece.usage
            finished = finished or piece.finish is not None
            yield piece
        if not done:
            raise UpstreamFailed("the model did not say [DONE]")


class TruncatedStoredComplete(Upstream):
    """
    An answer that breaks off is taken for whole.
    """

    id = "truncated-stored-complete"
    group = "streaming-accumulation"
    seam = "upstream"
    caught_by = ("truncation/broken-answer-is-a-failure",)

    async def answer(self, prompt: Prompt) -> object:  # type: ignore[override]
        said = False
        try:
            async for piece in super().answer(prompt):
                said = said or bool(piece.text)
                yield piece
        except UpstreamFailed:
            if not said:
                raise
            yield Piece(finish="stop")


class MidstreamErrorSilent(CompletionsWire):
    """
    A stream that fails just ends, cleanly and with its marker.
    """

    id = "midstream-error-silent"
    group = "errors-validation"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("truncation/broken-answer-is-a-failure",)

    def chunk(self, event: object, framing: Framing) -> list[bytes]:
        if isinstance(event, CoreError):
            return super().ending(Ended(None, "stop", None), framing)
        return super().chunk(event, framing)  # type: ignore[arg-type]


class MidstreamErrorUnframed(CompletionsWire):
    """
    An error in the stream is raw JSON, without `data:`.
    """

    id = "midstream-error-unframed"
    group = "errors-validation"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("truncation/broken-answer-is-a-failure",)

    def broken(self, error: CoreError) -> list[bytes]:
        return [chunk.removeprefix(b"data: ") for chunk in super().broken(error)] + [self.done()]


class FailureThenDone(CompletionsWire):
    """
    An error in the stream is followed by `[DONE]`, with nothing said of it.
    """

    id = "failure-then-done"
    group = "errors-validation"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("truncation/broken-answer-is-a-failure",)

    def broken(self, error: CoreError) -> list[bytes]:
        return [self.done()]


class CleanEndAfterFailure(AnitaWire):
    """
    An answer that fails on its way ends like a whole one.
    """

    id = "clean-end-after-failure"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("truncation/broken-answer-is-a-failure",)

    def broken(self, error: CoreError) -> list[bytes]:
        return []


class InternalRetryDoublesText(Turns):
    """
    After a break the model is asked again, and the second answer added to the half of the first.
    """

    id = "internal-retry-doubles-text"
    group = "streaming-accumulation"
    seam = "turns"
    caught_by = ("truncation/no-doubling-by-an-inner-retry",)

    async def converse(self, question: Question, running: Running) -> None:
        opening = await self.open(question)
        answer = self.new_answer(question)
        for attempt in (1, 2):
            try:
                async for piece in self.model.answer(Prompt(opening.prompt)):
                    running.tell(self.pass_on(answer, piece))
                break
            except UpstreamFailed:
                if attempt == 2 or not answer.text:
                    raise
        await self.finish(question, answer, running)


class EmptyAssistantPoison(Answer):
    """
    An empty answer is stored as an empty message, which models refuse when it comes back.
    """

    id = "empty-assistant-poison"
    group = "errors-validation"
    seam = "answer"
    caught_by = ("errors/empty-answer-is-not-stored",)

    empty = False
