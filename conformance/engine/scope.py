"""
What a placeholder stands for: bindings made before or while playing, and what earlier steps observed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from conformance.engine.naming import BUILTINS
from conformance.model.scenario import Step
from conformance.model.text import Text
from conformance.model.transcript import StepRecord, Transcript
from conformance.text import template
from conformance.text.jsonpath import NOTHING, one

__all__ = ["lookup_in", "scoped", "string"]

_HEAD: Final = re.compile(r"([^.\[]+)\.?(.*)", re.DOTALL)


def lookup_in(bindings: Mapping[str, Any], named: Mapping[str, StepRecord]) -> Callable[[str], Any]:
    """
    A function from a placeholder's name to its value. It raises KeyError for a name that nothing binds.

    A text that was kept whole comes as str, one too long to keep (or with half a surrogate pair, which no text kept
    can show) as `Text`, an unobserved value as None.
    """

    def lookup(name: str) -> Any:
        if name in bindings:
            return _filled(bindings[name], lookup)
        if name in BUILTINS:
            return BUILTINS[name]
        return _observed(name, named)

    return lookup


def scoped(
    transcript: Transcript, steps: Mapping[str, Step]
) -> Iterator[tuple[StepRecord, Step | None, Callable[[str], Any]]]:
    """
    The records in their order, each with its step and what a placeholder stood for there. What the engine asked for
    by itself has no step.
    """
    named: dict[str, StepRecord] = {}
    for record in transcript.records:
        step = steps.get(record.index)
        if step is not None and step.as_:
            named[step.as_] = record
        yield record, step, lookup_in(transcript.bindings, named)


def string(value: Any) -> str:
    """
    A looked-up value as the text to send.
    """
    if isinstance(value, Text):
        return value.whole if value.whole is not None else value.head
    return "" if value is None else str(value)


def _filled(value: Any, lookup: Callable[[str], Any]) -> Any:
    """
    An example may hold placeholders of its own: characters that YAML cannot write.
    """
    return template.fill(value, lookup) if isinstance(value, str) and "${" in value else value


def _observed(name: str, named: Mapping[str, StepRecord]) -> Any:
    head, rest = _HEAD.fullmatch(name).groups()  # type: ignore[union-attr]
    record = named[head]
    field, inner = _HEAD.fullmatch(rest).groups() if rest else ("", "")  # type: ignore[union-attr]
    reader = _FIELDS.get(field)
    if reader is None:
        raise KeyError(name)
    return _whole(reader(record, rest if field in ("messages", "thread") else inner))


def _whole(value: Any) -> Any:
    # What is shown of a text with half a surrogate pair is not the text: it must go on to be compared by its hash.
    kept = isinstance(value, Text) and value.whole is not None and not value.surrogates
    return value.whole if kept else value


def _last(record: StepRecord, attribute: str) -> Any:
    return getattr(record.exchanges[-1], attribute) if record.exchanges else None


def _path(value: Any, path: str) -> Any:
    found = one(f"$.{path}" if path and not path.startswith("[") else f"${path}", value)
    return None if found is NOTHING else found


def _message_path(record: StepRecord, path: str) -> Any:
    place = re.fullmatch(r"messages\[(-?\d+)\](?:\.(\w+))?", path)
    if place is None or record.messages is None or not -len(record.messages) <= int(place[1]) < len(record.messages):
        return None
    message = record.messages[int(place[1])]
    return getattr(message, place[2] or "text", None)


def _thread_path(record: StepRecord, path: str) -> Any:
    return _path(msgspec.to_builtins(record.thread), path.removeprefix("thread").removeprefix("."))


_FIELDS: Final[dict[str, Callable[[StepRecord, str], Any]]] = {
    "id": lambda *_: None,  # an id that was told is a binding: this one was not
    "text": lambda record, _: _last(record, "text"),
    "status": lambda record, _: _last(record, "status"),
    "count": lambda record, _: None if record.messages is None else len(record.messages),
    "messages": _message_path,
    "thread": _thread_path,
    "connections": lambda record, _: record.connections,
    "body": lambda record, path: _path(_last(record, "value"), path),
}
