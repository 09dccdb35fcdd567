"""
Streamed responses: one test per way in which a stream can be wrong.
"""

import json
from typing import Any

import pytest

from conformance.text.deltas import Delta, Ending
from conformance.text.framing import decoder

AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
FUNCTION = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "tide", "arguments": "{}"}


def whole(state: str, *texts: str, **more: object) -> dict[str, Any]:
    status = "in_progress" if state == "created" else state
    output = [item(*texts)] if texts else []
    return {"type": f"response.{state}", "response": {"id": "resp_1", "status": status, "output": output, **more}}


def item(*texts: str) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "content": [{"type": "output_text", "text": text} for text in texts]}


def delta(text: object, **more: object) -> dict[str, Any]:
    return {"type": "response.output_text.delta", **AT, "delta": text, **more}


def done(text: str) -> dict[str, Any]:
    return {"type": "response.output_text.done", **AT, "text": text}


def arguments(moment: str, text: str) -> dict[str, Any]:
    name = "delta" if moment == "delta" else "arguments"
    return {"type": f"response.function_call_arguments.{moment}", "output_index": 0, "item_id": "fc_1", name: text}


def added(it: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": 0, "item": it}


def ended(it: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": 0, "item": it}


START = [whole("created"), whole("in_progress")]
ADDED = added(item())
PART = {"type": "response.content_part.added", **AT, "part": {"type": "output_text", "text": ""}}
OPEN = [*START, ADDED, PART]
CLOSED = [done("Hi"), ended(item("Hi"))]
HI = [*OPEN, delta("H"), delta("i"), *CLOSED]
END = whole("completed", "Hi")
CALL = [*START, added(FUNCTION), arguments("delta", "{}"), arguments("done", "{}"), ended(FUNCTION)]


def numbered(*events: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"sequence_number": number, **event} for number, event in enumerate(events)]


def body(*events: dict[str, Any]) -> bytes:
    return "".join(f"event: {event.get('type')}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


def read(stream: bytes) -> tuple[list[Delta], Ending]:
    reading = decoder("responses-sse")
    return reading.feed(stream) + reading.close(), reading.ending


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([*HI, whole("completed", "Hi", id="resp_2")], "the response's id changed from 'resp_1' to 'resp_2' at byte"),
        ([*HI, whole("completed", "Hi", id=None)], "response.completed without a response id at byte"),
        ([*HI, whole("completed", "Hi", status="failed")], "response.completed with the status 'failed' at byte"),
        ([*HI, whole("completed", "Ho")], "the text of response.completed is not what its deltas say (2 UTF-16 units"),
        ([*HI, whole("completed")], "response.completed leaves out a text that was streamed at byte"),
        ([*HI, END, END], "data after response.completed at byte"),
        ([*HI], "no response.completed, response.incomplete or response.failed"),
        ([*HI, {"type": "response.completed"}], "response.completed without a proper response at byte"),
        ([*HI[1:], END], "response.in_progress before response.created at byte 0"),
        ([HI[0], *HI[2:], END], "response.output_item.added before response.in_progress at byte"),
        ([*START, whole("created"), *HI[2:], END], "response.created is not the first event at byte"),
        ([*START, whole("in_progress"), *HI[2:], END], "a second response.in_progress, or one that comes late, at"),
        ([*OPEN, delta("Hi"), done("Ho"), ended(item("Hi")), END], "the text of response.output_text.done is not what"),
        ([*OPEN, delta("Hi"), done("Hi"), ended(item("Ho")), END], "the text of response.output_item.done is not what"),
        ([*OPEN, delta("Hi"), ended(item("Hi")), END], "a text without its response.output_text.done at byte"),
        ([*OPEN, delta("Hi"), done("Hi"), END], "an item without its response.output_item.done at byte"),
        ([*OPEN, delta("H"), done("H"), delta("i"), *CLOSED, END], "a delta after its response.output_text.done at"),
        ([*START, ADDED, delta("Hi"), *CLOSED, END], "a delta of a content part that was not added at byte"),
        ([*OPEN, PART, delta("Hi"), *CLOSED, END], "a second content part 0 at byte"),
        ([*OPEN, delta("Hi", item_id="m2"), *CLOSED, END], "a delta of item 'm2', which was not added, at byte"),
        ([*OPEN, ADDED, delta("Hi"), *CLOSED, END], "a second item with the output_index 0 at byte"),
        ([*HI, ended(item("Hi")), END], "output item 0 ended twice at byte"),
        ([*HI[:-1], ended({**item("Hi"), "id": "m2"}), END], "the item's id changed from 'msg_1' to 'm2' at byte"),
        ([*START, ended(FUNCTION), whole("completed")], "the end of output item 0, which was not added, at byte"),
        ([*OPEN, delta(None), delta("Hi"), *CLOSED, END], "response.output_text.delta without a proper delta at byte"),
        ([*CALL[:4], arguments("done", "{ }"), CALL[5], whole("completed")], "the arguments of response.function_call"),
        ([*CALL[:5], ended({**FUNCTION, "name": None}), whole("completed")], "a function call without its call_id"),
        ([*HI, {"type": 7}, END], "an event without a type at byte"),
        (
            [*OPEN, delta("\ud83d"), done("\ud83d"), ended(item()), whole("completed", "\ud83d")],
            "lone surrogate U+D83D",
        ),
    ],
)
def test_what_is_wrong_with_a_response_is_said(events, problem):
    problems = read(body(*numbered(*events)))[1].problems

    assert problem in [said[: len(problem)] for said in problems]


