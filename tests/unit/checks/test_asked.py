"""
What the model is asked besides its messages, and the content type that a profile declares.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conformance.checks import examine
from conformance.checks.seen import Seen
from conformance.model.outcome import Difference
from conformance.model.profile import Operation, Profile
from conformance.model.scenario import Expect
from conformance.model.transcript import Exchange, StepRecord, UpstreamCall
from conformance.upstream.prompt import parsed

PROFILE = Profile(profile="test", title="A test")
CALL = UpstreamCall(at=0.0, options={"model": "gpt-4o", "temperature": 0.5, "tools": [{"function": {"name": "clock"}}]})


def exchange(content_type: str) -> Exchange:
    made = {
        "operation": "chat",
        "request": {"method": "POST", "url": "http://t/"},
        "started": 0.0,
        "ended_at": 1.0,
        "ended": "clean",
        "status": 200,
        "end": {"terminal": "[DONE]"},
        "headers": {"Content-Type": content_type},
    }
    return msgspec.convert(made, Exchange)


def said(expect: dict[str, Any], record: StepRecord, operation: Operation | None = None) -> list[str]:
    found = examine(msgspec.convert(expect, Expect), Seen(record, PROFILE, operation, {"wanted": "gpt-4o"}.__getitem__))
    return [line for one in found if isinstance(one, Difference) for line in one.lines]


def recorded(**fields: Any) -> StepRecord:
    return StepRecord(index="1", action="chat", title="chat", **fields)


@pytest.mark.parametrize(
    "asked",
    [
        {"$.model": "gpt-4o"},
        {"$.model": "${wanted}", "$.temperature": 0.5},
        {"$.tools[0].function.name": "clock", "$.stream_options": {"absent": True}},
        {"$.model": {"matches": "^gpt"}, "$.tools": {"length": 1}},
    ],
)
def test_what_the_model_was_asked_holds(asked: dict[str, Any]):
    assert said({"asked": asked}, recorded(calls=[CALL], exchanges=[exchange("text/plain")])) == []


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"$.model": "claude"}, "the request to the model: $.model is 'gpt-4o', expected 'claude'"),
        ({"$.max_tokens": 7}, "the request to the model: $.max_tokens is not there"),
        ({"$.temperature": {"absent": True}}, "the request to the model: $.temperature is 0.5"),
    ],
)
def test_what_the_model_was_asked_differs(asked: dict[str, Any], line: str):
    (found,) = said({"asked": asked}, recorded(calls=[CALL], exchanges=[exchange("text/plain")]))

    assert found.replace('"', "'") == line


def test_a_model_that_was_not_called_was_asked_nothing():
    found = said({"asked": {"$.model": "gpt-4o"}}, recorded(calls=[], exchanges=[exchange("text/plain")]))

    assert found == ["the target did not call its model in this turn"]


def test_what_is_asked_is_recorded_without_the_messages():
    prompt = parsed(b'{"model": "m", "messages": [{"role": "user", "content": "a"}], "seed": 1, "user": "\\ud800"}')

    assert prompt.options == {"model": "m", "seed": 1, "user": "\ufffd"}


@pytest.mark.parametrize(
    ("declared", "line"),
    [
        ("text/event-stream", ["content type is 'text/plain; charset=utf-8', expected text/event-stream"]),
        ("text/plain", []),
        (None, []),
    ],
)
def test_the_declared_content_type_is_the_profiles(declared: str | None, line: list[str]):
    stream = {"framing": "sse", "content_type": declared}
    operation = msgspec.convert({"request": {"method": "POST", "path": "/chat"}, "stream": stream}, Operation)
    seen = recorded(exchanges=[exchange("text/plain; charset=utf-8")])

    assert said({"stream": {"content_type": "declared"}}, seen, operation) == line
