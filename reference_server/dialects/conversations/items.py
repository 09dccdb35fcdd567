"""
Items of a conversation, and the messages that they are stored as.

A message's text is kept as text, a call as a tool call, its output as a tool's message, so that every reader of the
store understands them. `parts` holds only what that leaves out: several parts, annotations, a model's reasoning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from reference_server.core.errors import Invalid
from reference_server.core.records import Message, NewMessage
from reference_server.core.responding import new_id
from reference_server.core.texts import Texts

__all__ = ["item", "new_items", "text_part"]

ROLES: Final = ("user", "assistant", "system", "developer")
TEXTS: Final = ("input_text", "output_text", "text")
STATUSES: Final = ("in_progress", "completed", "incomplete")


# -- what a caller sends


def new_items(texts: Texts, raw: str | Sequence[Any], field: str) -> list[NewMessage]:
    """
    Messages to be stored, from items or from a text of the user's. Raises `Invalid`.
    """
    if isinstance(raw, str):
        return [_named("msg", NewMessage("user", texts.question(raw, field), status="completed"))]
    return [_new_item(texts, one, f"{field}[{place}]") for place, one in enumerate(raw)]


def _new_item(texts: Texts, raw: Any, field: str) -> NewMessage:
    if not isinstance(raw, dict):
        raise Invalid("must be an object", field)
    texts.document(raw, field)
    read = READERS.get(raw.get("type") or "message") if isinstance(raw.get("type", ""), str | None) else None
    if read is None:
        raise Invalid(f"must be one of {', '.join(READERS)}", f"{field}.type")
    status = raw.get("status") or "completed"
    if status not in STATUSES:
        raise Invalid(f"must be one of {', '.join(STATUSES)}", f"{field}.status")
    return replace(read(texts, raw, field), status=status)


def _message(texts: Texts, raw: dict[str, Any], field: str) -> NewMessage:
    role, content = raw.get("role"), raw.get("content")
    if role not in ROLES:
        raise Invalid(f"must be one of {', '.join(ROLES)}", f"{field}.role")
    text = _joined(content, f"{field}.content")
    texts.question(text, f"{field}.content")
    plain = isinstance(content, str) or content == [text_part(role, text)] or content == [_bare(role, text)]
    return _named("msg", NewMessage(role, text, parts=None if plain else content))


def _call(_: Texts, raw: dict[str, Any], field: str) -> NewMessage:
    call_id, name, arguments = (_text(raw, key, field) for key in ("call_id", "name", "arguments"))
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return _named("fc", NewMessage("assistant", None, tool_calls=[call]))


def _output(_: Texts, raw: dict[str, Any], field: str) -> NewMessage:
    call_id, output = _text(raw, "call_id", field), raw.get("output")
    parts = output if isinstance(output, list) else None
    return _named("fco", NewMessage("tool", _joined(output, f"{field}.output"), tool_call_id=call_id, parts=parts))


def _reasoning(_: Texts, raw: dict[str, Any], field: str) -> NewMessage:
    """
    Kept and given back, for clients send back all that a response had; the model is not told of it.
    """
    if not isinstance(raw.get("summary"), list):
        raise Invalid("must be a list", f"{field}.summary")
    return _named("rs", NewMessage("assistant", None, parts=raw))


READERS: Final[Mapping[str, Callable[[Texts, dict[str, Any], str], NewMessage]]] = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _output,
    "reasoning": _reasoning,
}


def _named(prefix: str, new: NewMessage) -> NewMessage:
    """
    The server names all items: an id that came along may be that of another conversation's.
    """
    return replace(new, external_id=new_id(prefix))


def _joined(content: Any, field: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise Invalid("must be a text, or a list of parts", field)
    return "".join(_part(one, f"{field}[{place}]") for place, one in enumerate(content))


def _part(part: Any, field: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "refusal":
        return _text(part, "refusal", field)
    if kind not in TEXTS:
        raise Invalid("only parts of text are supported", f"{field}.type")
    return _text(part, "text", field)


def _text(raw: dict[str, Any], key: str, field: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str):
        raise Invalid("must be a text", f"{field}.{key}")
    return value


# -- what is shown


def item(one: Message | NewMessage) -> dict[str, Any]:
    """
    A stored message as the item that it is.
    """
    status = one.status or "completed"
    if one.tool_calls:
        call = one.tool_calls[0]
        named = {"type": "function_call", "id": one.external_id, "call_id": call["id"]}
        return {**named, **call["function"], "status": status}
    if one.role == "tool":
        shown = {"type": "function_call_output", "id": one.external_id, "call_id": one.tool_call_id}
        return {**shown, "output": one.parts or one.content, "status": status}
    if isinstance(one.parts, dict):
        return {**one.parts, "id": one.external_id}
    content = one.parts or ([text_part(one.role, one.content)] if one.content is not None else [])
    return {"type": "message", "id": one.external_id, "status": status, "role": one.role, "content": content}


def text_part(role: str, text: str) -> dict[str, Any]:
    if role == "assistant":
        return {**_bare(role, text), "annotations": [], "logprobs": []}
    return _bare(role, text)


def _bare(role: str, text: str) -> dict[str, Any]:
    return {"type": "output_text" if role == "assistant" else "input_text", "text": text}
