"""
Server-sent events, written in another way: the rules of WHATWG HTML, 9.2.5 and 9.2.6.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from starlette.datastructures import MutableHeaders

from reference_server.quirks.edge import STREAM, Outgoing
from reference_server.quirks.trees import changed

SPOKEN: Final = ("completions", "shadflare", "assistants", "conversations")  # dialects that speak in events
_NUMBER: Final = re.compile(rb"\"sequence_number\": ?\d+")
_DATA: Final = re.compile(rb"(?m)^data: (\{.*)$")


class Events(Outgoing):
    """
    A stream of events, whole event by whole event.
    """

    seam = "outgoing"
    dialects: tuple[str, ...] = SPOKEN
    order = 3

    def applies(self) -> bool:
        return self.streamed and self.kind == STREAM

    def head(self, headers: MutableHeaders) -> None:
        self.rest = b""
        self.count = 0

    def piece(self, data: bytes) -> list[bytes]:
        *whole, self.rest = (self.rest + data).split(b"\n\n")
        return [written for one in whole if (written := self.counted(one + b"\n\n"))]

    def last(self) -> list[bytes]:
        return [self.rest]

    def counted(self, event: bytes) -> bytes:
        self.count += 1
        return self.event(event)

    def event(self, event: bytes) -> bytes:
        return event


class Values(Events):
    """
    Events whose JSON is written anew.
    """

    order = 2

    def event(self, event: bytes) -> bytes:
        return _DATA.sub(lambda found: b"data: " + self.written(self.value(json.loads(found[1]))), event)

    def value(self, value: Any) -> Any:
        return value

    def written(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class CrLf(Events):
    """
    The lines of events end with CRLF.
    """

    id = "crlf"
    group = "line-ends"
    order = 5
    source = "WHATWG HTML, 9.2.5: end-of-line = ( cr lf / cr / lf )"
    ends: tuple[bytes, ...] = (b"\r\n",)

    def event(self, event: bytes) -> bytes:
        written = b""
        for at, line in enumerate(event.split(b"\n")[:-1]):
            end = self.ends[(self.count + at) % len(self.ends)]
            # A CR and the LF of an empty line would be one end.
            written += line + (b"\r\n" if end == b"\n" and not line and written.endswith(b"\r") else end)
        return written


class Cr(CrLf):
    """
    The lines of events end with CR.
    """

    id = "cr"
    ends = (b"\r",)


class MixedEnds(CrLf):
    """
    The lines of events end with LF, CRLF and CR by turns.
    """

    id = "mixed-line-ends"
    ends = (b"\r\n", b"\r", b"\n", b"\r\n")


class Comments(Events):
    """
    Comments come before, between and within events: a heartbeat, an empty one, one that looks like data.
    """

    id = "comments"
    source = "WHATWG HTML, 9.2.6: a line that starts with a colon is ignored; authors are advised to send some"

    def event(self, event: bytes) -> bytes:
        line, end, rest = event.partition(b"\n")
        return b": ping - 2026-11-21\n\n:\n\n" + line + end + b": data: {}\n" + rest


class OtherFields(Events):
    """
    Events have an id, a time to come again, and a field that nobody knows.
    """

    id = "ids-and-retry"
    source = "WHATWG HTML, 9.2.6: id and retry are fields; an unknown field is ignored"

    def event(self, event: bytes) -> bytes:
        return b"retry: 3000\nid: %d\nx-trace: 7\n" % self.count + event


class EventNames(Events):
    """
    Events that need no name have the usual one.
    """

    id = "event-names"
    dialects = ("completions", "shadflare")
    source = "WHATWG HTML, 9.2.6: without an event field, the type is message"

    def event(self, event: bytes) -> bytes:
        return b"event: message\n" + event


class NoSpace(Events):
    """
    No blank behind a field's colon.
    """

    id = "no-space-after-colon"
    order = 4
    source = "WHATWG HTML, 9.2.5: a space behind the colon is optional"

    def event(self, event: bytes) -> bytes:
        return re.sub(rb"(?m)^([a-z-]+): ", rb"\1:", event)


class SeveralLines(Events):
    """
    JSON is spread over several data lines.
    """

    id = "data-in-lines"
    source = "WHATWG HTML, 9.2.6: data lines are joined by a line feed, which JSON takes for white space"

    def event(self, event: bytes) -> bytes:
        return _DATA.sub(lambda found: b"data: {\ndata: " + found[1][1:-1] + b"\ndata: }", event)


class ByteOrderMark(Events):
    """
    The stream begins with a byte order mark.
    """

    id = "byte-order-mark"
    order = 5
    source = "WHATWG HTML, 9.2.5: stream = [ bom ] *event; one leading mark is stripped"

    def event(self, event: bytes) -> bytes:
        return b"\xef\xbb\xbf" + event if self.count == 1 else event


class Padding(Events):
    """
    The stream begins with two kilobytes of comment and an event of no data.
    """

    id = "padding"
    source = "WHATWG HTML, 9.2.6: an event without data is not dispatched; old browsers needed the padding"

    def event(self, event: bytes) -> bytes:
        return b":" + b" " * 2048 + b"\n\nretry: 2000\n\nevent: open\n\n" + event if self.count == 1 else event


class ExtraKeysInEvents(Values):
    """
    Every object in an event has keys that nobody asked for.
    """

    id = "events-extra-keys"
    source = "OpenAI, API reference, backward compatibility: new properties may be added to event payloads"

    def value(self, value: Any) -> Any:
        return changed(
            value, lambda one: {"obfuscation": "aB3", **one, "x_extra": [None]}, inside=lambda key: key != "metadata"
        )


class EscapedEvents(Values):
    """
    JSON in events is escaped beyond ASCII, with blanks behind commas and colons.
    """

    id = "events-escaped"
    order = 3
    source = "RFC 8259, 2 and 7: white space and escapes are free"

    def written(self, value: Any) -> bytes:
        return json.dumps(value).replace("/", "\\/").encode()


class KeysOfEventsTurnedRound(Values):
    """
    The keys of an event's objects come in the reverse order.
    """

    id = "events-keys-turned-round"
    source = "RFC 8259, 4: an object is an unordered collection"

    def value(self, value: Any) -> Any:
        return changed(value, lambda one: dict(reversed(one.items())))


class UnknownEvents(Events):
    """
    Events of a type that nobody knows come between the others.
    """

    id = "unknown-events"
    dialects = ("shadflare", "assistants")
    source = "OpenAI, API reference, backward compatibility: new event types may be added"

    def event(self, event: bytes) -> bytes:
        return event if b"[DONE]" in event else self.unknown() + event

    def unknown(self) -> bytes:
        if self.scope["path"].endswith("/chat"):
            return b'data: {"type":"data-weather","data":{"sky":"blue"},"transient":true}\n\n'
        return b'event: thread.weather.changed\ndata: {"object":"thread.weather","sky":"blue"}\n\n'


class NumberedHeartbeats(Events):
    """
    A heartbeat comes before every event of a response, numbered among them.
    """

    id = "numbered-heartbeats"
    dialects = ("conversations",)
    source = "OpenAI sends `keepalive` events with a sequence_number in long responses (openai/openai-node#1964)"

    number = -1

    def event(self, event: bytes) -> bytes:
        if not _NUMBER.search(event):
            return event
        beat = b'event: keepalive\ndata: {"type":"keepalive","sequence_number":%d}\n\n' % self._next()
        return beat + _NUMBER.sub(b'"sequence_number":%d' % self._next(), event, count=1)

    def _next(self) -> int:
        self.number += 1
        return self.number


class NoDone(Events):
    """
    No `[DONE]`: the last chunk says why the model stopped, and the body ends.
    """

    id = "no-done"
    dialects = ("completions",)
    source = "OpenAI sends it; vLLM, TGI and proxies of them have not always: a client needs finish_reason alone"
    profile = {"operations": {"chat": {"stream": {"terminal": False}}}, "without": ["done-marker"]}

    def event(self, event: bytes) -> bytes:
        return b"" if event.startswith(b"data: [DONE]") else event


class EmptyDeltas(Events):
    """
    Chunks without a choice and without text come before, between and behind those with text.
    """

    id = "empty-deltas"
    dialects = ("completions",)
    source = "Azure OpenAI: the first chunk has no choices (prompt_filter_results); OpenAI: content may be empty"

    def event(self, event: bytes) -> bytes:
        if not event.startswith(b"data: {") or b'"error"' in event[:12]:
            return event
        head = json.loads(event[6:])
        before = b"data: %s\n\n" % json.dumps({**head, "choices": [], "prompt_filter_results": []}).encode()
        empty = {**head, "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": None}]}
        return before + b"data: %s\n\n" % json.dumps(empty).encode() + event


class Reasoning(Events):
    """
    The stream begins with what the model thinks, which is no part of the answer.
    """

    id = "reasoning-first"
    dialects = ("completions",)
    source = "OpenAI, API reference: delta may have refusal, reasoning_content and more beside content"

    def event(self, event: bytes) -> bytes:
        if not event.startswith(b"data: {") or b'"error"' in event[:12] or self.count > 1:
            return event
        head = json.loads(event[6:])
        thought = {"index": 0, "delta": {"reasoning_content": "I think.", "refusal": None}, "finish_reason": None}
        return b"data: %s\n\n" % json.dumps({**head, "choices": [thought]}).encode() + event
