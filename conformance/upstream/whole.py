"""
An answer in one piece (`stream: false`) as acts.

Every gate after the headers is before the answer, and every fault in the middle of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.model.scenario import Script
from conformance.upstream.acts import Act, Cut, Emit, End, Head, Hold, Stall
from conformance.upstream.bodies import Completion, finish_of, tool_call
from conformance.upstream.deltas import Deltas
from conformance.upstream.framing import json_bytes
from conformance.upstream.streamed import SCRIPTED_ERROR, earliest_fault

__all__ = ["whole"]


def whole(script: Script, deltas: Deltas, completion: Completion) -> Iterator[Act]:
    """
    Unlike a stream, this holds the text in memory: its size must be known before it is sent.
    """
    if script.hold and script.hold != "headers":
        yield Hold(script.hold)
    text = "".join(deltas)
    answer = completion.whole(_message(script, text), finish_of(script), len(text))
    body = json_bytes(answer, script.wire)
    fault = earliest_fault(script)
    yield from _broken(fault[1], script, body) if fault else _sent("answered", body)


def _broken(fault: str, script: Script, body: bytes) -> Iterator[Act]:
    half = body[: len(body) // 2]
    if fault == "error":
        yield from _sent("cut", json_bytes(SCRIPTED_ERROR))
    elif fault == "malformed" or (fault == "cut" and script.cut == "clean"):
        yield from _sent("cut", half)
    else:
        yield Head(size=len(body))
        yield from (Emit(half), Stall()) if fault == "stall" else (Cut(_abrupt(script), body),)


def _abrupt(script: Script) -> Any:
    return script.cut


def _sent(outcome: Any, body: bytes) -> Iterator[Act]:
    yield Head(size=len(body))
    yield End(outcome, body)


def _message(script: Script, text: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if script.reasoning:
        message["reasoning_content"] = script.reasoning
    if script.tool_calls:
        message["content"] = text or None
        message["tool_calls"] = [tool_call(call) for call in script.tool_calls]
    return message
