"""
Streams whose events a profile declares: what is read in them, and what is wrong with a stream.
"""

import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.profile import Stream
from conformance.text.deltas import Delta, Ending
from conformance.text.framing import decoder

AGNO = {
    "framing": "json-sse",
    "events": [
        {"name": "RunContent", "text": "$.content", "thread": "$.session_id"},
        {"name": "RunCompleted", "whole": "$.content", "message": "$.id", "usage": "$.metrics", "end": True},
        {"name": "RunError", "error": "$.content"},
        {"name": ["RunStarted", "ModelRequestStarted"]},
    ],
}
OLLAMA = {
    "framing": "json-lines",
    "events": [
        {"where": {"$.done": False}, "text": "$.message.content"},
        {"where": {"$.done": True}, "text": "$.message.content", "finish": "$.done_reason", "end": True},
        {"has": "$.error", "error": "$.error"},
    ],
}
DELTAS = {"framing": "json-sse", "events": [{"data": "[DONE]", "end": True}, {"text": "$.delta"}]}
SO_FAR = {"framing": "json-lines", "terminal": False, "events": [{"so_far": "$.answer"}]}


def read(declared: object, *chunks: bytes) -> tuple[list[Delta], Ending]:
    stream = msgspec.convert(declared, Stream)
    reading = decoder(stream.framing, stream)
    seen = [delta for chunk in chunks for delta in reading.feed(chunk)]
    return seen + reading.close(), reading.ending


def text(seen: list[Delta]) -> str:
    return "".join(delta.text for delta in seen)


def events(*told: tuple[str, object]) -> bytes:
    return "".join(f"event: {name}\ndata: {json.dumps(value)}\n\n" for name, value in told).encode()


def data(*told: str) -> bytes:
    return "".join(f"data: {one}\n\n" for one in told).encode()


def lines(*told: object) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in told).encode()


HEALTHY = (
    ("RunStarted", {}),
    ("RunContent", {"content": "Hel", "session_id": "s1"}),
    ("RunContent", {"content": "lo", "session_id": "s1"}),
    ("RunCompleted", {"content": "Hello", "id": 7, "metrics": {"output_tokens": 2}}),
)


LENGTH = len(events(*HEALTHY))


def test_named_events_give_the_text_and_what_comes_along():
    seen, ending = read(AGNO, events(*HEALTHY))

    assert [(delta.text, delta.event) for delta in seen] == [("Hel", 1), ("lo", 2)]
    assert ending == Ending(terminal="RunCompleted", message_id="7", thread_id="s1", usage={"output_tokens": 2})


def test_lines_are_told_apart_by_what_stands_in_them():
    said = [{"message": {"content": one}, "done": False} for one in ("Hel", "lo")]
    last = {"message": {"content": ""}, "done": True, "done_reason": "stop"}

    seen, ending = read(OLLAMA, lines(*said, last))

    assert text(seen) == "Hello"
    assert ending == Ending(terminal="$.done: true", finish_reason="stop")


def test_a_marker_need_not_be_json():
    seen, ending = read(DELTAS, data('{"delta": "Hel"}', '{"delta": "lo"}', "[DONE]"))

    assert (text(seen), ending) == ("Hello", Ending(terminal="[DONE]"))


def test_of_a_text_so_far_only_what_is_new_is_said():
    seen, ending = read(SO_FAR, lines({"answer": ""}, {"answer": "Hé"}, {"answer": "Hé"}, {"answer": "Hé 🌍"}))

    assert ([delta.text for delta in seen], ending) == (["Hé", " 🌍"], Ending())


def test_a_list_may_say_a_piece_at_a_place_of_it():
    parts = {"framing": "json-lines", "terminal": False, "events": [{"text": "$[0].parts[*].text"}]}

    seen, ending = read(parts, lines([{"parts": [{"text": "a"}, {"call": 1}, {"text": "b"}]}], [{"parts": []}]))

    assert (text(seen), ending) == ("ab", Ending())


@pytest.mark.parametrize("mark", ["event: RunStarted\ndata: soon\n\n", "event: RunStarted\ndata:\n\n"])
def test_an_event_in_which_nothing_is_read_may_hold_anything(mark):
    assert read(AGNO, mark.encode(), events(*HEALTHY))[1].problems == ()


