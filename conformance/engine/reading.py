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

__all__ = [
    "answer_text",
    "identity",
    "items",
    "messages",
    "next_cursor",
    "says_no_more",
    "thread",
    "thread_told",
    "threads",
]


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


def items(exchange: Exchange, operation: Operation) -> list[str] | None:
    """
    The ids on one page of a list of anything.
    """
    found = _items(exchange, operation)
    return None if found is None else [str(_value(operation.fields.get("id", "$"), item)) for item in found]


def thread(exchange: Exchange, operation: Operation) -> Thread | None:
    """
    The one thread that the body is.
    """
    if not isinstance(exchange.value, dict) or exchange.status not in operation.status:
        return None
    return _thread(exchange.value, operation.fields)


def identity(exchange: Exchange, operation: Operation) -> str | None:
    """
    The id that the server gave to what was made: in the body, or of the run or response that a stream tells of.
    """
    if operation.stream is not None and exchange.end is not None:
        return exchange.end.parent_id
    if operation.id is None or exchange.status not in operation.status:
        return None
    found = one(operation.id, exchange.value)
    return None if found is NOTHING or found is None else str(found)


def thread_told(exchange: Exchange, operation: Operation) -> str | None:
    """
    The id of the thread that a turn has begun: in a header, whatever the status is, or in the body of a success, which
    may be a stream.
    """
    kind, _, name = (operation.thread or "").partition(" ")
    if kind == "stream":
        return exchange.end.thread_id if exchange.end is not None else None
    if kind == "header":
        return next((value for key, value in exchange.headers.items() if key.lower() == name.lower()), None) or None
    if operation.thread is None or exchange.status not in operation.status:
        return None
    found = one(operation.thread, exchange.value)
    return None if found is NOTHING or found is None else str(found)


def answer_text(exchange: Exchange, operation: Operation) -> Text | None:
    """
    The answer's text where it is not streamed.
    """
    if operation.text is None or exchange.status not in operation.status:
        return exchange.text
    found = _joined(operation.text, exchange.value)
    return text_of(found) if isinstance(found, str) else None


def next_cursor(exchange: Exchange, operation: Operation, page: Sequence[Message | Thread | str]) -> str | None:
    """
    The cursor of the next page: the last id, while the list says that there is more, or what the list gives.
    """
    if operation.cursor is not None:
        given = one(operation.cursor, exchange.value)
        return str(given) if given not in (NOTHING, None, "") and not says_no_more(exchange, operation) else None
    told = operation.says_more if operation.pages == "after" else None
    more = told is not None and one(told, exchange.value) is True
    last = page[-1] if more and page else None
    return last.id if isinstance(last, Message | Thread) else last


def says_no_more(exchange: Exchange, operation: Operation) -> bool:
    """
    Whether a list says of itself that this was its last page.
    """
    return operation.more is not None and one(operation.more, exchange.value) is False


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
        text=_text(_joined(fields.get("text"), item)),
        id=_string(read.get("id")),
        name=_string(read.get("name")),
        tool_call_id=_string(read.get("tool_call_id")),
        tool_calls=_tool_calls(read.get("tool_calls")),
        metadata=read.get("metadata"),
        created_at=read.get("created_at"),
        status=_string(read.get("status")),
        parent=_string(read.get("parent")),
    )


def _thread(item: Any, fields: Mapping[str, str]) -> Thread:
    read = {name: _value(path, item) for name, path in fields.items()}
    return Thread(
        id=str(read.get("id")),
        title=_string(read.get("title")),
        metadata=read.get("metadata"),
        created_at=read.get("created_at"),
        updated_at=read.get("updated_at"),
        message_count=read.get("message_count"),
        archived=_archived(fields.get("archived"), item),
        owner=_string(read.get("owner")),
    )


def _value(path: str, item: Any) -> Any:
    found = one(path, item)
    return None if found is NOTHING else found


def _archived(path: str | None, item: Any) -> bool | None:
    """
    A truth, or the time since when it is true; null is false.
    """
    found = NOTHING if path is None else one(path, item)
    return None if found is NOTHING else bool(found)


def _joined(path: str | None, item: Any) -> Any:
    """
    A text, put together where its path leads to several parts of one.
    """
    if path is None or "[*]" not in path:
        return None if path is None else _value(path, item)
    parts = [part for part in find(path, item) if part is not None]
    return "".join(parts) if parts and all(isinstance(part, str) for part in parts) else (parts or None)


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
