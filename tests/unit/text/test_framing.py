"""
Stream framings: golden bodies, what is wrong with a stream, and that cutting changes nothing.
"""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.text import deltas
from conformance.text.chunks import ChatChunks
from conformance.text.events import EventStream
from conformance.text.framing import FRAMINGS, Ending, decoder

STREAMS = Path(__file__).parents[3] / "fixtures/streams"
HELLO = "Hello wörld 🌍!"


def read(framing: str, *chunks: bytes) -> tuple[list[deltas.Delta], Ending]:
    reading = decoder(framing)
    seen = [delta for chunk in chunks for delta in reading.feed(chunk)]
    return seen + reading.close(), reading.ending


def text(seen: list[deltas.Delta]) -> str:
    return "".join(delta.text for delta in seen)


def golden(name: str) -> tuple[str, Ending]:
    seen, ending = read("openai-sse", (STREAMS / name).read_bytes())
    return text(seen), ending


def openai(*events: object) -> Ending:
    lines = (event if isinstance(event, str) else json.dumps(event) for event in events)
    return read("openai-sse", "".join(f"data: {line}\n\n" for line in lines).encode())[1]


def chunk(content: object = "x", **more: object) -> dict[str, object]:
    return {"id": "c1", "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": "stop"}], **more}


@pytest.mark.parametrize("name", ["openai_happy.sse", "openai_crlf.sse", "openai_heartbeats.sse"])
def test_a_finished_answer_has_no_problems(name):
    assert golden(name) == (HELLO, Ending(terminal="[DONE]", finish_reason="stop", message_id="chatcmpl-1"))


def test_usage_comes_in_a_chunk_without_choices():
    assert golden("openai_usage.sse")[1].usage == {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def test_tool_calls_are_joined_by_index():
    ending = golden("openai_tool_calls.sse")[1]

    assert ending.tool_calls == (
        {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Köln"}'}},
        {"id": "call_b", "type": "function", "function": {"name": "time", "arguments": "{}"}},
    )


def test_an_error_in_the_stream_is_an_error_and_no_missing_finish():
    assert golden("openai_error_mid.sse") == (
        HELLO,
        Ending(error="the model went away", message_id="chatcmpl-1"),
    )


@pytest.mark.parametrize(
    ("name", "terminal", "problems"),
    [
        ("openai_no_done.sse", "finish_reason=stop", ()),
        ("openai_no_finish.sse", "[DONE]", ("no finish_reason",)),
        (
            "openai_unterminated.sse",
            "finish_reason=stop",
            ("the last 13 bytes are an event without the blank line that ends it",),
        ),
        ("openai_after_done.sse", "[DONE]", ("data after [DONE] at byte 1031",)),
        ("openai_surrogates.sse", "[DONE]", ()),
    ],
)
def test_what_is_odd_about_a_stream_is_said(name, terminal, problems):
    ending = golden(name)[1]

    assert (ending.terminal, ending.problems) == (terminal, problems)


def test_a_surrogate_pair_cut_between_deltas_is_joined():
    assert golden("openai_surrogates.sse")[0] == "a😀b"


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        (
            [chunk(), "{"],
            "not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)) at byte",
        ),
        ([chunk(), ""], "an event with empty data at byte"),
        ([chunk(), "[1]"], "a chunk that is not an object at byte"),
        ([chunk(), '{"id":"c1","choices":[],"x":NaN}'], "not JSON (NaN is not JSON) at byte"),
        ([chunk(), "[" * 100_000], "not JSON (nested too deeply) at byte"),
        ([chunk(), "9" * 5000], "not JSON (Exceeds the limit"),
        ([chunk(), '{"id":"c1","id":"c1","choices":[]}'], "name 'id' twice in one object at byte"),
        ([chunk(), {"id": "c2", "choices": []}], "the chunk's id changed from 'c1' to 'c2' at byte"),
        ([chunk(), {"choices": []}], "a chunk without an id at byte"),
        ([chunk(), {"id": "c1"}], "a chunk without proper choices at byte"),
        ([chunk(), chunk("late")], "text after finish_reason at byte"),
        ([chunk(7)], "content that is not a string at byte"),
        ([chunk("\ud83d")], "lone surrogate U+D83D in the event at byte 0"),
        ([chunk("\ude00!")], "lone surrogate U+DE00 in the event at byte 0"),
        ([chunk(), {"id": "c1", "choices": [{"index": 1}]}], "choice 1, only 0 was asked for, at byte"),
        ([chunk(), {"id": "c1", "choices": [{"delta": {"tool_calls": [{}]}}]}], "a tool call without an index at byte"),
    ],
)
def test_a_malformed_chunk_is_a_problem_with_its_place(events, problem):
    assert [said[: len(problem)] for said in openai(*events).problems] == [problem]


