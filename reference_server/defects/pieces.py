"""
Models' answers that are put together by guesswork.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reference_server.core.answers import Answer
from reference_server.core.sse import Events
from reference_server.core.upstream import Piece, Upstream


class FalsyZeroDropped(Upstream):
    """
    A piece that is only a zero counts as none.
    """

    id = "falsy-zero-dropped"
    seam = "upstream"
    caught_by = ("encoding/texts-are-exact",)

    def text(self, delta: dict[str, Any]) -> str:
        text = super().text(delta)
        return "" if text == "0" else text


class BlankDeltasDropped(Upstream):
    """
    A piece that is only blanks and line ends is passed over.
    """

    id = "blank-deltas-dropped"
    seam = "upstream"
    caught_by = ("encoding/texts-are-exact",)

    def text(self, delta: dict[str, Any]) -> str:
        text = super().text(delta)
        return text if text.strip() else ""


class OtherChoiceMixedIn(Upstream):
    """
    The pieces of all choices make one answer.
    """

    id = "other-choice-mixed-in"
    seam = "upstream"
    caught_by = ("upstream/every-legal-shape",)

    def choices(self, chunk: dict[str, Any]) -> list[dict[str, Any]]:
        return chunk.get("choices") or []


class RoleChunkTextDropped(Upstream):
    """
    The chunk that says who speaks is taken to say nothing else.
    """

    id = "role-chunk-text-dropped"
    seam = "upstream"
    caught_by = ("upstream/every-legal-shape",)

    def text(self, delta: dict[str, Any]) -> str:
        return "" if delta.get("role") else super().text(delta)


class FinalAggregateAdded(Upstream):
    """
    A message that is repeated whole at the end is added to its pieces.
    """

    id = "final-aggregate-added"
    seam = "upstream"
    caught_by = ("upstream/every-legal-shape",)

    def chunk(self, data: str) -> Iterator[Piece]:
        for piece in super().chunk(data):
            whole = [choice.get("message") or {} for choice in self.choices(self.read(data))]
            yield replace(piece, text=piece.text + "".join(one.get("content") or "" for one in whole))

    def read(self, data: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(data)
        return found


class MalformedChunkFatal(Upstream):
    """
    A chunk that is no JSON ends the answer, which then counts as whole.
    """

    id = "malformed-chunk-fatal"
    group = "errors-validation"
    seam = "upstream"
    caught_by = ("truncation/broken-answer-is-a-failure", "truncation/interrupted-turn")

    def chunk(self, data: str) -> Iterator[Piece]:
        try:
            json.loads(data)
        except ValueError:
            yield Piece(finish="stop")
            return
        yield from super().chunk(data)


class BigAnswerCut(Answer):
    """
    Of a long answer, 64 Ki characters are kept, while all of it is streamed.
    """

    id = "big-answer-cut"
    seam = "answer"
    caught_by = ("streaming/answer-is-accumulated-whole",)

    def add_text(self, text: str) -> None:
        room = 65536 - sum(map(len, self.pieces))
        super().add_text(text[: max(room, 0)])


class UpstreamCrlfSplitTearsEvent(Events):
    """
    A CR and the LF behind it that come in two reads are two line ends, and end an event in its middle.
    """

    id = "upstream-crlf-split-tears-event"
    group = "protocol-framing"
    seam = "events"
    caught_by = ("upstream/every-legal-shape",)

    def lines(self, text: str) -> Iterator[str]:
        self._after_cr = False
        yield from super().lines(text)


class FrameSplitLosesDelta(Events):
    """
    Each read is taken for whole lines; a line that lies over two reads is lost.
    """

    id = "frame-split-loses-delta"
    group = "protocol-framing"
    seam = "events"
    caught_by = ("upstream/every-legal-framing", "upstream/every-legal-shape")

    def lines(self, text: str) -> Iterator[str]:
        yield from super().lines(text)
        self._rest = ""


class EscapedPairNotJoined(Upstream):
    """
    The halves of a character that was written as two escapes stay halves.
    """

    id = "escaped-pair-not-joined"
    group = "encoding"
    seam = "upstream"
    caught_by = ("encoding/surrogate-pairs-are-joined",)

    def whole_characters(self, text: str) -> tuple[str, str]:
        halves = (half for one in text for half in (_halves(one) if ord(one) > 0xFFFF else one))
        return "".join(halves), ""


class StopsAfterTextBeforeTool(Answer):
    """
    What the model calls behind a text is not taken.
    """

    id = "stops-after-text-before-tool"
    group = "tools"
    seam = "answer"
    dialects = ("completions",)
    caught_by = ("tools/text-beside-calls",)

    def take(self, piece: Piece) -> Piece:
        if self.pieces and piece.tool_calls:
            piece = replace(piece, tool_calls=[])
        if self.pieces and piece.finish == "tool_calls":
            piece = replace(piece, finish="stop")
        return super().take(piece)


class ToolIndexAlwaysZero(Answer):
    """
    Every call in the stream has the index 0.
    """

    id = "tool-index-always-zero"
    group = "tools"
    seam = "answer"
    dialects = ("completions",)
    caught_by = ("storage/one-text-everywhere",)

    def take(self, piece: Piece) -> Piece:
        shown = super().take(piece)
        return replace(shown, tool_calls=[{**fragment, "index": 0} for fragment in shown.tool_calls])


class ToolEventsDuplicated(Answer):
    """
    Each call is streamed twice: as announced, and as confirmed.
    """

    id = "tool-events-duplicated"
    group = "tools"
    seam = "answer"
    dialects = ("completions",)
    caught_by = ("storage/one-text-everywhere",)

    def take(self, piece: Piece) -> Piece:
        shown = super().take(piece)
        again = [{**fragment, "index": int(fragment.get("index", 0)) + 100} for fragment in shown.tool_calls]
        return replace(shown, tool_calls=[*shown.tool_calls, *again])


def _halves(character: str) -> str:
    return "".join(chr(int.from_bytes(pair, "little")) for pair in _pairs(character.encode("utf-16-le")))


def _pairs(data: bytes) -> list[bytes]:
    return [data[place : place + 2] for place in range(0, len(data), 2)]
