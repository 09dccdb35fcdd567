"""
The AI SDK's lines: one test per way in which a stream can be wrong.
"""

import json

import pytest

from conformance.text.datastream import DataStream
from conformance.text.deltas import Delta, Ending
from conformance.text.framing import decoder
from conformance.text.lines import LineStream

START = ("f", {"messageId": "m1"})
TEXT = ("0", "x")
STEP_END = ("e", {"finishReason": "stop", "isContinued": False})
FINISH = ("d", {"finishReason": "stop"})
BEGUN = ("b", {"toolCallId": "t1", "toolName": "tide"})
ARGUMENTS = ("c", {"toolCallId": "t1", "argsTextDelta": '{"a":1}'})
CALL = ("9", {"toolCallId": "t1", "toolName": "tide", "args": {"a": 1}})
RESULT = ("a", {"toolCallId": "t1", "result": None})


def written(*lines: object) -> bytes:
    shown = (line if isinstance(line, str) else f"{line[0]}:{json.dumps(line[1])}" for line in lines)
    return "".join(f"{line}\n" for line in shown).encode("utf-8", "surrogatepass")


def read(body: bytes) -> tuple[list[Delta], Ending]:
    reading = decoder("ai-data-stream-v1")
    return reading.feed(body) + reading.close(), reading.ending


def in_a_step(*lines: object) -> bytes:
    return written(START, *lines, STEP_END, FINISH)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (in_a_step("hello"), "a line that is not CODE:JSON at byte"),
        (in_a_step(""), "a line that is not CODE:JSON at byte"),
        (in_a_step(("z", 1)), "unknown code 'z' at byte"),
        (in_a_step(("00", "x")), "unknown code '00' at byte"),
        (in_a_step("data: " + json.dumps("x")), "unknown code 'data' at byte"),
        (in_a_step('0:"half'), "a text line that is not JSON (Unterminated string"),
        (in_a_step(("0", 7)), "a text line whose value is not a string at byte"),
        (in_a_step(("2", {})), "a data line whose value is not a list at byte"),
        (in_a_step(("9", [])), "a tool call line whose value is not an object at byte"),
        (in_a_step(("9", {"toolCallId": "t1", "args": {}})), "a tool call line without a proper toolName at byte"),
        (in_a_step('h:{"a":1,"a":2}'), "name 'a' twice in one object at byte"),
        (in_a_step(("0", "\ud83d")), "lone surrogate U+D83D in the event at byte"),
        (in_a_step(START), "a step start within a step at byte"),
        (in_a_step(STEP_END, ("8", []), START, TEXT, STEP_END, STEP_END), "a step end without its start at byte"),
        (written(("f", {"messageId": ""}), STEP_END, FINISH), "an empty messageId at byte"),
        (written(START, TEXT, FINISH), "a finish line before the step's end at byte"),
        (written(TEXT, START, STEP_END, FINISH), "a text line outside a step at byte 0"),
        (in_a_step() + written(FINISH), "data after d at byte"),
        (in_a_step() + written(TEXT), "data after d at byte"),
        (written(START, TEXT, STEP_END), "no d line"),
        (b"", "no d line"),
        (in_a_step(BEGUN, ARGUMENTS), "tool call 't1' was begun and never given"),
        (in_a_step(BEGUN, BEGUN, CALL), "tool call 't1' begun twice at byte"),
        (in_a_step(CALL, ("c", ARGUMENTS[1])), "a delta of tool call 't1', which was not begun, at byte"),
        (
            in_a_step(BEGUN, ("c", {"toolCallId": "t1", "argsTextDelta": '{"a":2}'}), CALL),
            "the arguments of tool call 't1' are not what its deltas say, at byte",
        ),
        (in_a_step(CALL, CALL), "tool call 't1' twice at byte"),
        (in_a_step(RESULT), "a result of tool call 't1', which was not given, at byte"),
        (in_a_step()[:-1], "the last 26 bytes are a line without the line feed that ends it"),
        (b'f:{"messageId":"m1"}\n0:"a\xff"\n' + written(STEP_END, FINISH), "invalid UTF-8 at byte 25"),
    ],
)
def test_a_malformed_line_is_a_problem_with_its_place(body, problem):
    assert problem in [said[: len(problem)] for said in read(body)[1].problems]


def test_a_problem_names_the_byte_where_its_line_begins():
    assert read(in_a_step("hello"))[1].problems == (f"a line that is not CODE:JSON at byte {len(written(START))}",)


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_a_line_feed_ends_a_line(character):
    line = f'0:"a{character}b"' if character > "\x1f" else f'0:"a\\u{ord(character):04x}b"'

    assert ([delta.text for delta in read(in_a_step(line))[0]], read(in_a_step(line))[1].problems) == (
        [f"a{character}b"],
        (),
    )


def test_tool_calls_and_their_results_are_no_problem():
    assert read(in_a_step(BEGUN, ARGUMENTS, CALL, RESULT))[1].problems == ()


def test_reasoning_sources_and_files_are_not_the_text():
    lines = [("g", "hm"), ("h", {"url": "u"}), ("i", {"data": "d"}), ("j", {"signature": "s"}), ("8", [{}])]

    assert read(in_a_step(*lines, ("k", {"data": "d", "mimeType": "m"}))) == (
        [],
        Ending(terminal="d", finish_reason="stop", message_id="m1"),
    )


@pytest.mark.parametrize(
    ("sent", "shown"), [("tool-calls", "tool_calls"), ("content-filter", "content_filter"), ("unknown", "unknown")]
)
def test_finish_reasons_are_said_in_one_vocabulary(sent, shown):
    assert read(written(("d", {"finishReason": sent})))[1].finish_reason == shown


def test_a_surrogate_pair_cut_between_lines_is_joined():
    assert "".join(delta.text for delta in read(in_a_step(("0", "a\ud83d"), ("0", "\ude00b")))[0]) == "a😀b"


def test_a_line_over_the_limit_ends_the_reading_with_a_problem():
    reading = LineStream(DataStream(), max_line=100)

    seen = reading.feed(written(START, TEXT) + b'0:"' + b"x" * 50) + reading.feed(b"x" * 60 + b'"\n') + reading.close()

    assert ([delta.text for delta in seen], reading.ending.problems[0]) == (
        ["x"],
        f"the line at byte {len(written(START, TEXT))} is larger than 100 bytes; nothing after it was read",
    )
