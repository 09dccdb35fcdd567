"""
OpenAI chat completion chunks over server-sent events (`stream: openai-sse`).

Source: OpenAI's openapi.yaml, `CreateChatCompletionStreamResponse`: `data: {chunk}` events, then `data: [DONE]`; the id
is the same in all chunks; a usage chunk has no choices; an in-band error is `data: {"error": {...}}`.

Only choice 0 is read: no operation asks for more. A missing `[DONE]` is not put in words: `Ending.terminal` shows it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from conformance.text.deltas import Delta, Ending, Problems
from conformance.text.sse import Event
from conformance.text.strictjson import JsonError, parse
from conformance.text.surrogates import Joiner, clean
from conformance.text.toolcalls import ToolCalls

DONE: Final = "[DONE]"
_NO_DELTA: Final[Mapping[str, Any]] = {}


class ChatChunks:
    """
    Reads the events of one answer; see `events.Reader`.
    """

    def __init__(self) -> None:
        self.problems = Problems()
        self._text = Joiner(self.problems)
        self._tools = ToolCalls()
        self._done = False
        self._error: str | None = None
        self._finish: str | None = None
        self._id: str | None = None
        self._usage: Mapping[str, Any] | None = None

    def take(self, event: Event, index: int) -> Iterator[Delta]:
        if self._done:
            self._problem("data after [DONE]", event)
        elif event.data == DONE:
            self._done = True
        else:
            yield from self._chunk(event, index)

    def finish(self) -> Iterator[Delta]:
        yield from self._text.rest()
        if self._finish is None and self._error is None:
            self.problems.add("no finish_reason")

    def ending(self) -> Ending:
        return Ending(
            terminal=self._terminal(),
            error=clean(self._error),
            problems=self.problems.all(),
            usage=clean(self._usage),
            tool_calls=self._tools.joined(),
            finish_reason=clean(self._finish),
            message_id=clean(self._id),
        )

    def _terminal(self) -> str | None:
        if self._done:
            return DONE
        return f"finish_reason={clean(self._finish)}" if self._finish else None

    def _problem(self, problem: str, event: Event) -> None:
        self.problems.add(f"{problem} at byte {event.offset}")

    def _chunk(self, event: Event, index: int) -> Iterator[Delta]:
        chunk = self._parsed(event)
        if chunk is None:
            return
        if event.type == "error" or chunk.get("error") is not None:
            self._error = self._error or error_message(chunk)
            return
        self._notice_id(chunk, event)
        if isinstance(chunk.get("usage"), Mapping):
            self._usage = chunk["usage"]
        for choice in self._choices(chunk, event):
            yield from self._choice(choice, event, index)

    def _parsed(self, event: Event) -> Mapping[str, Any] | None:
        """
        The chunk as an object, or None and a problem.
        """
        try:
            chunk = parse(event.data, lambda name: self._problem(f"name {name!r} twice in one object", event))
        except JsonError as wrong:
            what = f"not JSON ({wrong})" if event.data else "an event with empty data"
            self._problem(what, event)
            return None
        if isinstance(chunk, Mapping):
            return chunk
        self._problem("a chunk that is not an object", event)
        return None

    def _notice_id(self, chunk: Mapping[str, Any], event: Event) -> None:
        name = chunk.get("id")
        if not isinstance(name, str):
            self._problem("a chunk without an id", event)
        elif self._id is None:
            self._id = name
        elif name != self._id:
            self._problem(f"the chunk's id changed from {self._id[:80]!r} to {name[:80]!r}", event)

    def _choices(self, chunk: Mapping[str, Any], event: Event) -> Iterator[Mapping[str, Any]]:
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else [None]:
            if not isinstance(choice, Mapping):
                self._problem("a chunk without proper choices", event)
            elif choice.get("index", 0) != 0:
                self._problem(f"choice {str(choice['index'])[:80]}, only 0 was asked for,", event)
            else:
                yield choice

    def _choice(self, choice: Mapping[str, Any], event: Event, index: int) -> Iterator[Delta]:
        given = choice.get("delta")
        delta = given if isinstance(given, Mapping) else _NO_DELTA
        content = delta.get("content")
        if isinstance(content, str) and content:
            if self._finish is not None:
                self._problem("text after finish_reason", event)
            yield from self._text.join(Delta(content, index, event.offset))
        elif content is not None and content != "":
            self._problem("content that is not a string", event)
        self._take_tools(delta, event)
        self._finish = reason if isinstance(reason := choice.get("finish_reason"), str) else self._finish

    def _take_tools(self, delta: Mapping[str, Any], event: Event) -> None:
        calls = delta.get("tool_calls")
        for fragment in calls if isinstance(calls, list) else []:
            problem = self._tools.add(fragment)
            if problem:
                self._problem(problem, event)


def error_message(chunk: Mapping[str, Any]) -> str:
    """
    The message of an in-band error: the error object's, the flat object's that `event: error` carries, or a string.
    """
    error = chunk.get("error", chunk)
    message = error.get("message") if isinstance(error, Mapping) else error
    return message if isinstance(message, str) and message else "an error without a message"