@pytest.mark.parametrize(
    "event",
    [
        'data: {"error":{"message":"boom"}}',
        'event: error\ndata: {"error":{"message":"boom"}}',
        'event: error\ndata: {"message":"boom","code":null}',
        'data: {"error":"boom"}',
    ],
)
def test_an_error_may_be_wrapped_flat_or_a_string(event):
    assert read("openai-sse", f"{event}\n\n".encode())[1].error == "boom"


def test_what_an_ending_says_can_be_written_as_json():
    ending = openai({"error": {"message": "\ud800"}}, chunk(id="\ud800", usage={"\ud800": ["\ud800"]}))

    assert f"{ending}".encode()


def test_a_stream_with_endless_problems_keeps_the_first_twenty():
    problems = openai(*["{"] * 100).problems

    assert (len(problems), problems[-1]) == (21, "and 81 more")


def test_tool_calls_are_bounded():
    calls = [{"index": index, "function": {"arguments": "x" * 2**14}} for index in range(200)]

    ending = openai({"id": "c1", "choices": [{"delta": {"tool_calls": calls}, "finish_reason": "tool_calls"}]})

    assert (len(ending.tool_calls), len(str(ending.tool_calls)) < 2**21) == (128, True)


def test_an_event_over_the_limit_ends_the_reading_with_a_problem():
    reading = EventStream(ChatChunks(), max_event=200)
    body = b"data: " + json.dumps(chunk("a")).encode() + b"\n\ndata: " + b"x" * 300

    seen = reading.feed(body) + reading.feed(b"\n\n") + reading.close()

    assert (text(seen), reading.ending.problems) == (
        "a",
        ("the event at byte 99 is larger than 200 bytes; nothing after it was read",),
    )


def test_plain_events_are_the_text():
    seen, ending = read("sse", (STREAMS / "plain.sse").read_bytes())

    assert (text(seen), ending) == ("Hello wörld\n!", Ending(terminal="[DONE]"))


def test_plain_events_may_carry_an_error():
    assert read("sse", b"event: error\ndata: boom\n\n")[1].error == "boom"


def test_raw_text_is_the_body_and_has_no_terminal_marker():
    body = (STREAMS / "raw_c1.txt").read_bytes()

    assert (text(read("raw-text", body)[0]).encode(), read("raw-text", body)[1]) == (body, Ending())


@pytest.mark.parametrize(
    ("body", "shown", "problem"),
    [
        (b"ab\xffc", "ab\ufffdc", "invalid UTF-8 at byte 2"),
        (b"ab\xe2\x82", "ab\ufffd", "invalid UTF-8 at byte 2"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd", "invalid UTF-8 at byte 0"),
    ],
)
def test_invalid_raw_text_is_replaced_and_a_problem(body, shown, problem):
    seen, ending = read("raw-text", body)

    assert (text(seen), ending.problems) == (shown, (problem,))


def test_a_genuine_replacement_character_is_no_problem():
    assert read("raw-text", "\ufffd".encode())[1].problems == ()


def test_a_document_has_no_deltas():
    assert read("json", b'{"a":', b"1}") == ([], Ending())


BODIES = [path.read_bytes() for path in sorted(STREAMS.glob("*.[st][sx][et]"))] + [b"a\xff\xe2\x82b\xf0\x9f\x8c"]


@given(st.sampled_from(sorted(FRAMINGS)), st.sampled_from(BODIES), st.lists(st.integers(0, 2000), max_size=30))
def test_any_cutting_gives_the_same_deltas_and_the_same_ending(framing, body, cuts):
    edges = [0, *sorted(cuts), len(body)]
    whole, ending = read(framing, body)

    seen, cut_ending = read(framing, *(body[a:b] for a, b in pairwise(edges)))

    if framing == "raw-text":  # its deltas are the chunks
        whole, seen = text(whole), text(seen)
    assert (seen, cut_ending) == (whole, ending)


@given(st.text(), st.lists(st.integers(0, 100), max_size=10))
def test_a_raw_delta_lies_at_its_offset(said, cuts):
    body = said.encode()
    edges = [0, *sorted(cuts), len(body)]

    seen, _ = read("raw-text", *(body[a:b] for a, b in pairwise(edges)))

    assert all(body[delta.offset :].startswith(delta.text.encode()) for delta in seen)


@given(st.lists(st.text(st.characters(exclude_categories=[])), min_size=1))
def test_the_text_is_that_of_the_joined_utf16_units_wherever_the_server_cut_it(pieces):
    body = "".join(f"data: {json.dumps(chunk(piece))}\n\n" for piece in pieces).encode()

    joined = "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

    assert text(read("openai-sse", body)[0]) == joined


def test_a_delta_names_its_event_and_the_byte_where_that_begins():
    body = (STREAMS / "openai_happy.sse").read_bytes()

    seen, _ = read("openai-sse", body)

    assert [(delta.event, delta.offset) for delta in seen] == [
        (index, sum(len(event) + 2 for event in body.split(b"\n\n")[:index])) for index in (1, 2, 3, 4)
    ]
