"""
A step -> what to send for it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from conformance.checks.finding import excerpt
from conformance.engine.effects import Leaving, Place, Request, Send, Turn
from conformance.engine.prepared import Prepared
from conformance.engine.requests import NotInBody, Unplayable, build, encoded, fill_path, placeholders
from conformance.engine.scope import string
from conformance.engine.sight import action_of, operation_of
from conformance.engine.stage import Stage
from conformance.model.profile import Operation
from conformance.model.scenario import Act, Call, Chat, Script, Step, ToolCall
from conformance.text import template

__all__ = ["Prepared", "prepare"]


_NO_VALUE: Final = frozenset({"thread", "say", "model", "set", "without"})
_OF_LISTS: Final = frozenset({"limit", "offset", "order", "after", "before", "archived"})
_TEXTS: Final = frozenset(
    {"text", "title", "name", "query", "message", "assistant", "run", "agent", "response", "item", "after", "before"}
)


def prepare(stage: Stage, step: Step, index: str, values: Mapping[str, Any] | None = None) -> Prepared:
    """
    The request of an operation or a raw call; `values` are further placeholders (a page's cursor).

    Raises `NotInBody` where the profile's request has no such value by itself, `Unplayable` where it takes no such
    text.
    """
    return _asked_by(stage, step, _prepared(stage, step, index, values or {}))


def _prepared(stage: Stage, step: Step, index: str, values: Mapping[str, Any]) -> Prepared:
    if step.call is not None:
        return _call(stage, step.call)
    if step.chat is not None:
        return _chat(stage, step, step.chat, index)
    return _operation(stage, step, index, values)


def _asked_by(stage: Stage, step: Step, prepared: Prepared) -> Prepared:
    send = prepared.send
    asked = replace(send, request=replace(send.request, by=stage.asker(step)), server=step.server or 1)
    title = f"{step.by}: {prepared.title}" if step.by is not None else prepared.title
    return replace(prepared, send=asked, title=title)


def _chat(stage: Stage, step: Step, chat: Chat, index: str) -> Prepared:
    operation = operation_of(step, stage.profile)
    assert operation is not None
    say = string(stage.fill(chat.say))
    _not_too_long(stage, step, say)
    binds = {
        "message": string(stage.fill(chat.message)) if chat.message else stage.naming.message(),
        "answer": string(stage.fill(chat.answer)) if chat.answer else stage.naming.message(),
    }
    values = {**_known(stage, step, chat.thread), "text": say, **binds}
    if chat.system is not None:
        values["instructions"] = string(stage.fill(chat.system))
        values["system"] = {"role": "system", "content": values["instructions"]}
    if chat.tools is not None:
        values["tools"] = stage.fill(chat.tools)
    request = _request(stage, operation, values, chat.set, chat.without)
    headers = {name: string(stage.fill(value)) for name, value in chat.headers.items()}
    send = Send(
        operation=str(step.operation),
        request=replace(request, headers={**request.headers, **headers}),
        framing=operation.stream.framing if operation.stream else "json",
        stream=operation.stream,
        turn=_turn(stage, index, say, chat.model),
        leave=None if chat.leave is None else Leaving(_place(chat.leave, chat.model), chat.cut),
        unread=None if chat.unread is None else _place(chat.unread, chat.model),
        later=_goes_on(operation),
    )
    return Prepared("chat", f"chat {excerpt(say)}", send, operation, binds)


def _not_too_long(stage: Stage, step: Step, text: str) -> None:
    """
    A server need not take a text of any length. A step that wants to see it refused sends it all the same.
    """
    longest, expect = stage.profile.limits.text, step.expect
    refused = expect is not None and (expect.error is not None or expect.status is not None)
    if longest is not None and len(text) > longest and not refused:
        raise Unplayable(f"profile {stage.profile.profile} takes texts of at most {longest:,} characters")


def _operation(stage: Stage, step: Step, index: str, more: Mapping[str, Any]) -> Prepared:
    name = action_of(step)
    action = getattr(step, name)
    operation = operation_of(step, stage.profile)
    assert operation is not None
    given = _given(stage, action, operation)
    values = {**_known(stage, step, getattr(action, "thread", None)), **given, **more}
    request = _request(stage, operation, values, getattr(action, "set", {}), getattr(action, "without", None))
    framing = operation.stream.framing if operation.stream else operation.reads
    send = Send(operation=name, request=request, framing=framing, stream=operation.stream)
    if step.turn is not None:
        turn = _turn(stage, index, string(stage.fill(step.turn.say)), step.turn.model)
        send = replace(send, turn=turn, later=_goes_on(operation))
    about = f" {action.thread}" if getattr(action, "thread", None) else ""
    return Prepared(name, f"{name}{about}", send, operation)


def _given(stage: Stage, action: Any, operation: Operation) -> dict[str, Any]:
    """
    The values that the step gives. Raises `NotInBody` for one that the profile's request has no place for.
    """
    fields = {key: getattr(action, key) for key in action.__struct_fields__ if key not in _NO_VALUE}
    given = {key: _value(stage, key, value) for key, value in fields.items() if value is not None}
    optional = given if isinstance(action, Act) else [key for key in given if key in _OF_LISTS]
    if lacking := sorted(set(optional) - placeholders(operation.request)):
        raise NotInBody(", ".join(lacking))
    return given


def _known(stage: Stage, step: Step, thread: str | None) -> dict[str, Any]:
    """
    The values that a step need not give: its thread's id, and those of what was made for whoever asks.
    """
    bound = {"thread": thread, **{name: stage.making(step, name) for name in stage.profile.makes}}
    return {name: stage.bindings[key] for name, key in bound.items() if key in stage.bindings}


def _place(point: str, script: Script | None) -> Place:
    """
    A place of the scenario's language. The last text is known by how long the scripted answer is.
    """
    if point == "held":
        return Place("held")
    if point in ("last-text", "end"):
        return Place("length" if point == "last-text" else "end", _length(script))
    return Place("text", 1 if point == "first-text" else int(point.removeprefix("text-")))


def _length(script: Script | None) -> int:
    answer = script.answer if script is not None else None
    if isinstance(answer, dict):
        return int(answer["essay"])
    return len("".join(answer or [""]))


def _goes_on(operation: Operation) -> bool:
    """
    Whether a turn goes on after its request was answered: with neither a stream nor a text, the answer comes elsewhere.
    """
    return operation.stream is None and operation.text is None


def _turn(stage: Stage, index: str, say: str, script: Script | None) -> Turn:
    return Turn(f"{stage.naming.run}/{index}", say, stage.canaries, _script(stage, script))


def _value(stage: Stage, key: str, value: Any) -> Any:
    if key == "tool_calls":
        return [_wire_call(call) for call in value]
    filled = stage.fill(value)
    return string(filled) if isinstance(value, str) and key in _TEXTS else filled


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
