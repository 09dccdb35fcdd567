"""
The AI SDK's UI message stream: one test per way in which a stream can be wrong.
"""

import json

import pytest

from conformance.text.deltas import Delta, Ending
from conformance.text.framing import decoder

START = {"type": "start"}
FINISH = {"type": "finish", "finishReason": "stop"}
STEP = {"type": "start-step"}
STEP_END = {"type": "finish-step"}
BEGIN = {"type": "text-start", "id": "1"}
SAY = {"type": "text-delta", "id": "1", "delta": "x"}
END = {"type": "text-end", "id": "1"}
TOOL = {"type": "tool-input-start", "toolCallId": "t1", "toolName": "tide"}
CALL = {"type": "tool-input-available", "toolCallId": "t1", "toolName": "tide", "input": {"a": 1}}


def read(*events: object) -> tuple[list[Delta], Ending]:
    shown = (event if isinstance(event, str) else json.dumps(event) for event in events)
    reading = decoder("ui-message-stream-v1")
    return reading.feed("".join(f"data: {line}\n\n" for line in shown).encode()) + reading.close(), reading.ending


def answer(*parts: object) -> Ending:
    return read(START, STEP, *parts, STEP_END, FINISH, "[DONE]")[1]


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (["{"], "data that is not JSON (Expecting property name"),
        ([""], "an event with empty data at byte"),
        (["[1]"], "data that is not an object at byte"),
        ([{"id": "1"}], "a part without a type at byte"),
        ([{"type": "text"}], "unknown part type 'text' at byte"),
        ([BEGIN, {"type": "text-delta", "id": "1"}, END], "text-delta without a proper delta at byte"),
        ([BEGIN, {"type": "text-delta", "id": "1", "delta": 7}, END], "text-delta without a proper delta at byte"),
        ([SAY], "delta of text '1', which was not started or has ended, at byte"),
        ([BEGIN, SAY, END, SAY], "delta of text '1', which was not started or has ended, at byte"),
        ([END], "end of text '1', which was not started or has ended, at byte"),
        ([BEGIN, BEGIN, END], "text '1' started twice at byte"),
        ([BEGIN, SAY], "text '1' was not ended by the finish-step at byte"),
        ([{"type": "reasoning-start", "id": "r"}], "reasoning 'r' was not ended by the finish-step at byte"),
        ([{"type": "reasoning-delta", "id": "r", "delta": ""}], "delta of reasoning 'r', which was not started"),
        ([TOOL], "tool input 't1' was not ended by the finish-step at byte"),
        ([{"type": "tool-input-delta", "toolCallId": "t1", "inputTextDelta": ""}], "delta of tool input 't1', which"),
        ([CALL, CALL], "tool call 't1' twice at byte"),
        ([START], "a second start at byte"),
        ([STEP], "start-step within a step at byte"),
        ([BEGIN, {"type": "text-delta", "id": "1", "delta": "\ud83d"}, END], "lone surrogate U+D83D in the event"),
    ],
)
def test_a_malformed_part_is_a_problem_with_its_place(parts, problem):
    assert [said[: len(problem)] for said in answer(*parts).problems] == [problem]


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([STEP, STEP_END, FINISH, "[DONE]"], "start-step before start at byte 0"),
        ([FINISH, "[DONE]"], "finish before start at byte 0"),
        (["[DONE]"], "no start part"),
        ([START, "[DONE]"], "no finish part"),
        ([START, STEP, FINISH, "[DONE]"], "finish before the step's end at byte"),
        ([START, STEP_END, FINISH, "[DONE]"], "finish-step without start-step at byte"),
        ([START, BEGIN, SAY, FINISH, "[DONE]"], "text '1' was not ended by the finish at byte"),
        ([START, BEGIN, SAY], "text '1' was not ended by the stream's end"),
        ([START, FINISH, BEGIN, END, "[DONE]"], "text-start after finish at byte"),
        ([START, FINISH, FINISH, "[DONE]"], "finish after finish at byte"),
        ([START, FINISH, "[DONE]", SAY], "data after [DONE] at byte"),
        ([START, FINISH, "[DONE]", "[DONE]"], "data after [DONE] at byte"),
        ([{"type": "start", "messageId": ""}, FINISH, "[DONE]"], "an empty messageId at byte 0"),
    ],
)
def test_a_part_out_of_place_is_a_problem(events, problem):
    assert problem in [said[: len(problem)] for said in read(*events)[1].problems]


def test_text_that_is_not_started_is_still_read():
    assert [delta.text for delta in read(START, SAY, FINISH, "[DONE]")[0]] == ["x"]


def test_two_texts_may_be_open_at_once():
    other = [{**part, "id": "2"} for part in (BEGIN, SAY, END)]

    assert answer(BEGIN, other[0], SAY, other[1], END, other[2]).problems == ()


@pytest.mark.parametrize(
    "part",
    [
        {"type": "data-thread", "data": 1},
        {"type": "source-url", "sourceId": "s", "url": "u", "title": "more"},
        {"type": "file", "url": "u", "mediaType": "m"},
        {"type": "message-metadata", "messageMetadata": {}},
        {"type": "tool-output-error", "toolCallId": "t0", "errorText": "boom"},
        {"type": "tool-input-error", "toolCallId": "t0", "toolName": "tide", "input": 1, "errorText": "boom"},
    ],
)
def test_parts_that_are_not_the_text_are_passed_over(part):
    assert answer(BEGIN, SAY, END, part) == Ending(terminal="[DONE]", finish_reason="stop")


def test_a_stream_without_its_marker_has_no_terminal():
    assert read(START, FINISH)[1] == Ending(finish_reason="stop")


def test_data_parts_may_stand_anywhere():
    data = {"type": "data-x", "data": 1}

    assert read(data, START, data, FINISH, data, "[DONE]")[1].problems == ()


def test_a_step_that_is_reset_forgets_its_open_parts():
    assert answer(BEGIN, SAY, {"type": "reset-step"}, BEGIN, SAY, END).problems == ()


def test_usage_is_read_wherever_metadata_is():
    assert answer({"type": "message-metadata", "messageMetadata": {"usage": {"totalTokens": 3}}}).usage == {
        "totalTokens": 3
    }
