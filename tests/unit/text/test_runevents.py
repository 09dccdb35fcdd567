"""
Streamed runs: one test per way in which a stream can be wrong.
"""

import json

import pytest

from conformance.text.deltas import Delta, Ending
from conformance.text.framing import decoder

Named = tuple[str, object]


def run(state: str, **more: object) -> Named:
    status = "queued" if state == "created" else state
    return f"thread.run.{state}", {"id": "run_1", "object": "thread.run", "status": status, **more}


def message(state: str, *texts: str, **more: object) -> Named:
    content = [{"type": "text", "text": {"value": text, "annotations": []}} for text in texts]
    return f"thread.message.{state}", {"id": "msg_1", "object": "thread.message", "content": content, **more}


def delta(value: object, **more: object) -> Named:
    parts = [{"index": 0, "type": "text", "text": {"value": value}}]
    return "thread.message.delta", {
        "id": "msg_1",
        "object": "thread.message.delta",
        "delta": {"content": parts},
        **more,
    }


def step(state: str) -> Named:
    return f"thread.run.step.{state}", {"id": "step_1", "object": "thread.run.step"}


BEGIN = [run("created"), run("queued"), run("in_progress")]
DONE = ("done", "[DONE]")
END = [run("completed"), DONE]
CREATED = message("created")
SAID = [CREATED, delta("Hi "), delta("you"), message("completed", "Hi you")]


def read(*events: Named) -> tuple[list[Delta], Ending]:
    reading = decoder("assistants-sse")
    lines = ((name, data if isinstance(data, str) else json.dumps(data)) for name, data in events)
    body = "".join(f"event: {name}\ndata: {data}\n\n" for name, data in lines)
    return reading.feed(body.encode()) + reading.close(), reading.ending


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([run("queued"), run("created"), run("in_progress"), *END], "thread.run.created after thread.run.queued at"),
        ([run("created"), run("in_progress"), *END], "thread.run.in_progress after thread.run.created at byte"),
        ([run("created"), run("queued"), *END], "thread.run.completed after thread.run.queued at byte"),
        ([run("in_progress"), *END], "thread.run.in_progress comes first at byte 0"),
        ([*BEGIN, run("completed"), *END], "thread.run.completed after thread.run.completed at byte"),
        ([*BEGIN, run("completed"), step("completed"), DONE], "thread.run.step.completed after thread.run.completed"),
        ([*BEGIN, run("completed"), CREATED, DONE], "thread.message.created after thread.run.completed at byte"),
        ([*BEGIN, delta("Hi"), message("completed", "Hi"), *END], "thread.message.delta comes first at byte"),
        ([*BEGIN, message("completed"), *END], "thread.message.completed comes first at byte"),
        ([*BEGIN, *SAID, delta("!"), *END], "thread.message.delta after thread.message.completed at byte"),
        ([*BEGIN, CREATED, *SAID, *END], "thread.message.created after thread.message.created at byte"),
        (
            [*BEGIN, CREATED, delta("Hi"), message("completed", "Ho!"), *END],
            "the text of thread.message.completed is not what its deltas say (3 UTF-16 units, the deltas have 2) at",
        ),
        (
            [*BEGIN, CREATED, message("completed", "Hi"), *END],
            "the text of thread.message.completed is not what its deltas say (2 UTF-16 units, the deltas have 0) at",
        ),
        (
            [*BEGIN, CREATED, delta("Hi"), message("completed"), *END],
            "thread.message.completed leaves out a text that was streamed at byte",
        ),
        (
            [run("created", object="thread"), *BEGIN[1:], *END],
            "thread.run.created with the object 'thread', not 'thread.run', at byte 0",
        ),
        (
            [*BEGIN, CREATED, delta("", object="thread.message"), message("completed"), *END],
            "thread.message.delta with the object 'thread.message', not 'thread.message.delta', at byte",
        ),
        ([*BEGIN, run("completed", status="in_progress"), DONE], "thread.run.completed with the status 'in_progress'"),
        ([*BEGIN, run("completed", id="run_2"), DONE], "the run's id changed from 'run_1' to 'run_2' at byte"),
        ([*BEGIN, run("completed", id=None), DONE], "thread.run.completed without an id at byte"),
        (
            [*BEGIN, CREATED, delta("Hi", id="msg_2"), message("completed", "Hi"), *END],
            "the message's id changed from 'msg_1' to 'msg_2' at byte",
        ),
        ([*BEGIN, *SAID, run("completed")], "no done event"),
        ([*BEGIN, *SAID, DONE], "the run has no end"),
        ([*BEGIN, CREATED, delta("Hi"), *END], "the message has no end"),
        ([*BEGIN, *END, DONE], "data after done at byte"),
        ([*BEGIN, run("completed"), ("done", "{}")], "a done event whose data is not [DONE] at byte"),
        ([*BEGIN, run("completed"), ("message", "[DONE]")], "[DONE] in an event named 'message', not 'done', at byte"),
        ([*BEGIN, ("message", {}), *END], "an event without a name at byte"),
        ([*BEGIN, ("thread.run.step.delta", "{"), *END], "data that is not JSON (Expecting property name"),
        ([*BEGIN, ("thread.run.step.delta", "[]"), *END], "data that is not an object at byte"),
        (
            [*BEGIN, CREATED, delta(7), message("completed"), *END],
            "a text value that is not a string at byte",
        ),
        (
            [*BEGIN, CREATED, delta("", delta={"content": [{"type": "text"}]}), message("completed"), *END],
            "a content part without an index at byte",
        ),
        ([*BEGIN, run("requires_action"), DONE], "thread.run.requires_action without tool calls at byte"),
        (
            [
                *BEGIN,
                run("requires_action", required_action={"submit_tool_outputs": {"tool_calls": [{"id": "c1"}]}}),
                DONE,
            ],
            "a tool call without its id, name or arguments at byte",
        ),
    ],
)
def test_what_is_wrong_with_a_run_is_said(events, problem):
    assert problem in [said[: len(problem)] for said in read(*events)[1].problems]


