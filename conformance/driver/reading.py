"""
One answer as it comes in: bytes are stamped, decoded and counted; what is kept does not grow with the answer.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from conformance.model.profile import Stream
from conformance.model.scenario import ToolCall
from conformance.model.text import Text
from conformance.model.transcript import Arrival, Mark, StreamEnd
from conformance.text.digest import TextDigest
from conformance.text.framing import DOCUMENTS, Decoder, Delta, decoder
from conformance.text.prometheus import series
from conformance.text.strictjson import JsonError, parse

__all__ = ["AnswerReader", "TooLarge", "shortened"]

KEPT: Final = 300  # arrivals and marks kept from each end of a stream: a plot shows no more
JSON_LIMIT: Final = 64 * 2**20  # bytes of a JSON body that we are ready to parse; the largest shipped scenario has 7 MB
STREAM_LIMIT: Final = 2 * 2**30  # bytes of a stream after which it is taken for endless
DEPTH: Final = 100  # lists and objects within each other; answers of chat APIs have under 10
BODY_KEPT: Final = 2**16  # bytes of a body kept whole: the texts in it are kept by themselves


T = TypeVar("T")


class TooLarge(Exception):
    """
    The answer is larger than we read.
    """


@dataclass(slots=True)
class _Ends(Generic[T]):
    """
    The first and the last few of many.
    """

    first: list[T] = field(default_factory=list)
    last: list[T] = field(default_factory=list)
    count: int = 0

    def add(self, one: T) -> None:
        self.count += 1
        if len(self.first) < KEPT:
            self.first.append(one)
            return
        self.last.append(one)
        if len(self.last) >= 2 * KEPT:
            del self.last[:-KEPT]

    def all(self) -> list[T]:
        return [*self.first, *self.last[-KEPT:]]


class AnswerReader:
    """
    Takes the chunks of one body. `framing` is the profile's for a success; an error's body is always a document. The
    profile's `stream` says what the events mean, where the framing does not.

    `on_text` is called once, with the time, when the first text is there.
    """

    def __init__(self, framing: str, on_text: Callable[[float], None], stream: Stream | None = None) -> None:
        self._decoder: Decoder = decoder(framing, stream)
        self._document = framing in DOCUMENTS
        self._reads = _figures if framing == "prometheus" else _json
        self._on_text = on_text
        self._arrivals: _Ends[Arrival] = _Ends()
        self._marks: _Ends[Mark] = _Ends()
        self._raw: list[bytes] = []
        self._raw_size = 0
        self._size = 0
        self._text = TextDigest()
        self._length = 0

    def feed(self, chunk: bytes, now: float) -> None:
        self._arrivals.add(Arrival(at=now, size=len(chunk)))
        self._size += len(chunk)
        if self._size > (JSON_LIMIT if self._document else STREAM_LIMIT):
            raise TooLarge
        if self._document or self._raw_size < BODY_KEPT:
            self._raw.append(chunk)
            self._raw_size += len(chunk)
        self._take(self._decoder.feed(chunk), now)

    @property
    def pieces(self) -> int:
        """
        How many pieces of text have come.
        """
        return self._marks.count

    @property
    def length(self) -> int:
        """
        How many code points have come.
        """
        return self._length

    def finish(self, now: float) -> dict[str, Any]:
        """
        The fields of the exchange that speak of the body.
        """
        self._take(self._decoder.close(), now)
        raw = b"".join(self._raw)
        return {
            "arrivals": self._arrivals.all(),
            "arrival_count": self._arrivals.count,
            "delta_count": self._marks.count,
            "marks": self._marks.all(),
            "body": shortened(raw, self._size),
            "body_bytes": self._size,
            "value": self._value(raw),
            "text": None if self._document else self._text.done(),
            "end": None if self._document else self._end(),
        }

    def _take(self, deltas: list[Delta], now: float) -> None:
        for delta in deltas:
            if not self._length:
                self._on_text(now)
            self._marks.add(Mark(text=self._length, event=delta.event, offset=delta.offset))
            self._text.add(delta.text)
            self._length += len(delta.text)

    def _value(self, raw: bytes) -> Any:
        if not self._document:
            return None
        try:
            value = self._reads(raw.decode())
        except (JsonError, UnicodeDecodeError):
            return None
        return value if _keepable(value) else None

    def _end(self) -> StreamEnd:
        ending = self._decoder.ending
        return StreamEnd(
            terminal=ending.terminal,
            error=ending.error,
            problems=list(ending.problems),
            usage=dict(ending.usage) if ending.usage is not None else None,
            finish=ending.finish_reason,
            message_id=ending.message_id,
            parent_id=ending.parent_id,
            thread_id=ending.thread_id,
            tool_calls=[_tool_call(call) for call in ending.tool_calls],
        )


def _json(text: str) -> Any:
    return parse(text, _ignore)


def _figures(text: str) -> Any:
    return series(text)


def _keepable(value: Any, depth: int = DEPTH) -> bool:
    """
    Whether the transcript can hold it: 1e400 is infinite for Python and has no JSON, and what is nested without end
    ends whoever walks through it.
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return depth > 0 and all(_keepable(inner, depth - 1) for inner in value)
    return not isinstance(value, float) or math.isfinite(value)


def _ignore(_: str) -> None:
    """
    A name that is twice in one object is the framing's matter, not the document's.
    """


def shortened(raw: bytes, size: int) -> Text | None:
    """
    A body as a report shows it: whole while it is small, else its first bytes.
    """
    if not size:
        return None
    text = codecs.decode(raw[:BODY_KEPT], "utf-8", "replace")
    digest = TextDigest()
    digest.add(text)
    whole = digest.done()
    if size <= BODY_KEPT:
        return whole
    return Text(length=size, sha256=whole.sha256, head=text[:2048])


def _tool_call(call: Any) -> ToolCall:
    function = call.get("function") or {}
    return ToolCall(
        id=str(call.get("id") or ""),
        name=str(function.get("name") or ""),
        arguments=str(function.get("arguments") or ""),
    )
