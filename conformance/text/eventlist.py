"""
The events of a body as they came, whatever they mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.text.deltas import Delta, Ending, Problems
from conformance.text.events import EventStream
from conformance.text.jsonpath import NOTHING
from conformance.text.lines import JsonLines
from conformance.text.sse import Event
from conformance.text.strictjson import JsonError, parse

__all__ = ["events_in", "value_of"]


def events_in(framing: str, body: str) -> list[Event]:
    """
    The events of a body: of server-sent ones for `json-sse`, else a line each.
    """
    kept = _Kept()
    reading = EventStream(kept) if framing == "json-sse" else JsonLines(kept)
    reading.feed(body.encode(errors="surrogatepass"))
    reading.close()
    return kept.events


def value_of(event: Event) -> Any:
    """
    What the data of an event holds; NOTHING where it is no JSON.
    """
    try:
        return parse(event.data, lambda _: None)
    except JsonError:
        return NOTHING


class _Kept:
    """
    A `Reader` that keeps every event.
    """

    def __init__(self) -> None:
        self.problems = Problems()
        self.events: list[Event] = []

    def take(self, event: Event, index: int) -> Iterator[Delta]:
        del index  # the list counts them
        self.events.append(event)
        yield from ()

    def finish(self) -> Iterator[Delta]:
        yield from ()

    def ending(self) -> Ending:
        return Ending()