@pytest.mark.parametrize(
    ("declared", "body", "problem"),
    [
        (AGNO, events(*HEALTHY[:-1]), "no event that ends the stream"),
        (AGNO, events(*HEALTHY, ("RunStarted", {})), f"data after the end (RunCompleted) in event 4 at byte {LENGTH}"),
        (AGNO, events(("Surprise", {"a": 1}), *HEALTHY), "data named 'Surprise' that is none of the profile's events"),
        (AGNO, events(*HEALTHY[:2], HEALTHY[3]), "the text at $.content is not what its deltas say (5 UTF-16 units"),
        (AGNO, events(("RunContent", {"session_id": "s2"}), *HEALTHY), "no text at $.content in event 0 at byte 0"),
        (AGNO, events(HEALTHY[1], ("RunContent", {"content": 5, "session_id": "s1"})), "what is no text at $.content"),
        (AGNO, events(HEALTHY[1], ("RunContent", {"content": "", "session_id": "s2"})), "id changed from 's1' to 's2'"),
        (AGNO, events(("RunContent", {"content": "x"})), "no thread's id at $.session_id in event 0"),
        (AGNO, b"event: RunContent\ndata: {oops\n\n", "data that is not JSON (Expecting property name"),
        (AGNO, b"event: RunContent\ndata:\n\n", "empty data in event 0 at byte 0"),
        (AGNO, events(*HEALTHY).removesuffix(b"\n"), "are an event without the blank line that ends it"),
        (DELTAS, b'data: {"delta": "a\xffb"}\n\n', "invalid UTF-8 at byte 18"),
        (DELTAS, data('{"delta": "a", "delta": "b"}'), "name 'delta' twice in one object in event 0 at byte 0"),
        (DELTAS, data('{"delta": "a"}', "[DONE]", '{"delta": "b"}'), "data after the end ([DONE]) in event 2"),
        (SO_FAR, lines({"answer": "Hello"}, {"answer": "Help"}), "does not begin with what was said before it"),
        (OLLAMA, lines({"message": {"content": "a"}, "done": 1}), "data that is none of the profile's events"),
        (OLLAMA, b'{"done": false, "mess', "the last 21 bytes are a line without the line feed that ends it"),
        (OLLAMA, b'{"done": false, "message": {"content": "\xe2\x82"}}\n', "invalid UTF-8 at byte 40"),
    ],
)
def test_what_is_wrong_with_a_stream_is_told_with_its_place(declared, body, problem):
    assert problem in " | ".join(read(declared, body)[1].problems)


def test_an_error_excuses_the_missing_end():
    ending = read(AGNO, events(*HEALTHY[:2], ("RunError", {"content": "the model is gone"})))[1]

    assert ending == Ending(error="the model is gone", thread_id="s1")


def test_other_events_can_be_passed_by():
    assert read({**AGNO, "others": "passed"}, events(("Surprise", {"a": 1}), *HEALTHY))[1].problems == ()


def test_blank_lines_are_no_events_and_the_last_line_may_lack_its_end():
    body = b'\n{"answer": "a"}\r\n  \n{"answer": "ab"}'

    seen, ending = read(SO_FAR, body)

    assert ([(delta.text, delta.event, delta.offset) for delta in seen], ending) == (
        [("a", 0, 1), ("b", 1, 21)],
        Ending(),
    )


BODIES = [
    (AGNO, events(*HEALTHY)),
    (DELTAS, data('{"delta": "H\\ud83c"}', '{"delta": "\\udf0d"}', "[DONE]", "more")),
    (OLLAMA, lines({"done": False, "message": {"content": "wörld 🌍"}}, {"error": "late"}) + b'\xff\n{"a'),
    (SO_FAR, lines({"answer": "a"}, {"answer": "ab"}) + b'{"answer": "abc"}'),
]


@given(st.sampled_from(BODIES), st.lists(st.integers(0, 300), max_size=20))
def test_any_cutting_gives_the_same_deltas_and_the_same_ending(case, cuts):
    declared, body = case
    edges = [0, *sorted(cuts), len(body)]

    assert read(declared, *(body[a:b] for a, b in pairwise(edges))) == read(declared, body)


@given(st.sampled_from([AGNO, DELTAS, OLLAMA, SO_FAR]), st.binary(max_size=300))
def test_no_bytes_break_the_decoder(declared, body):
    assert read(declared, body)[1].tool_calls == ()
