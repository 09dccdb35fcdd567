"""
Stream framings that are server-sent events: one decoder, and a reader per framing that knows what an event means.
"""

from collections.abc import Iterator
from typing import Protocol

from conformance.text.deltas import Delta, Ending, Problems
from conformance.text.sse import LIMIT, Event, EventTooLarge, SseDecoder


class Reader(Protocol):
    """
    What the events of one framing mean. `take` gives the deltas of an event, `finish` what was held back.

    `problems` is shared with the decoder, so that problems stand in the order of the stream.
    """

    problems: Problems

    def take(self, event: Event, index: int) -> Iterator[Delta]: ...

    def finish(self) -> Iterator[Delta]: ...

    def ending(self) -> Ending: ...


class EventStream:
    """
    A `Decoder` for any framing over server-sent events.
    """

    def __init__(self, reader: Reader, max_event: int = LIMIT) -> None:
        self._sse = SseDecoder(max_event)
        self._reader = reader
        self._count = 0
        self._given_up = False

    def feed(self, chunk: bytes) -> list[Delta]:
        if self._given_up:
            return []
        return [delta for event in self._events(chunk) for delta in self._take(event)]

    def close(self) -> list[Delta]:
        unfinished = self._sse.unfinished
        if unfinished and not self._given_up:
            self._reader.problems.add(f"the last {unfinished} bytes are an event without the blank line that ends it")
        if self._sse.invalid_at is not None:
            self._reader.problems.add(f"invalid UTF-8 at byte {self._sse.invalid_at}")
        self._sse.close()
        return list(self._reader.finish())

    @property
    def ending(self) -> Ending:
        return self._reader.ending()

    def _events(self, chunk: bytes) -> list[Event]:
        try:
            return self._sse.feed(chunk)
        except EventTooLarge as too_large:
            self._given_up = True
            self._reader.problems.add(f"{too_large}; nothing after it was read")
            return too_large.before

    def _take(self, event: Event) -> Iterator[Delta]:
        yield from self._reader.take(event, self._count)
        self._count += 1


class PlainEvents:
    """
    `stream: sse`: the data of each event is a piece of the text, except the marker `[DONE]`.

    An event of type `error` is an in-band error, as its data says it.
    """

    def __init__(self) -> None:
        self.problems = Problems()
        self._terminal: str | None = None
        self._error: str | None = None

    def take(self, event: Event, index: int) -> Iterator[Delta]:
        if self._terminal:
            self.problems.add(f"data after {self._terminal} at byte {event.offset}")
        elif event.type == "error":
            self._error = self._error or event.data or "an error event without data"
        elif event.data == "[DONE]":
            self._terminal = event.data
        elif event.data:
            yield Delta(event.data, index, event.offset)

    def finish(self) -> Iterator[Delta]:
        return iter(())

    def ending(self) -> Ending:
        return Ending(terminal=self._terminal, error=self._error, problems=self.problems.all())
