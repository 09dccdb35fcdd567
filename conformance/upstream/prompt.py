"""
The request that a target sends to its model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from conformance.model.scenario import ToolCall
from conformance.model.transcript import Message
from conformance.text.digest import text_of
from conformance.text.surrogates import clean

__all__ = ["BadPrompt", "Prompt", "parsed"]

_KNOWN: Final = {
    *("role", "content", "name", "tool_calls", "tool_call_id"),
    *("refusal", "function_call", "audio", "reasoning_content"),
}


class BadPrompt(ValueError):
    """
    Not a chat completion request; the text goes back to the target.
    """


@dataclass(frozen=True)
class Prompt:
    """
    A chat completion request. `texts` has one text per message, empty where a message has none.
    """

    model: str | None
    stream: bool
    usage: bool
    options: Mapping[str, Any]
    raw: tuple[Mapping[str, Any], ...]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(_text(message.get("content")) or "" for message in self.raw)

    @cached_property
    def users(self) -> tuple[str, ...]:
        """
        The user's texts, oldest first.
        """
        return tuple(text for text, message in zip(self.texts, self.raw, strict=True) if message["role"] == "user")

    def messages(self) -> list[Message]:
        return [_message(raw) for raw in self.raw]

    def extra(self) -> list[str]:
        """
        Keys of messages that no chat API defines, in order of appearance.
        """
        return list(dict.fromkeys(clean(key) for raw in self.raw for key in raw if key not in _KNOWN))


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except ValueError:
        # It takes no lone surrogate, which some servers send; the standard library does, in five times as long.
        return json.loads(body)


def parsed(body: bytes) -> Prompt:
    """
    The request in a body. Raises BadPrompt.
    """
    try:
        value = _decoded(body)
    except (ValueError, RecursionError) as wrong:
        raise BadPrompt(f"the body is not JSON: {wrong}") from None
    if not isinstance(value, dict):
        raise BadPrompt("the body is not a JSON object")
    model, options = value.get("model"), value.get("stream_options")
    return Prompt(
        model=clean(model) if isinstance(model, str) else None,
        stream=value.get("stream") is True,
        usage=isinstance(options, dict) and options.get("include_usage") is True,
        options={name: _clean(one) for name, one in value.items() if name != "messages"},
        raw=tuple(_checked(value.get("messages"))),
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _clean(one) for name, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _checked(messages: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise BadPrompt("messages must be a list with at least one message")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise BadPrompt(f"messages[{index}] must be an object with a role")
        yield message


def _message(raw: Mapping[str, Any]) -> Message:
    text = _text(raw.get("content"))
    return Message(
        role=clean(raw["role"]),
        text=None if text is None else text_of(text),
        name=_string(raw.get("name")),
        tool_call_id=_string(raw.get("tool_call_id")),
        tool_calls=list(_tool_calls(raw.get("tool_calls"))),
    )


def _text(content: Any) -> str | None:
    """
    The text of a content: itself, or its text parts joined. What no API allows is shown as the JSON that it is.
    """
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_part(part) for part in content)
    return json.dumps(content)


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def _tool_calls(calls: Any) -> Iterator[ToolCall]:
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield ToolCall(
                id=_string(call.get("id")) or "",
                name=_string(function.get("name")) or "",
                arguments=_string(function.get("arguments")) or "",
            )


def _string(value: Any) -> str | None:
    if value is None:
        return None
    return str(clean(value if isinstance(value, str) else json.dumps(value)))
