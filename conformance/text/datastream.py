"""
The AI SDK's data stream of its version 4 (`stream: ai-data-stream-v1`): lines `CODE:JSON`, not server-sent events.

Source: @ai-sdk/ui-utils 1.2, `data-stream-parts`, and captures of ai 4.3 (wire facts 5.1): each step is `f` to `e`, the
stream ends with one `d`. A failure before the first step is the line `3` alone.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.text.deltas import Delta
from conformance.text.jsonreader import JsonReader, Keys, short
from conformance.text.sse import Event
from conformance.text.strictjson import JsonError, parse
from conformance.text.toolcalls import MOST_ARGUMENTS, MOST_CALLS

FINISH: Final = "d"


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    kind: type
    keys: Keys = field(default_factory=dict)


CODES: Final[Mapping[str, _Line]] = {
    "0": _Line("text", str),
    "2": _Line("data", list),
    "3": _Line("error", str),
    "8": _Line("annotations", list),
    "9": _Line("tool call", dict, {"toolCallId": str, "toolName": str, "args": (dict, list)}),
    "a": _Line("tool result", dict, {"toolCallId": str}),
    "b": _Line("tool call start", dict, {"toolCallId": str, "toolName": str}),
    "c": _Line("tool call delta", dict, {"toolCallId": str, "argsTextDelta": str}),
    "d": _Line("finish", dict, {"finishReason": str}),
    "e": _Line("step end", dict, {"finishReason": str}),
    "f": _Line("step start", dict, {"messageId": str}),
    "g": _Line("reasoning", str),
    "h": _Line("source", dict),
    "i": _Line("redacted reasoning", dict, {"data": str}),
    "j": _Line("reasoning signature", dict, {"signature": str}),
    "k": _Line("file", dict, {"data": str, "mimeType": str}),
}

_IN_A_STEP: Final = frozenset("09abcg")  # data, annotations, sources and files are also written by hand, at any time


class DataStream(JsonReader):
    """
    Reads the lines of one answer; see `events.Reader`. With several steps, the message id is that of the last one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._in_step = False
        self._begun: dict[str, str] = {}  # arguments so far of the tool calls that are being streamed
        self._readers: Mapping[str, Callable[[Any, Event], None]] = {
            "3": self._take_error,
            "9": self._take_call,
            "a": self._take_result,
            "b": self._begin_call,
            "c": self._extend_call,
            "d": self._take_finish,
            "e": self._end_step,
            "f": self._start_step,
        }

    def take(self, event: Event, index: int) -> Iterator[Delta]:
        line = CODES.get(event.type)
        if self._terminal:
            self._problem(f"data after {FINISH}", event)
        if line is None:
            self._problem(f"unknown code {short(event.type)}", event)
            return
        value = self._value(line, event)
        if value is None:
            return
        if event.type in _IN_A_STEP and not self._in_step and not self._terminal:
            self._problem(f"a {line.name} line outside a step", event)
        if event.type == "0":
            yield from self._say(value, event, index)
        elif event.type in self._readers:
            self._readers[event.type](value, event)

    def finish(self) -> Iterator[Delta]:
        yield from self._text.rest()
        if self._error is None:
            if self._terminal is None:
                self.problems.add(f"no {FINISH} line")
            for name in self._begun:
                self.problems.add(f"tool call {short(name)} was begun and never given")

    def _value(self, line: _Line, event: Event) -> Any:
        """
        The line's value, or None and a problem.
        """
        try:
            value = self._parsed(event)
        except JsonError as wrong:
            self._problem(f"a {line.name} line that is not JSON ({wrong})", event)
            return None
        if not isinstance(value, line.kind):
            self._problem(f"a {line.name} line whose value is not {_WORDS[line.kind]}", event)
            return None
        if isinstance(value, Mapping) and self._lacks(value, line.keys, f"a {line.name} line", event):
            return None
        return value

    def _take_error(self, value: str, _: Event) -> None:
        self._fail(value)

    def _start_step(self, value: Mapping[str, Any], event: Event) -> None:
        if self._in_step:
            self._problem("a step start within a step", event)
        if not value["messageId"]:
            self._problem("an empty messageId", event)
        self._in_step = True
        self._id = value["messageId"]

    def _end_step(self, _: Mapping[str, Any], event: Event) -> None:
        if not self._in_step and self._error is None:
            self._problem("a step end without its start", event)
        self._in_step = False

    def _take_finish(self, value: Mapping[str, Any], event: Event) -> None:
        if self._in_step:
            self._problem("a finish line before the step's end", event)
        self._in_step = False
        self._terminal = FINISH
        self._finish_with(value["finishReason"])
        if isinstance(value.get("usage"), Mapping):
            self._usage = value["usage"]

    def _begin_call(self, value: Mapping[str, Any], event: Event) -> None:
        name = value["toolCallId"]
        if name in self._begun or name in self._tool_ids:
            self._problem(f"tool call {short(name)} begun twice", event)
        elif len(self._begun) >= MOST_CALLS:
            self._problem(f"more than {MOST_CALLS} tool calls begun", event)
        else:
            self._begun[name] = ""

    def _extend_call(self, value: Mapping[str, Any], event: Event) -> None:
        name = value["toolCallId"]
        if name not in self._begun:
            self._problem(f"a delta of tool call {short(name)}, which was not begun,", event)
        elif len(self._begun[name]) + len(value["argsTextDelta"]) > MOST_ARGUMENTS:
            self._problem(f"more than {MOST_ARGUMENTS} characters of tool arguments", event)
        else:
            self._begun[name] += value["argsTextDelta"]

    def _take_call(self, value: Mapping[str, Any], event: Event) -> None:
        name = value["toolCallId"]
        streamed = self._begun.pop(name, "")
        if streamed and not _same(streamed, value["args"]):
            self._problem(f"the arguments of tool call {short(name)} are not what its deltas say,", event)
        if problem := self._call(name, value["toolName"], compact(value["args"])):
            self._problem(problem, event)

    def _take_result(self, value: Mapping[str, Any], event: Event) -> None:
        if value["toolCallId"] not in self._tool_ids:
            self._problem(f"a result of tool call {short(value['toolCallId'])}, which was not given,", event)


_WORDS: Final[Mapping[type, str]] = {str: "a string", list: "a list", dict: "an object"}


def compact(value: Any) -> str:
    """
    A value as JSON.stringify writes it.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _same(text: str, value: Any) -> bool:
    try:
        return bool(parse(text, lambda _: None) == value)
    except JsonError:
        return False
