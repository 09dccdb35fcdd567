"""
An answer read as its profile says: messages, threads, ids, text. Pure, and tolerant: what is not there is not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.model.profile import Operation, Profile
from conformance.model.scenario import ToolCall
from conformance.model.text import Text
from conformance.model.transcript import Exchange, Message, Thread
from conformance.text.digest import text_of
from conformance.text.jsonpath import NOTHING, find, one

__all__ = ["answer_text", "identity", "messages", "next_cursor", "thread", "threads"]


def messages(exchange: Exchange, operation: Operation, profile: Profile) -> list[Message] | None:
    """
    The messages of one page in the order sent, or nothing where the answer is no list.
    """
    items = _items(exchange, operation)
    return None if items is None else [_message(item, operation.fields, profile) for item in items]


def threads(exchange: Exchange, operation: Operation) -> list[Thread] | None:
    """
    The threads of one page in the order sent.
    """
    items = _items(exchange, operation)
    return None if items is None else [_thread(item, operation.fields) for item in items]


def thread(exchange: Exchange, operation: Operation) -> Thread | None:
    """
    The one thread that the body is.
    """
    if not isinstance(exchange.value, dict) or exchange.status not in operation.status:
        return None
    return _thread(exchange.value, operation.fields)


def identity(exchange: Exchange, operation: Operation) -> str | None:
    """
    The id that the server gave to what was made.
    """
    if operation.id is None or exchange.status not in operation.status:
        return None
    found = one(operation.id, exchange.value)
    return None if found is NOTHING or found is None else str(found)


def answer_text(exchange: Exchange, operation: Operation) -> Text | None:
    """
    The answer's text where it is not streamed.
    """
    if operation.text is None or exchange.status not in operation.status:
        return exchange.text
    found = one(operation.text, exchange.value)
    return text_of(found) if isinstance(found, str) else None


def next_cursor(exchange: Exchange, operation: Operation, page: Sequence[Message | Thread]) -> str | None:
    """
    The cursor of the next page: the last id, while the list says that there is more.
    """
    more = operation.pages == "after" and one(operation.more, exchange.value) is True
    return page[-1].id if more and page else None


def _items(exchange: Exchange, operation: Operation) -> list[Any] | None:
    if exchange.status not in operation.status or operation.items is None:
        return None
    # `[*]` finds nothing both in an empty list and in what is no list: only the first is a list of nothing.
    place = operation.items.removesuffix("[*]")
    if place != operation.items and not isinstance(one(place, exchange.value), list):
        return None
    return find(operation.items, exchange.value)


def _message(item: Any, fields: Mapping[str, str], profile: Profile) -> Message:
    read = {name: _value(path, item) for name, path in fields.items()}
    role = str(read.get("role"))
    return Message(
        role=profile.roles.get(role, role),
        text=_text(read.get("text")),
        id=_string(read.get("id")),
        name=_string(read.get("name")),
        tool_call_id=_string(read.get("tool_call_id")),
        tool_calls=_tool_calls(read.get("tool_calls")),
        metadata=read.get("metadata"),
        created_at=read.get("created_at"),
    )


def _thread(item: Any, fields: Mapping[str, str]) -> Thread:
    read = {name: _value(path, item) for name, path in fields.items()}
    return Thread(
        id=str(read.get("id")),
        title=_string(read.get("title")),
        metadata=read.get("metadata"),
        created_at=read.get("created_at"),
        updated_at=read.get("updated_at"),
    )


def _value(path: str, item: Any) -> Any:
    found = one(path, item)
    return None if found is NOTHING else found


def _string(value: Any) -> str | None:
    return None if value is None else str(value)


def _text(value: Any) -> Text | None:
    if value is None:
        return None
    return text_of(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _tool_calls(value: Any) -> list[ToolCall]:
    calls = value if isinstance(value, list) else []
    return [_tool_call(call) for call in calls if isinstance(call, dict)]


def _tool_call(call: dict[str, Any]) -> ToolCall:
    function = call.get("function") if isinstance(call.get("function"), dict) else call
    assert isinstance(function, dict)
    arguments = function.get("arguments", "")
    return ToolCall(
        id=str(call.get("id", "")),
        name=str(function.get("name", "")),
        arguments=arguments if isinstance(arguments, str) else json.dumps(arguments),
    )
