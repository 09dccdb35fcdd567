"""
Events of JSON whose meaning a profile says (`stream: json-sse` and `json-lines`): most servers that people write for
themselves have such a stream, and no two have the same.

Source: the profile's `events`. An event means what the first of them says that it fits. What fits none is a problem,
unless the profile passes it by: a gauge that reads over what it does not know would not see a text that is sent in it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from conformance.model.profile import Stream, StreamEvent
from conformance.text.deltas import Delta, Ending
from conformance.text.jsonpath import NOTHING, find, one
from conformance.text.jsonreader import JsonReader, short
from conformance.text.said import Said
from conformance.text.sse import Event
from conformance.text.strictjson import JsonError
from conformance.text.surrogates import clean

__all__ = ["PATHS", "TEXTS", "DeclaredEvents", "fits"]

TEXTS: Final = ("text", "so_far", "whole")
PATHS: Final = (*TEXTS, "error", "message", "thread", "usage", "finish")
"""
The keys of an event that say where something stands in it; of the first three, an event has one at most.
"""

_TEXT: Final = "text"  # there is one answer in a stream


class DeclaredEvents(JsonReader):
    """
    Reads the events of one answer; see `events.Reader`. Problems name the event, from 0, and its byte.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self._said = Said()
        self._index = 0
        self._thread: str | None = None
        self._readers: Mapping[str, Callable[[str, Any, Event], Iterator[Delta]]] = {
            "text": self._take_text,
            "so_far": self._take_so_far,
            "whole": self._take_whole,
        }

    def take(self, event: Event, index: int) -> Iterator[Delta]:
        self._index = index
        if self._terminal is not None:
            self._problem(f"data after the end ({self._terminal})", event)
            return
        value = self._value(event)
        meant = next((one for one in self._stream.events if fits(one, event, value)), None)
        if meant is not None and not any(getattr(meant, path) for path in PATHS):
            self._end(meant, event)  # its data may be anything
        elif isinstance(value, JsonError):
            self._problem(f"data that is not JSON ({value})" if event.data else "empty data", event)
        elif meant is not None:
            yield from self._meant(meant, value, event)
        elif self._stream.others == "problem":
            told = "" if event.type == "message" else f" named {short(event.type)}"
            self._problem(f"data{told} that is none of the profile's events ({short(event.data)})", event)

    def finish(self) -> Iterator[Delta]:
        yield from self._text.rest()
        ends = any(one.end for one in self._stream.events)
        if ends and self._stream.terminal and self._terminal is None and self._error is None:
            self.problems.add("no event that ends the stream")

    def ending(self) -> Ending:
        ending = super().ending()
        return Ending(**{name: getattr(ending, name) for name in ending.__slots__} | {"thread_id": clean(self._thread)})

    def _problem(self, problem: str, event: Event) -> None:
        super()._problem(f"{problem} in event {self._index}", event)

    def _value(self, event: Event) -> Any:
        """
        What the event's data holds, or why it holds nothing: a marker need not be JSON.
        """
        try:
            return self._parsed(event)
        except JsonError as wrong:
            return wrong

    def _meant(self, meant: StreamEvent, value: Any, event: Event) -> Iterator[Delta]:
        self._id = self._same(meant.message, "message's", self._id, value, event)
        self._thread = self._same(meant.thread, "thread's", self._thread, value, event)
        self._take_rest(meant, value)
        for name, read in self._readers.items():
            if (path := getattr(meant, name)) is not None:
                yield from read(path, value, event)
        self._end(meant, event)

    def _take_rest(self, meant: StreamEvent, value: Any) -> None:
        usage = one(meant.usage, value) if meant.usage else None
        if isinstance(usage, Mapping):
            self._usage = usage
        reason = one(meant.finish, value) if meant.finish else None
        if isinstance(reason, str):
            self._finish_with(reason)
        if meant.error is not None:
            self._fail(one(meant.error, value))

    def _same(self, path: str | None, whose: str, known: str | None, value: Any, event: Event) -> str | None:
        if path is None:
            return known
        found = one(path, value)
        if not isinstance(found, str | int) or isinstance(found, bool) or found == "":
            self._problem(f"no {whose} id at {path}", event)
        elif known is not None and str(found) != known:
            self._problem(f"the {whose} id changed from {short(known)} to {short(found)}", event)
        else:
            return str(found)
        return known

    def _string(self, path: str, value: Any, event: Event) -> str | None:
        """
        The text at a path; several are joined. Null is no text, and no mistake: a last event often has it.
        """
        found = find(path, value)
        if not found and "[*]" not in path:
            self._problem(f"no text at {path}", event)
        texts = [one for one in found if one is not None]
        if any(not isinstance(one, str) for one in texts):
            self._problem(f"what is no text at {path}", event)
            return None
        return "".join(texts) if texts else None

    def _take_text(self, path: str, value: Any, event: Event) -> Iterator[Delta]:
        text = self._string(path, value, event)
        if text:
            self._said.add(_TEXT, text)
            yield from self._say(text, event, self._index)

    def _take_so_far(self, path: str, value: Any, event: Event) -> Iterator[Delta]:
        text = self._string(path, value, event)
        more = self._said.beyond(_TEXT, text) if text is not None else ""
        if more is None:
            self._problem(f"the text at {path} does not begin with what was said before it", event)
        elif more:
            self._said.add(_TEXT, more)
            yield from self._say(more, event, self._index)

    def _take_whole(self, path: str, value: Any, event: Event) -> Iterator[Delta]:
        text = self._string(path, value, event)
        if text is not None and (difference := self._said.differs(_TEXT, text)):
            self._problem(f"the text at {path} is {difference}", event)
        yield from ()

    def _end(self, meant: StreamEvent, event: Event) -> None:
        if meant.end:
            self._terminal = _called(meant, event)


def fits(meant: StreamEvent, event: Event, value: Any) -> bool:
    """
    Whether an event is one of those that are meant. `value` is what its data holds, or the error where it is no JSON.
    """
    if meant.name is not None and event.type not in _several(meant.name):
        return False
    if meant.data is not None and event.data.strip() != meant.data:
        return False
    if meant.has is not None and one(meant.has, value) in (NOTHING, None):
        return False
    return all(_is_one(one(path, value), wanted) for path, wanted in meant.where.items())


def _is_one(found: Any, wanted: Any) -> bool:
    """
    Whether a value is one of those that are wanted; true is not 1.
    """
    return any(found == one and isinstance(found, bool) == isinstance(one, bool) for one in _several(wanted))


def _several(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _called(meant: StreamEvent, event: Event) -> str:
    """
    The event that ends the stream, as a report calls it.
    """
    if meant.data is not None:
        return meant.data
    if meant.where:
        return ", ".join(f"{path}: {msgspec.json.encode(wanted).decode()}" for path, wanted in meant.where.items())
    return event.type if meant.name is not None else meant.has or "the first event"
