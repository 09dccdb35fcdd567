"""
Bytes on the wire that say something else than what was meant.
"""

from __future__ import annotations

import gzip
from typing import Any, Final

from starlette.types import Message, Receive, Scope, Send

from reference_server.core.search import AROUND, Search
from reference_server.core.sse import Events
from reference_server.core.texts import Texts
from reference_server.dialects.completions import CompletionsWire
from reference_server.dialects.conversations import ConversationsWire
from reference_server.dialects.conversations.stream import Writer
from reference_server.dialects.paths import RawPaths

HEARTBEAT: Final = b"\n: ping\n\n"


class NulTruncates(Texts):
    """
    A piece of an answer ends at its U+0000, as a text of C does.
    """

    id = "nul-truncates"
    group = "encoding"
    seam = "texts"
    caught_by = ("encoding/nul-in-the-answer",)

    def answer(self, text: str) -> str:
        return super().answer(text.partition("\0")[0])


class CharsetGuessed(Events):
    """
    A model's answer whose content type names no charset is read as Latin-1.
    """

    id = "charset-guessed"
    group = "encoding"
    seam = "events"
    caught_by = ("encoding/texts-are-exact",)

    def decode(self, chunk: bytes) -> str:
        return chunk.decode("latin-1")


class TitleOrSearchBytes(Search):
    """
    What a search shows around its words is cut by bytes.
    """

    id = "title-or-search-bytes"
    group = "encoding"
    seam = "search"
    dialects = ("shadflare",)
    caught_by = ("search/shown-in-whole-characters",)

    def snippet(self, text: str, words: str) -> str:
        place = len(text[: max(text.casefold().find(words.casefold()), 0)].encode())
        shown = text.encode()[max(place - AROUND, 0) : place + len(words.encode()) + AROUND]
        return shown.decode(errors="replace")


class DoneMissing(CompletionsWire):
    """
    A stream ends without its marker.
    """

    id = "done-missing"
    group = "streaming-accumulation"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("streaming/well-formed",)

    def done(self) -> bytes:
        return b""


class HeartbeatInsideEvent(CompletionsWire):
    """
    A heartbeat is written into the middle of an event.
    """

    id = "heartbeat-inside-event"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("streaming/well-formed", "streaming/answer-is-accumulated-whole")

    def event(self, data: dict[str, Any]) -> bytes:
        whole = super().event(data)
        middle = len(whole) // 2
        return whole[:middle] + HEARTBEAT + whole[middle:]


class DataNewlineUnescaped(CompletionsWire):
    """
    A line break in a text is written into the line of data as it is, and cuts the event.
    """

    id = "data-newline-unescaped"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("encoding/texts-are-exact", "streaming/well-formed")

    def event(self, data: dict[str, Any]) -> bytes:
        return super().event(data).replace(rb"\n", b"\n")


class Repeating(Writer):
    """
    Gives every number twice.
    """

    def next_number(self) -> int:
        return super().next_number() // 2


class EventIdNotUnique(ConversationsWire):
    """
    Two events in a row have the same number.
    """

    id = "event-id-not-unique"
    seam = "conversations"
    dialects = ("conversations",)
    caught_by = ("streaming/well-formed",)

    writer = Repeating


class Packed:
    """
    Keeps a body until it is whole, and sends it compressed.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            packed = gzip.compress(self._body)
            headers = [one for one in self._start["headers"] if one[0] != b"content-length"]
            length = (b"content-length", str(len(packed)).encode())
            await self._send({**self._start, "headers": [*headers, (b"content-encoding", b"gzip"), length]})
            await self._send({**message, "body": packed})


class GzipBuffersStream(RawPaths):
    """
    Whoever accepts compressed answers gets them when they are whole, streams too.
    """

    id = "gzip-buffers-stream"
    seam = "raw_paths"
    caught_by = ("streaming/progressive",)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = dict(scope.get("headers") or ()).get(b"accept-encoding", b"")
        await super().__call__(scope, receive, Packed(send) if b"gzip" in accepted else send)