@pytest.mark.parametrize(
    ("numbers", "problems"),
    [
        ([0, 1, 2], []),
        ([1, 2, 3], ["sequence_number 1 comes first"]),
        ([0, 2, 3], ["sequence_number 2 after 0"]),
        ([0, 1, 1], ["sequence_number 1 after 1"]),
        ([0, None, 2], ["an event without a sequence_number"]),
        ([0, True, 2], ["an event without a sequence_number"]),
    ],
)
def test_the_events_are_numbered_without_a_gap(numbers, problems):
    events = [*START, whole("completed")]
    given = [{**event, "sequence_number": number} for event, number in zip(events, numbers, strict=True)]

    assert [said.partition(" at byte")[0] for said in read(body(*given))[1].problems] == problems


def test_the_type_is_the_events_name():
    stream = body(*numbered(*HI, END)).replace(b"event: response.in_progress\n", b"")

    assert [said.partition(" at byte")[0] for said in read(stream)[1].problems] == [
        "an event named 'message' with the type 'response.in_progress'"
    ]


def test_done_is_no_part_of_the_framing():
    problems = read(body(*numbered(*HI, END)) + b"data: [DONE]\n\n")[1].problems

    assert [said[:24] for said in problems] == ["data that is not JSON (E"]


def test_other_events_are_numbered_and_passed_over():
    others = [{"type": "response.queued", "response": {}}, {"type": "response.reasoning_text.delta", "delta": "hm"}]

    seen, ending = read(body(*numbered(START[0], others[0], START[1], others[1], *HI[2:], END)))

    assert ("".join(piece.text for piece in seen), ending.problems) == ("Hi", ())


def test_heartbeats_come_anywhere_with_a_number():
    beat = {"type": "keepalive"}

    assert read(body(*numbered(beat, START[0], beat, *START[1:], beat, *HI[2:], END)))[1].problems == ()
    assert [said[:34] for said in read(body(beat, *numbered(*HI, END)))[1].problems] == [
        "an event without a sequence_number",
        "sequence_number 0 after 0 at byte 4"[:34],
    ]


def test_a_surrogate_pair_cut_between_deltas_is_the_pair_of_the_whole():
    said = [delta("\ud83d"), delta("\ude00"), done("😀"), ended(item("😀")), whole("completed", "😀")]

    assert read(body(*numbered(*OPEN, *said)))[1].problems == ()


def test_an_error_and_the_failure_that_follows_are_one_error():
    error = {"type": "error", "code": None, "message": "boom", "param": None}

    ending = read(body(*numbered(*START, error, whole("failed", error={"message": "later"}))))[1]

    assert (ending.error, ending.terminal, ending.problems) == ("boom", "response.failed", ())


def test_a_function_call_without_deltas_is_taken_from_its_item():
    ending = read(body(*numbered(*START, added(FUNCTION), ended(FUNCTION), whole("completed"))))[1]

    assert [call["id"] for call in ending.tool_calls] == ["c1"]
