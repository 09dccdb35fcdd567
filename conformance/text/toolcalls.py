"""
Tool calls of a streamed answer, joined from their fragments.

Source: OpenAI's `ChatCompletionMessageToolCallChunk`: the first fragment of an index carries id, type and name, the
later ones only more of `function.arguments`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.text.surrogates import clean, paired

MOST_CALLS: Final = 128  # OpenAI's own limit of tools in one request
MOST_ARGUMENTS: Final = 2**20  # characters of all arguments together; the largest seen in bug reports are some 10 KiB


@dataclass(slots=True)
class _Call:
    id: str | None = None
    type: str = "function"
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ToolCalls:
    """
    Collects fragments; `problem` from `add` says why a fragment was not taken.
    """

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        self._size = 0

    def add(self, fragment: object) -> str | None:
        if not isinstance(fragment, Mapping) or type(fragment.get("index")) is not int:
            return "a tool call without an index"
        index = fragment["index"]
        if index not in self._calls and len(self._calls) >= MOST_CALLS:
            return f"more than {MOST_CALLS} tool calls"
        return self._extend(self._calls.setdefault(index, _Call()), fragment)

    def joined(self) -> tuple[dict[str, Any], ...]:
        """
        The calls by index, in the shape that a stored assistant message has.
        """
        return tuple(_stored(call) for _, call in sorted(self._calls.items()))

    def _extend(self, call: _Call, fragment: Mapping[str, Any]) -> str | None:
        function = fragment.get("function")
        parts = function if isinstance(function, Mapping) else {}
        arguments = _string(parts.get("arguments"))
        call.id = _string(fragment.get("id")) or call.id
        call.type = _string(fragment.get("type")) or call.type
        call.name = _string(parts.get("name")) or call.name
        self._size += len(arguments)
        if self._size > MOST_ARGUMENTS:
            return f"more than {MOST_ARGUMENTS} characters of tool arguments"
        if arguments:
            call.arguments.append(arguments)
        return None


def _stored(call: _Call) -> dict[str, Any]:
    arguments = paired("".join(call.arguments))
    made: dict[str, Any] = clean(
        {"id": call.id, "type": call.type, "function": {"name": call.name, "arguments": arguments}}
    )
    return made


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
