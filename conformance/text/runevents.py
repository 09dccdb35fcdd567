"""
Streamed runs of the Assistants API, version 2 (`stream: assistants-sse`): named server-sent events.

Source: OpenAI's openapi.yaml, `AssistantStreamEvent`, and wire facts 6.4 and 6.5: the run is created, queued, in
progress, then at its end; each message is created, said in deltas, and completed with the whole text; then `done`. The
stream that follows the submission of tool outputs begins with the run queued. Unknown events are passed over.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from conformance.text.chunks import DONE, error_message
from conformance.text.deltas import Delta
from conformance.text.jsonreader import JsonReader, inner, listed, short
from conformance.text.said import Said
from conformance.text.sse import Event

_RUN: Final = "thread.run."
_STEP: Final = "thread.run.step."
_MESSAGE: Final = "thread.message."

_ENDS: Final = frozenset({"completed", "incomplete", "failed", "cancelled", "expired", "requires_action"})
_RUN_FOLLOWS: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"created", "queued"}),
    "created": frozenset({"queued"}),
    "queued": frozenset({"in_progress", "cancelling", "cancelled", "failed", "expired"}),
    "in_progress": _ENDS | {"cancelling"},
    "cancelling": _ENDS - {"requires_action"},
}
_SAID: Final = frozenset({"delta", "completed", "incomplete"})
_MESSAGE_FOLLOWS: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"created"}),
    "created": _SAID | {"in_progress"},
    "in_progress": _SAID,
    "delta": _SAID,
    "completed": frozenset({"created"}),
    "incomplete": frozenset({"created"}),
}
_STEP_STATES: Final = frozenset({"created", "in_progress", "delta", "completed", "failed", "cancelled", "expired"})


class RunEvents(JsonReader):
    """
    Reads the events of one run; see `events.Reader`. With several messages, the message id is that of the last one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._run = ""
        self._message = ""
        self._said = Said()

    def take(self, event: Event, index: int) -> Iterator[Delta]:
        if self._terminal:
            self._problem("data after done", event)
        elif event.type == "done" or event.data == DONE:
            self._done(event)
        elif (value := self._object(event)) is not None:
            yield from self._event(value, event, index)

    def finish(self) -> Iterator[Delta]:
        yield from self._text.rest()
        if self._error is not None:
            return
        if self._run not in _ENDS:
            self.problems.add("the run has no end")
        if self._message not in ("", "completed", "incomplete"):
            self.problems.add("the message has no end")
        if self._terminal is None:
            self.problems.add("no done event")

    def _done(self, event: Event) -> None:
        self._terminal = DONE
        if event.type != "done":
            self._problem(f"{DONE} in an event named {short(event.type)}, not 'done',", event)
        elif event.data != DONE:
            self._problem(f"a done event whose data is not {DONE}", event)

    def _event(self, value: Mapping[str, Any], event: Event, index: int) -> Iterator[Delta]:
        name = event.type
        if name == "error":
            self._fail(error_message(value))
        elif name == "message":
            self._problem("an event without a name", event)
        elif (wanted := _object_of(name)) is not None:
            self._check_object(wanted, value, event)
            if name.startswith(_MESSAGE):
                yield from self._take_message(name.removeprefix(_MESSAGE), value, event, index)
            elif name.startswith(_RUN) and not name.startswith(_STEP):
                self._take_run(name.removeprefix(_RUN), value, event)

    def _check_object(self, wanted: str, value: Mapping[str, Any], event: Event) -> None:
        if value.get("object") != wanted:
            self._problem(f"{event.type} with the object {short(value.get('object'))}, not {wanted!r},", event)
        if not isinstance(value.get("id"), str):
            self._problem(f"{event.type} without an id", event)
        if self._run in _ENDS and wanted != _RUN.removesuffix("."):
            self._problem(f"{event.type} after thread.run.{self._run}", event)

    def _check_order(self, follows: Mapping[str, frozenset[str]], before: str, state: str, event: Event) -> None:
        if state in follows.get(before, ()):
            return
        prefix = event.type.removesuffix(state)
        self._problem(f"{event.type} after {prefix}{before}" if before else f"{event.type} comes first", event)

    def _take_run(self, state: str, run: Mapping[str, Any], event: Event) -> None:
        self._check_order(_RUN_FOLLOWS, self._run, state, event)
        self._run = state
        self._parent = self._same_id(self._parent, run, "run", event)
        wanted = "queued" if state == "created" else state
        if run.get("status") != wanted:
            self._problem(f"{event.type} with the status {short(run.get('status'))}", event)
        if isinstance(run.get("usage"), Mapping):
            self._usage = run["usage"]
        if state in _ENDS:
            self._end_run(state, run, event)

    def _end_run(self, state: str, run: Mapping[str, Any], event: Event) -> None:
        if state == "completed":
            self._finish_with("stop")
        elif state == "incomplete":
            reason = inner(run, "incomplete_details", "reason")
            self._finish_with(reason if isinstance(reason, str) else state)
        elif state == "requires_action":
            self._take_calls(run, event)
        else:
            self._finish_with(state)
            said = inner(run, "last_error", "message")
            self._fail(said if isinstance(said, str) and said else f"the run {_ENDED.get(state, state)}")

    def _take_calls(self, run: Mapping[str, Any], event: Event) -> None:
        self._finish_with("tool_calls")
        calls = listed(inner(run, "required_action", "submit_tool_outputs", "tool_calls"))
        if not calls:
            self._problem("thread.run.requires_action without tool calls", event)
        for call in calls:
            said = (inner(call, "id"), inner(call, "function", "name"), inner(call, "function", "arguments"))
            if not all(isinstance(one, str) for one in said):
                self._problem("a tool call without its id, name or arguments", event)
            elif problem := self._call(*said):
                self._problem(problem, event)

    def _take_message(self, state: str, message: Mapping[str, Any], event: Event, index: int) -> Iterator[Delta]:
        self._check_order(_MESSAGE_FOLLOWS, self._message, state, event)
        self._message = state
        if state == "created":
            self._id, self._said = None, Said()
        self._id = self._same_id(self._id, message, "message", event)
        if state == "delta":
            for part in listed(inner(message, "delta", "content")):
                yield from self._take_part(part, event, index)
        elif state in ("completed", "incomplete"):
            self._compare(message, event)

    def _take_part(self, part: Mapping[str, Any] | None, event: Event, index: int) -> Iterator[Delta]:
        place = inner(part, "index")
        if type(place) is not int:
            self._problem("a content part without an index", event)
        elif inner(part, "type") == "text" and (value := inner(part, "text", "value")) is not None:
            if not isinstance(value, str):
                self._problem("a text value that is not a string", event)
                return
            if not self._said.add(place, value):
                self._problem("too many content parts to compare", event)
            yield from self._say(value, event, index)

    def _compare(self, message: Mapping[str, Any], event: Event) -> None:
        left = self._said.nonempty()
        for place, part in enumerate(listed(message.get("content"))):
            whole = inner(part, "text", "value")
            if isinstance(whole, str) and (difference := self._said.differs(place, whole)):
                self._problem(f"the text of {event.type} is {difference}", event)
            left -= {place} if isinstance(whole, str) else set()
        if left:
            self._problem(f"{event.type} leaves out a text that was streamed", event)

    def _same_id(self, known: str | None, value: Mapping[str, Any], what: str, event: Event) -> str | None:
        name = value.get("id")
        if known is None or not isinstance(name, str):
            return name if known is None and isinstance(name, str) else known
        if name != known:
            self._problem(f"the {what}'s id changed from {short(known)} to {short(name)}", event)
        return known


_ENDED: Final = {"cancelled": "was cancelled"}


def _object_of(name: str) -> str | None:
    """
    The `object` that the data of an event has, or None for an event that we do not know.
    """
    if name == "thread.created":
        return "thread"
    for prefix, states in ((_STEP, _STEP_STATES), (_RUN, _RUN_STATES), (_MESSAGE, _MESSAGE_STATES)):
        state = name.removeprefix(prefix)
        if name.startswith(prefix) and state in states:
            return name if state == "delta" else prefix.removesuffix(".")
    return None


_RUN_STATES: Final = frozenset().union(*_RUN_FOLLOWS.values())
_MESSAGE_STATES: Final = frozenset().union(*_MESSAGE_FOLLOWS.values())