def test_a_run_with_steps_and_a_message_has_no_problems():
    events = [*BEGIN, step("created"), *SAID, step("completed"), *END]

    assert read(*events)[1] == Ending(terminal="[DONE]", finish_reason="stop", message_id="msg_1", parent_id="run_1")


def test_a_surrogate_pair_cut_between_deltas_is_the_pair_of_the_whole():
    seen, ending = read(*BEGIN, CREATED, delta("a\ud83d"), delta("\ude00b"), message("completed", "a😀b"), *END)

    assert ("".join(piece.text for piece in seen), ending.problems) == ("a😀b", ())


def test_two_messages_of_a_run_are_one_text():
    second = [(name, {**data, "id": "msg_2"}) for name, data in SAID]

    seen, ending = read(*BEGIN, *SAID, *second, *END)

    assert ("".join(piece.text for piece in seen), ending.message_id, ending.problems) == (
        "Hi youHi you",
        "msg_2",
        (),
    )


def test_unknown_events_are_passed_over():
    assert read(*BEGIN, ("thread.run.pondering", {"x": 1}), ("ping", {}), *END)[1].problems == ()


@pytest.mark.parametrize("data", [{"message": "boom", "code": None}, {"error": {"message": "boom"}}])
def test_an_error_may_be_flat_or_wrapped(data):
    assert read(*BEGIN, ("error", data), DONE)[1] == Ending(terminal="[DONE]", error="boom", parent_id="run_1")


@pytest.mark.parametrize(
    ("state", "error"),
    [("cancelled", "the run was cancelled"), ("expired", "the run expired"), ("failed", "the run failed")],
)
def test_a_run_that_did_not_end_well_is_an_error(state, error):
    ending = read(*BEGIN, run(state, last_error=None), DONE)[1]

    assert (ending.error, ending.finish_reason, ending.problems) == (error, state, ())


def test_a_run_may_be_cancelled_by_and_by():
    assert read(*BEGIN, run("cancelling"), run("cancelled"), DONE)[1].problems == ()
