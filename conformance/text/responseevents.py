"""
Streamed answers of OpenAI's Responses API (`stream: responses-sse`): typed, numbered server-sent events.

Source: OpenAI's openapi.yaml, `ResponseStreamEvent` (wire facts 7.1): `response.created`, `response.in_progress`, the
output items with their parts, then `response.completed`, `.incomplete` or `.failed`. There is no `[DONE]`. Types that
carry neither text nor function calls are numbered like all others and passed over; `keepalive`, which no document names
and which comes with a number of its own (openai/openai-node#1964), anywhere.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from conformance.text.chunks import error_message
from conformance.text.deltas import Delta
from conformance.text.jsonreader import JsonReader, Keys, inner, short
from conformance.text.responseitems import Items
from conformance.text.sse import Event

_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
_STATUS: Final = "response."
_WHOLE: Final[Keys] = {"response": Mapping}
_ITEM: Final[Keys] = {"output_index": int, "item": Mapping}
_PART: Final[Keys] = {"output_index": int, "content_index": int, "item_id": str}
_ARGUMENTS: Final[Keys] = {"output_index": int, "item_id": str}
_KEYS: Final[Mapping[str, Keys]] = {
    "response.created": _WHOLE,
    "response.in_progress": _WHOLE,
    "response.completed": _WHOLE,
    "response.incomplete": _WHOLE,
    "response.failed": _WHOLE,
    "response.output_item.added": _ITEM,
    "response.output_item.done": _ITEM,
    "response.content_part.added": {**_PART, "part": Mapping},
    "response.output_text.delta": {**_PART, "delta": str},
    "response.output_text.done": {**_PART, "text": str},
    "response.function_call_arguments.delta": {**_ARGUMENTS, "delta": str},
    "response.function_call_arguments.done": {**_ARGUMENTS, "arguments": str},
}


class ResponseEvents(JsonReader):
    """
    Reads the events of one response; see `events.Reader`. With several messages, the id is that of the last one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._number = -1
        self._created = False
        self._in_progress = False
        self._items = Items()
        self._readers = {
            "error": self._take_error,
            "response.created": self._take_created,
            "response.in_progress": self._take_in_progress,
            **dict.fromkeys(_ENDS, self._take_end),
            "response.output_item.added": self._add_item,
            "response.output_item.done": self._end_item,
            "response.content_part.added": self._items.add_part,
            "response.output_text.done": self._items.end_text,
            "response.function_call_arguments.delta": self._items.add_arguments,
            "response.function_call_arguments.done": self._items.end_arguments,
        }

    def take(self, event: Event, index: int) -> Iterator[Delta]:
        value = self._object(event)
        if value is None:
            return
        name = value.get("type")
        if self._terminal:
            self._problem(f"data after {self._terminal}", event)
        self._check_number(value, event)
        if not isinstance(name, str):
            self._problem("an event without a type", event)
            return
        if name != event.type:
            self._problem(f"an event named {short(event.type)} with the type {short(name)}", event)
        self._check_place(name, event)
        yield from self._read(name, value, event, index)

    def finish(self) -> Iterator[Delta]:
        yield from self._text.rest()
        if self._terminal is None and self._error is None:
            self.problems.add("no response.completed, response.incomplete or response.failed")

    def _read(self, name: str, value: Mapping[str, Any], event: Event, index: int) -> Iterator[Delta]:
        if self._lacks(value, _KEYS.get(name, {}), name, event):
            return
        if name == "response.output_text.delta":
            self._say_all(self._items.add_text(value), event)
            yield from self._say(value["delta"], event, index)
        elif name in self._readers:
            self._say_all(self._readers[name](value) or (), event)

    def _say_all(self, problems: Iterator[str] | tuple[()], event: Event) -> None:
        for problem in problems:
            self._problem(problem, event)

    def _check_number(self, value: Mapping[str, Any], event: Event) -> None:
        number = value.get("sequence_number")
        if type(number) is not int:
            self._problem("an event without a sequence_number", event)
            self._number += 1
            return
        if number != self._number + 1:
            last = f"after {self._number}" if self._number >= 0 else "comes first"
            self._problem(f"sequence_number {short(number)} {last}", event)
        self._number = number

    def _check_place(self, name: str, event: Event) -> None:
        """
        First `response.created`, then `response.in_progress`, where nothing failed before. Each is missed only once.
        """
        if name in ("response.created", "error", "response.queued", "keepalive"):
            return
        if not self._created:
            self._problem(f"{name} before response.created", event)
            self._created = True
        if not self._in_progress and name not in ("response.in_progress", "response.failed"):
            self._problem(f"{name} before response.in_progress", event)
            self._in_progress = True

    def _take_error(self, value: Mapping[str, Any]) -> None:
        self._fail(error_message(value))

    def _take_created(self, value: Mapping[str, Any]) -> Iterator[str]:
        if self._created:
            yield "response.created is not the first event"
        self._created = True
        yield from self._check_response(value)

    def _take_in_progress(self, value: Mapping[str, Any]) -> Iterator[str]:
        if self._in_progress:
            yield "a second response.in_progress, or one that comes late,"
        self._in_progress = True
        yield from self._check_response(value)

    def _check_response(self, value: Mapping[str, Any]) -> Iterator[str]:
        """
        The response within the event: always the same, its status that of the event.
        """
        response, name = value["response"], value["type"]
        wanted = name.removeprefix(_STATUS)
        if wanted != "created" and response.get("status") != wanted:
            yield f"{name} with the status {short(response.get('status'))}"
        if not isinstance(response.get("id"), str):
            yield f"{name} without a response id"
        elif self._parent is None:
            self._parent = response["id"]
        elif response["id"] != self._parent:
            yield f"the response's id changed from {short(self._parent)} to {short(response['id'])}"

    def _take_end(self, value: Mapping[str, Any]) -> Iterator[str]:
        response, self._terminal = value["response"], value["type"]
        yield from self._check_response(value)
        if isinstance(response.get("usage"), Mapping):
            self._usage = response["usage"]
        if self._terminal == "response.failed":
            self._finish_with("failed")
            self._fail(inner(response, "error", "message"))
            return
        yield from self._items.compare(response)
        reason = inner(response, "incomplete_details", "reason")
        if self._terminal == "response.completed":
            self._finish_with("tool_calls" if self._tool_ids else "stop")
        else:
            self._finish_with(reason if isinstance(reason, str) else "incomplete")

    def _add_item(self, value: Mapping[str, Any]) -> Iterator[str]:
        item = value["item"]
        if item.get("type") == "message" and isinstance(item.get("id"), str):
            self._id = item["id"]
        return self._items.add(value)

    def _end_item(self, value: Mapping[str, Any]) -> Iterator[str]:
        yield from self._items.end(value)
        item = value["item"]
        if item.get("type") != "function_call":
            return
        said = (item.get("call_id"), item.get("name"), item.get("arguments"))
        if not all(isinstance(one, str) for one in said):
            yield "a function call without its call_id, name or arguments"
        elif problem := self._call(*said):
            yield problem
