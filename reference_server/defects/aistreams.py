"""
Streams that the AI SDK's clients cannot read, or that tell them too much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reference_server.core.errors import CoreError
from reference_server.core.records import Message
from reference_server.core.turns import Ended
from reference_server.dialects.aistreams import DataStream, Heading, UiStream
from reference_server.dialects.shadflare import ShadflareWire
from reference_server.dialects.shadflare.bodies import ChatBody, ClientMessage

SHADFLARE = ("shadflare",)


class NoFinishLine(DataStream):
    """
    The stream ends with its last step; the line `d` is missing.
    """

    id = "data-stream-without-finish"
    seam = "data_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/well-formed", "streaming/progressive")

    def finish(self, reason: str, usage: dict[str, int | None]) -> Iterator[bytes]:
        yield next(super().finish(reason, usage))


class CleanEndAfterBreak(DataStream):
    """
    A broken answer ends as a finished one would.
    """

    id = "data-stream-hides-failure"
    seam = "data_stream"
    dialects = SHADFLARE
    caught_by = ("truncation/broken-answer-is-a-failure",)

    def broken(self, error: CoreError) -> Iterator[bytes]:
        yield from self.finish("stop", {"promptTokens": None, "completionTokens": None})


class UnicodeLines(DataStream):
    """
    A line separator in a text begins a new line on the wire.
    """

    id = "data-stream-splits-lines"
    seam = "data_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/well-formed", "encoding/texts-are-exact")

    def line(self, code: str, value: Any) -> bytes:
        text = super().line(code, value).decode()
        return text.replace("\\n", "\n").encode() if code == "0" else text.encode()


class FinishReasonAlwaysStop(DataStream):
    """
    Whatever ended the answer, the stream says `stop`.
    """

    id = "data-stream-always-stop"
    seam = "data_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/finish-reason",)

    def reason(self, ended: Ended) -> str:
        return "stop"


class NoUsageInTheStream(DataStream):
    """
    The finish line says nothing of tokens.
    """

    id = "data-stream-without-usage"
    seam = "data_stream"
    dialects = SHADFLARE
    caught_by = ("tokens/counted-for-each-answer",)

    def line(self, code: str, value: Any) -> bytes:
        kept = {name: one for name, one in value.items() if name != "usage"} if code in "de" else value
        return super().line(code, kept)


class LabelledAsEvents(DataStream):
    """
    The lines are labelled as an event stream, which they are not.
    """

    id = "data-stream-labelled-as-events"
    seam = "data_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/well-formed",)
    media_type = "text/event-stream"


class TextNotEnded(UiStream):
    """
    A text begins and never ends.
    """

    id = "ui-text-never-ends"
    seam = "ui_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/ui-message-stream",)

    def silence(self) -> Iterator[bytes]:
        yield from ()


class TextNotStarted(UiStream):
    """
    Deltas come without the part that begins them.
    """

    id = "ui-text-never-starts"
    seam = "ui_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/ui-message-stream",)

    def __init__(self, heading: Heading) -> None:
        super().__init__(heading)
        self.talking = True


class NoDone(UiStream):
    """
    The last event is missing.
    """

    id = "ui-stream-without-done"
    seam = "ui_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/ui-message-stream",)

    def done(self) -> bytes:
        return b""


class UnknownPart(UiStream):
    """
    A part of a type that the SDK's clients refuse.
    """

    id = "ui-part-of-unknown-type"
    seam = "ui_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/ui-message-stream",)

    def opening(self) -> Iterator[bytes]:
        yield from super().opening()
        yield self.part("conversation", id=self.heading.conversation)


class UsageNotInMetadata(UiStream):
    """
    The stream says nothing of tokens, as the SDK's own does by default.
    """

    id = "ui-stream-without-usage"
    seam = "ui_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/ui-message-stream",)

    def metadata(self, ended: Ended) -> dict[str, Any]:
        return {"model": self.heading.model}


class UiHidesFailure(UiStream):
    """
    A broken answer ends as a finished one would.
    """

    id = "ui-stream-hides-failure"
    seam = "ui_stream"
    dialects = SHADFLARE
    caught_by = ("truncation/broken-answer-is-a-failure",)

    def broken(self, error: CoreError) -> Iterator[bytes]:
        yield from self.silence()
        yield self.part("finish-step")
        yield self.part("finish", finishReason="stop")
        yield self.done()


class EmptyMessageId(UiStream):
    """
    The message's id is empty, as the SDK's is where nobody gives it a generator.
    """

    id = "ui-message-id-empty"
    seam = "ui_stream"
    dialects = SHADFLARE
    caught_by = ("streaming/ui-message-stream",)

    def __init__(self, heading: Heading) -> None:
        super().__init__(Heading(heading.conversation, "", heading.model))


class WholeHistoryStored(ShadflareWire):
    """
    Of a body with the whole conversation all is taken for new.
    """

    id = "whole-history-is-one-question"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("recall/no-duplicates",)

    def new_message(self, body: ChatBody) -> Any:
        if body.messages is None or len(body.messages) < 2:
            return super().new_message(body)
        text = "\n".join(one.text() for one in body.messages)
        whole = body.model_copy(update={"messages": [ClientMessage(role="user", content=text)]})
        return super().new_message(whole)


class UiProtocolIgnored(ShadflareWire):
    """
    Every client gets the data stream of version 4.
    """

    id = "ui-protocol-ignored"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("streaming/ui-message-stream",)

    def stream(self, protocol: str | None, body: ChatBody, heading: Heading) -> DataStream | UiStream:
        return self.server.parts.data_stream(heading)


class TimeoutIgnored(ShadflareWire):
    """
    A request takes as long as its model does.
    """

    id = "upstream-timeout-hangs"
    group = "errors-validation"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("truncation/request-timeout",)

    def question(self, *given: Any) -> Any:
        return replace(super().question(*given), timeout=None)


class PagesOldestFirst(ShadflareWire):
    """
    A page of messages begins with the oldest.
    """

    id = "offset-pages-oldest-first"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("pages/offset-walk",)

    def detail(self, thread: Any, stored: Any, *more: Any) -> dict[str, Any]:
        return super().detail(thread, stored[::-1], *more)


class TotalOfThePage(ShadflareWire):
    """
    The total counts the page.
    """

    id = "total-count-wrong"
    group = "pagination-listing"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("pages/offset-walk",)

    def page(self, name: str, items: Any, total: int, offset: int) -> dict[str, Any]:
        return super().page(name, items, len(items), offset)


class HasMoreWhenFull(ShadflareWire):
    """
    A page that is just full says that there is more.
    """

    id = "has-more-when-full"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("pages/offset-walk",)

    def page(self, name: str, items: Any, total: int, offset: int) -> dict[str, Any]:
        return {**super().page(name, items, total, offset), "hasMore": offset + len(items) <= total}


class ParentNotTold(ShadflareWire):
    """
    A message does not say which one it answers.
    """

    id = "parent-not-told"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("branches/answers-side-by-side",)

    def message(self, one: Message, names: Any) -> dict[str, Any]:
        return {**super().message(one, names), "parentMessageId": None}
