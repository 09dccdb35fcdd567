"""
What the events of an answer mean is guessed from its bytes, and a guess reads the answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from conformance.model.profile import Stream as Declared
from conformance.text.declaring import declared, in_one_line
from conformance.text.recognise import decoded, looks_like

STREAMS = Path(__file__).parents[3] / "fixtures/streams"

Stream = tuple[str, bool, list[dict[str, Any]]]


def events(*told: tuple[str, object]) -> str:
    named = [(f"event: {name}\n" if name else "", json.dumps(value)) for name, value in told]
    return "".join(f"{name}data: {value}\n\n" for name, value in named)


def data(*told: object) -> str:
    return events(*(("", one) for one in told))


def lines(*told: object) -> str:
    return "".join(f"{json.dumps(one)}\n" for one in told)


def part(text: str, **more: object) -> dict[str, object]:
    return {"content": {"parts": [{"text": text}], "role": "model"}, **more}


CASES: dict[str, tuple[str, Stream]] = {
    "names, and the whole at the end": (
        events(
            ("RunStarted", {"session_id": "s1"}),
            ("RunContent", {"content": "Hel", "session_id": "s1"}),
            ("RunContent", {"content": "lo", "session_id": "s1"}),
            ("RunContentCompleted", {"session_id": "s1"}),
            ("RunCompleted", {"content": "Hello", "session_id": "s1", "metrics": {"tokens": 2}}),
        ),
        (
            "json-sse",
            True,
            [
                {"name": "RunStarted", "thread": "$.session_id"},
                {"name": "RunContent", "text": "$.content"},
                {"name": "RunCompleted", "whole": "$.content", "usage": "$.metrics", "end": True},
                {"name": "RunContentCompleted"},
            ],
        ),
    ),
    "types in the data, and a thought that is longer than the answer": (
        data(
            {"type": "start", "message_id": "m1"},
            {"type": "thinking", "content": "a long thought about nothing much"},
            {"type": "token", "content": "Hel"},
            {"type": "token", "content": "lo"},
            {"type": "ping"},
            {"type": "done"},
        ),
        (
            "json-sse",
            True,
            [
                {"where": {"$.type": "start"}, "message": "$.message_id"},
                {"where": {"$.type": "token"}, "text": "$.content"},
                {"where": {"$.type": "done"}, "end": True},
                {"where": {"$.type": ["thinking", "ping"]}},
            ],
        ),
    ),
    "deltas and a marker": (
        data({"delta": "Hel"}, {"delta": "lo"}) + "data: [DONE]\n\n",
        ("json-sse", True, [{"data": "[DONE]", "end": True}, {"text": "$.delta"}]),
    ),
    "deltas with ids of their own, and nothing at the end": (
        data({"delta": "Hel", "message_id": "e1"}, {"delta": "lo", "message_id": "e2"}),
        ("json-sse", False, [{"text": "$.delta"}]),
    ),
    "deltas and an event with other fields": (
        data({"delta": "Hel"}, {"delta": "lo"}, {"done": True, "usage": {"total": 2}}),
        (
            "json-sse",
            True,
            [
                {"where": {"$.done": True}, "usage": "$.usage", "end": True},
                {"has": "$.delta", "text": "$.delta"},
            ],
        ),
    ),
    "a truth tells the last line, which may have a piece as well": (
        lines(
            {"model": "m", "message": {"role": "assistant", "content": "Hel"}, "done": False},
            {"model": "m", "message": {"role": "assistant", "content": "lo"}, "done": False},
            {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"},
        ),
        (
            "json-lines",
            True,
            [
                {"where": {"$.done": False}, "text": "$.message.content"},
                {"where": {"$.done": True}, "text": "$.message.content", "finish": "$.done_reason", "end": True},
            ],
        ),
    ),
    "the text from its beginning": (
        lines({"answer": "H"}, {"answer": "Hel"}, {"answer": "Hello"}),
        ("json-lines", False, [{"so_far": "$.answer"}]),
    ),
    "texts in quotes": (
        events(("metadata", {"run_id": "r"}), ("data", "Hel"), ("data", "lo")),
        ("json-sse", False, [{"name": "data", "text": "$"}, {"name": "metadata"}]),
    ),
    "a list of a piece and what is about it": (
        events(
            ("metadata", {"attempt": 1}), ("messages", [{"content": "Hel"}, {}]), ("messages", [{"content": "lo"}, {}])
        ),
        ("json-sse", False, [{"name": "messages", "text": "$[0].content"}, {"name": "metadata"}]),
    ),
    "parts, and the whole once more": (
        data(part("Hel", partial=True), part("lo", partial=True), part("Hello", partial=False, finishReason="STOP")),
        (
            "json-sse",
            True,
            [
                {"where": {"$.partial": True}, "text": "$.content.parts[0].text"},
                {
                    "where": {"$.partial": False},
                    "whole": "$.content.parts[0].text",
                    "finish": "$.finishReason",
                    "end": True,
                },
            ],
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_events_of_an_answer_are_guessed(name: str):
    body, (framing, terminal, wanted) = CASES[name]

    assert looks_like(body) == framing
    assert declared(framing, body) == {"framing": framing, "terminal": terminal, "events": wanted}


def test_a_profile_that_was_guessed_from_an_answer_reads_it_and_needs_the_error_added():
    answer, failure = ((STREAMS / f"agno_{name}.sse").read_text(encoding="utf-8") for name in ("text", "error"))

    guessed = declared("json-sse", answer)

    assert guessed is not None
    text, ending = decoded("json-sse", answer, msgspec.convert(guessed, Declared))
    assert (text, ending.terminal, ending.problems) == ('Message 1: I read "hi".', "RunCompleted", ())
    assert len(decoded("json-sse", failure, msgspec.convert(guessed, Declared))[1].problems) == 2
    whole = {**guessed, "events": [*guessed["events"], {"name": "RunError", "error": "$.content"}]}
    failed = decoded("json-sse", failure, msgspec.convert(whole, Declared))[1]
    assert (failed.error, failed.problems) == ("Connection error.", ())


@pytest.mark.parametrize("body", [lines({"id": "x"}, {"id": "y"}), lines({"n": 1}, {"n": 2}), lines([], [])])
def test_where_no_text_is_nothing_is_guessed(body: str):
    assert declared("json-lines", body) is None


@pytest.mark.parametrize("name", CASES)
def test_a_guess_can_be_pasted_into_a_profile(name: str):
    framing, terminal, wanted = CASES[name][1]
    stream = {"framing": framing, "terminal": terminal, "events": wanted}

    assert yaml.safe_load(in_one_line(stream)) == stream


@pytest.mark.parametrize("value", ["on", "null", "[DONE]", "a: b", "#x", "12", "", "1.5", "~"])
def test_what_yaml_would_take_for_something_else_is_quoted(value: str):
    assert yaml.safe_load(in_one_line({"data": value})) == {"data": value}
