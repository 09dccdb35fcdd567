"""
What the readers of typed JSON events share: parsing, saying where something is wrong, and the ending they fill in.

Finish reasons are given in the words of OpenAI's chat completions, whatever the framing calls them: a scenario says
`finish: length` once for all of them. A reason without such a word stays as it came.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from conformance.text.deltas import Delta, Ending, Problems
from conformance.text.sse import Event
from conformance.text.strictjson import JsonError, parse
from conformance.text.surrogates import Joiner, clean
from conformance.text.toolcalls import MOST_CALLS, ToolCalls

FINISH_WORDS: Final[Mapping[str, str]] = {
    "tool-calls": "tool_calls",
    "content-filter": "content_filter",
    "max_completion_tokens": "length",
    "max_output_tokens": "length",
    "max_tokens": "length",
}

Keys = Mapping[str, type | tuple[type, ...]]
"""
The keys that an object must have, and of what type.
"""


class JsonReader:
    """
    The part of an `events.Reader` that does not depend on what the events mean.
    """

    def __init__(self) -> None:
        self.problems = Problems()
        self._text = Joiner(self.problems)
        self._tools = ToolCalls()
        self._tool_ids: dict[str, int] = {}
        self._terminal: str | None = None
        self._error: str | None = None
        self._finish: str | None = None
        self._id: str | None = None
        self._parent: str | None = None
        self._usage: Mapping[str, Any] | None = None

    def ending(self) -> Ending:
        return Ending(
            terminal=self._terminal,
            error=clean(self._error),
            problems=self.problems.all(),
            usage=clean(self._usage),
            tool_calls=self._tools.joined(),
            finish_reason=clean(self._finish),
            message_id=clean(self._id),
            parent_id=clean(self._parent),
        )

    def _problem(self, problem: str, event: Event) -> None:
        self.problems.add(f"{problem} at byte {event.offset}")

    def _parsed(self, event: Event) -> Any:
        """
        The value of the event's data. Raises JsonError.
        """
        return parse(event.data, lambda name: self._problem(f"name {name!r} twice in one object", event))

    def _object(self, event: Event) -> Mapping[str, Any] | None:
        """
        The event's data as an object, or None and a problem.
        """
        try:
            value = self._parsed(event)
        except JsonError as wrong:
            self._problem(f"data that is not JSON ({wrong})" if event.data else "an event with empty data", event)
            return None
        if isinstance(value, Mapping):
            return value
        self._problem("data that is not an object", event)
        return None

    def _lacks(self, value: Mapping[str, Any], keys: Keys, name: str, event: Event) -> bool:
        """
        Whether a key is missing or of another type; each is a problem.
        """
        lacking = [key for key, kind in keys.items() if not isinstance(value.get(key), kind)]
        for key in lacking:
            self._problem(f"{name} without a proper {key}", event)
        return bool(lacking)

    def _say(self, text: str, event: Event, index: int) -> Iterator[Delta]:
        if text:
            yield from self._text.join(Delta(text, index, event.offset))

    def _fail(self, message: object) -> None:
        """
        The first error is the stream's; those that follow come from it.
        """
        said = message if isinstance(message, str) and message else "an error without a message"
        self._error = self._error or said

    def _finish_with(self, reason: str) -> None:
        self._finish = FINISH_WORDS.get(reason, reason)

    def _call(self, name: str, tool: str, arguments: str) -> str | None:
        """
        A tool call that comes in one piece; what is wrong with it, or None.
        """
        if name in self._tool_ids:
            return f"tool call {short(name)} twice"
        if len(self._tool_ids) < MOST_CALLS:
            self._tool_ids[name] = len(self._tool_ids)
        index = self._tool_ids.get(name, MOST_CALLS)
        fragment = {"index": index, "id": name, "function": {"name": tool, "arguments": arguments}}
        return self._tools.add(fragment)


def short(name: object) -> str:
    """
    A name out of a stream as a problem shows it: quoted, and never long.
    """
    return repr(name if len(str(name)) <= 80 else str(name)[:80])


def inner(value: Any, *keys: str) -> Any:
    """
    What lies in an object under these keys, one in the other, or None.
    """
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def listed(value: Any) -> list[Mapping[str, Any] | None]:
    """
    The items of a list, None where one is not an object; nothing for what is not a list.
    """
    return [item if isinstance(item, Mapping) else None for item in value] if isinstance(value, list) else []
