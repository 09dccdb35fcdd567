"""
Rules of a profile's streams whose events it declares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conformance.errors import Problem
from conformance.loading.document import Path
from conformance.loading.lint.shapes import path_problem
from conformance.loading.loaded import LoadedProfile
from conformance.model.profile import Stream, StreamEvent
from conformance.text.declaredevents import PATHS, TEXTS
from conformance.text.framing import DECLARED

__all__ = ["streams_can_be_read"]

_SAYING: Final = (*TEXTS, "error")


def streams_can_be_read(loaded: LoadedProfile) -> Iterator[Problem]:
    """
    Events are declared where the framing needs them and nowhere else, and each of them can happen and be read.
    """
    for name, operation in loaded.profile.operations.items():
        path, stream = ("operations", name, "stream"), operation.stream
        if stream is None:
            continue
        if (stream.framing in DECLARED) != bool(stream.events):
            yield _events_or_framing(loaded, path, stream)
        elif stream.events:
            yield from _together(loaded, path, stream)
            for place, event in enumerate(stream.events):
                yield from _event(loaded, (*path, "events", place), event, stream)
        if operation.thread == "stream" and not any(event.thread for event in stream.events):
            hint = "say in which one: `thread: $.session_id`"
            yield loaded.positions.at(("operations", name, "thread"), "no event tells the id of the thread", hint)


def _events_or_framing(loaded: LoadedProfile, path: Path, stream: Stream) -> Problem:
    if stream.events:
        hint = f"`events` belong to {' and '.join(sorted(DECLARED))}"
        return loaded.positions.at((*path, "framing"), f"{stream.framing} says itself what its events mean", hint)
    text = f"{stream.framing} does not say what its events mean"
    return loaded.positions.at((*path, "framing"), text, "add `events`: `[{text: $.delta}]`")


def _together(loaded: LoadedProfile, path: Path, stream: Stream) -> Iterator[Problem]:
    """
    What only all events together can lack.
    """
    if not any(event.text or event.so_far for event in stream.events):
        hint = "say which event has it: `text: $.delta` for pieces, `so_far: $.text` for the text from its beginning"
        yield loaded.positions.at_key((*path, "events"), "no event has the answer's text", hint)
    if stream.terminal and not any(event.end for event in stream.events):
        hint = 'add `end: true` to it, `{data: "[DONE]", end: true}` for a marker, or write `terminal: false`'
        yield loaded.positions.at_key((*path, "events"), "no event ends the stream", hint)
    for place, event in enumerate(stream.events[:-1]):
        if not (event.name or event.data or event.where or event.has):
            hint = "put it last, or say which events it is about: `name`, `data`, `where` or `has`"
            yield loaded.positions.at((*path, "events", place), "any event fits this one; what follows is dead", hint)
            return


def _event(loaded: LoadedProfile, path: Path, event: StreamEvent, stream: Stream) -> Iterator[Problem]:
    for key in event.where:
        yield from path_problem(loaded.positions, (*path, "where", key), key, of_key=True)
    for key in ("has", *PATHS):
        if (given := getattr(event, key)) is not None:
            yield from path_problem(loaded.positions, (*path, key), given)
    said = [key for key in _SAYING if getattr(event, key) is not None]
    if len(said) > 1:
        text = f"an event has one of {', '.join(f'`{key}`' for key in said)}"
        yield loaded.positions.at_key((*path, said[1]), text, "keep one")
    if event.data is not None and (event.where or event.has or any(getattr(event, key) for key in PATHS)):
        hint = "drop `data`, or what else is read in it"
        yield loaded.positions.at_key((*path, "data"), "an event that is known by its whole `data` has no paths", hint)
    if event.name is not None and stream.framing == "json-lines":
        hint = "say what stands in them: `where: {$.type: token}`"
        yield loaded.positions.at_key((*path, "name"), "lines have no names", hint)
