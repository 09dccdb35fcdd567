"""
A step -> what to send for it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from conformance.checks.finding import excerpt
from conformance.engine.effects import Request, Send, Turn
from conformance.engine.requests import build, encoded, fill_path
from conformance.engine.scope import string
from conformance.engine.sight import action_of, operation_of
from conformance.engine.stage import Stage
from conformance.model.profile import Operation
from conformance.model.scenario import Call, Chat, Script, Step, ToolCall
from conformance.text import template

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    One request ready to go. `binds` are names under the step's `as` (`message`, `answer`).
    """

    action: str
    title: str
    send: Send
    operation: Operation | None = None
    binds: Mapping[str, str] = field(default_factory=dict)


def prepare(stage: Stage, step: Step, index: str, values: Mapping[str, Any] | None = None) -> Prepared:
    """
    The request of an operation or a raw call; `values` are further placeholders (a page's cursor).

    Raises `NotInBody` where the profile's request has no such value by itself.
    """
    if step.call is not None:
        return _call(stage, step.call)
    if step.chat is not None:
        return _chat(stage, step, step.chat, index)
    return _operation(stage, step, values or {})


def _chat(stage: Stage, step: Step, chat: Chat, index: str) -> Prepared:
    operation = operation_of(step, stage.profile)
    assert operation is not None
    say = string(stage.fill(chat.say))
    binds = {
        "message": string(stage.fill(chat.message)) if chat.message else stage.naming.message(),
        "answer": string(stage.fill(chat.answer)) if chat.answer else stage.naming.message(),
    }
    values = {"thread": stage.bindings.get(chat.thread), "text": say, **binds}
    if chat.system is not None:
        values["system"] = {"role": "system", "content": string(stage.fill(chat.system))}
    if chat.tools is not None:
        values["tools"] = stage.fill(chat.tools)
    turn = Turn(f"{stage.naming.run}/{index}", say, stage.canaries, _script(stage, chat.model))
    send = Send(
        operation="chat" if chat.stream else "chat_unstreamed",
        request=_request(stage, operation, values, chat.set, chat.without),
        framing=operation.stream.framing if operation.stream else "json",
        turn=turn,
        leave=chat.leave is not None,
    )
    return Prepared("chat", f"chat {excerpt(say)}", send, operation, binds)


def _operation(stage: Stage, step: Step, more: Mapping[str, Any]) -> Prepared:
    name = action_of(step)
    action = getattr(step, name)
    operation = operation_of(step, stage.profile)
    assert operation is not None
    fields = {key: getattr(action, key) for key in action.__struct_fields__ if key not in ("set", "without")}
    given = {key: _value(stage, key, value) for key, value in fields.items() if value is not None}
    request = _request(
        stage, operation, {**given, **more}, getattr(action, "set", {}), getattr(action, "without", None)
    )
    about = f" {action.thread}" if getattr(action, "thread", None) else ""
    return Prepared(name, f"{name}{about}", Send(operation=name, request=request), operation)


def _value(stage: Stage, key: str, value: Any) -> Any:
    if key == "thread":
        return stage.bindings.get(value)
    if key == "tool_calls":
        return [_wire_call(call) for call in value]
    filled = stage.fill(value)
    return string(filled) if isinstance(value, str) and key in ("text", "title", "message", "name") else filled


def _wire_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _request(
    stage: Stage, operation: Operation, values: Mapping[str, Any], replaced: Mapping[str, Any], without: Any
) -> Request:
    return build(
        operation.request,
        values,
        stage.profile.headers,
        replaced={name: stage.fill(value) for name, value in replaced.items()},
        without=[without] if isinstance(without, str) else without or [],
    )


def _script(stage: Stage, script: Script | None) -> Script | None:
    if script is None:
        return None
    return msgspec.convert(stage.fill(msgspec.to_builtins(script)), Script)


def _call(stage: Stage, call: Call | str) -> Prepared:
    raw = _short(call) if isinstance(call, str) else call
    path = fill_path(raw.path, {name: string(stage.lookup(name)) for name, _ in template.names(raw.path)})
    body = encoded(stage.fill(raw.json)) if raw.json is not None else None
    if raw.body is not None:
        body = string(stage.fill(raw.body)).encode(errors="surrogatepass")
    content = {"content-type": "application/json"} if body is not None else {}
    headers = {**content, **stage.profile.headers, **{name: stage.fill(one) for name, one in raw.headers.items()}}
    request = Request(method=raw.method, path=path, headers=headers, body=body)
    return Prepared("call", f"{raw.method} {raw.path}", Send(operation="call", request=request))


def _short(call: str) -> Call:
    method, _, path = call.partition(" ")
    return msgspec.convert({"method": method, "path": path.strip()}, Call)
