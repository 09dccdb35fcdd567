"""
The AI SDK's UI message stream of its versions 5 to 7 (`stream: ui-message-stream-v1`): parts over server-sent events.

Source: the part types that the SDK's client validates (strict on `type`, loose on further keys) and captures of ai 5, 6
and 7 (wire facts 5.2): `start`, parts, `finish`, then `data: [DONE]`. Data parts may stand anywhere, also before
`start` and after `finish`; a failed or aborted stream needs no `finish`, and its parts no end.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from conformance.text.chunks import DONE
from conformance.text.datastream import compact
from conformance.text.deltas import Delta
from conformance.text.jsonreader import JsonReader, Keys, inner, short
from conformance.text.sse import Event

MOST_OPEN: Final = 1024  # parts that are open at once; an answer has one or two

PARTS: Final[Mapping[str, Keys]] = {
    "start": {},
    "finish": {},
    "start-step": {},
    "finish-step": {},
    "reset-step": {},
    "abort": {},
    "error": {"errorText": str},
    "message-metadata": {},
    "text-start": {"id": str},
    "text-delta": {"id": str, "delta": str},
    "text-end": {"id": str},
    "reasoning-start": {"id": str},
    "reasoning-delta": {"id": str, "delta": str},
    "reasoning-end": {"id": str},
    "tool-input-start": {"toolCallId": str, "toolName": str},
    "tool-input-delta": {"toolCallId": str, "inputTextDelta": str},
    "tool-input-available": {"toolCallId": str, "toolName": str},
    "tool-input-error": {"toolCallId": str, "toolName": str, "errorText": str},
    "tool-approval-request": {"approvalId": str, "toolCallId": str},
    "tool-approval-response": {"approvalId": str},
    "tool-output-available": {"toolCallId": str},
    "tool-output-error": {"toolCallId": str, "errorText": str},
    "tool-output-denied": {"toolCallId": str},
    "source-url": {"sourceId": str, "url": str},
    "source-document": {"sourceId": str, "mediaType": str, "title": str},
    "file": {"url": str, "mediaType": str},
    "reasoning-file": {"url": str, "mediaType": str},
    "custom": {},
    "steering-message": {},
}

_ANYWHERE: Final = frozenset({"message-metadata", "error", "abort"})


class UiParts(JsonReader):
    """
    Reads the events of one answer; see `events.Reader`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._started = False
        self._finished = False
        self._in_step = False
        self._open: dict[tuple[str, str], None] = {}  # texts, reasonings and tool inputs that are not ended
        self._readers = {
            "start": self._start,
            "finish": self._take_finish,
            "start-step": self._start_step,
            "finish-step": self._end_step,
            "reset-step": self._reset_step,
            "error": lambda part, _: self._fail(part["errorText"]),
            "abort": lambda _part, _event: self._fail("aborted"),
            "tool-input-error": lambda part, _: self._close(("tool input", part["toolCallId"])),
            "tool-input-available": self._take_call,
        }

    def take(self, event: Event, index: int) -> Iterator[Delta]:
        if self._terminal:
            self._problem(f"data after {DONE}", event)
        elif event.data == DONE:
            self._terminal = DONE
        elif (part := self._object(event)) is not None:
            yield from self._part(part, event, index)

    def finish(self) -> Iterator[Delta]:
        yield from self._text.rest()
        if self._error is None:
            self._say_unended("the stream's end")
            for name, seen in (("start", self._started), ("finish", self._finished)):
                if not seen:
                    self.problems.add(f"no {name} part")

    def _part(self, part: Mapping[str, Any], event: Event, index: int) -> Iterator[Delta]:
        name = part.get("type")
        if not isinstance(name, str):
            self._problem("a part without a type", event)
        elif name not in PARTS:
            if not name.startswith("data-"):
                self._problem(f"unknown part type {short(name)}", event)
        elif not self._lacks(part, PARTS[name], name, event):
            self._check_place(name, event)
            yield from self._read(name, part, event, index)

    def _check_place(self, name: str, event: Event) -> None:
        if name in _ANYWHERE:
            return
        if self._finished:
            self._problem(f"{name} after finish", event)
        elif not self._started and name != "start":
            self._problem(f"{name} before start", event)
            self._started = True  # once is enough

    def _read(self, name: str, part: Mapping[str, Any], event: Event, index: int) -> Iterator[Delta]:
        self._take_usage(part)
        if name in self._readers:
            self._readers[name](part, event)
            return
        kind, _, moment = name.rpartition("-")
        if moment in ("start", "delta", "end"):
            self._pair(kind.replace("-", " "), moment, part.get("id", part.get("toolCallId", "")), event)
        if name == "text-delta":
            yield from self._say(part["delta"], event, index)

    def _pair(self, kind: str, moment: str, name: str, event: Event) -> None:
        """
        Begin, extend or end what has a beginning and an end.
        """
        part = kind, name
        if moment != "start" and part not in self._open:
            self._problem(f"{moment} of {kind} {short(name)}, which was not started or has ended,", event)
        elif moment == "end":
            self._close(part)
        elif moment == "start" and part in self._open:
            self._problem(f"{kind} {short(name)} started twice", event)
        elif moment == "start" and len(self._open) >= MOST_OPEN:
            self._problem(f"more than {MOST_OPEN} parts open at once", event)
        else:
            self._open[part] = None

    def _close(self, part: tuple[str, str]) -> None:
        self._open.pop(part, None)

    def _say_unended(self, where: str) -> None:
        for kind, name in () if self._error else self._open:
            self.problems.add(f"{kind} {short(name)} was not ended by {where}")
        self._open.clear()

    def _start(self, part: Mapping[str, Any], event: Event) -> None:
        if self._started:
            self._problem("a second start", event)
        self._started = True
        if part.get("messageId") == "":
            self._problem("an empty messageId", event)
        if isinstance(part.get("messageId"), str):
            self._id = part["messageId"]

    def _start_step(self, _: Mapping[str, Any], event: Event) -> None:
        if self._in_step:
            self._problem("start-step within a step", event)
        self._in_step = True

    def _end_step(self, _: Mapping[str, Any], event: Event) -> None:
        if not self._in_step:
            self._problem("finish-step without start-step", event)
        self._in_step = False
        self._say_unended(f"the finish-step at byte {event.offset}")

    def _reset_step(self, _: Mapping[str, Any], _event: Event) -> None:
        self._open.clear()  # the client forgets the step's parts, also those that are open

    def _take_finish(self, part: Mapping[str, Any], event: Event) -> None:
        if self._in_step and self._error is None:
            self._problem("finish before the step's end", event)
        self._in_step = False
        self._finished = True
        self._say_unended(f"the finish at byte {event.offset}")
        if isinstance(part.get("finishReason"), str):
            self._finish_with(part["finishReason"])

    def _take_call(self, part: Mapping[str, Any], event: Event) -> None:
        self._close(("tool input", part["toolCallId"]))
        if problem := self._call(part["toolCallId"], part["toolName"], compact(part.get("input"))):
            self._problem(problem, event)

    def _take_usage(self, part: Mapping[str, Any]) -> None:
        usage = inner(part, "messageMetadata", "usage")
        if isinstance(usage, Mapping):
            self._usage = usage
