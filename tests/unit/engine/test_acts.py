"""
Operations of every kind, and what is made before them, played by hand.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec
import pytest

from conformance.engine.effects import Calls, Pause, Send, Start, Started
from conformance.engine.judge import judge
from conformance.engine.play import Playing, play
from conformance.engine.support import unsupported
from conformance.model.profile import Profile
from conformance.model.scenario import ACTS, OPERATIONS, Act, Scenario, Step
from conformance.model.transcript import Exchange, SentRequest, StepRecord, StreamEnd, Transcript, UpstreamCall
from conformance.text.digest import text_of

RUN = {
    "request": {"method": "POST", "path": "/threads/${thread}/runs", "json": {"assistant_id": "${assistant}"}},
    "id": "$.id",
}
OPERATIONS_OF_RUNS = {
    "create_assistant": {"request": {"method": "POST", "path": "/assistants", "json": {"m": 1}}, "id": "$.id"},
    "delete_assistant": {"request": {"method": "DELETE", "path": "/assistants/${assistant}"}},
    "create_run": RUN,
    "get_run": {"request": {"method": "GET", "path": "/threads/${thread}/runs/${run}"}},
    "list_runs": {
        "request": {"method": "GET", "path": "/runs", "query": {"limit": "${limit}", "offset": "${offset}"}},
        "items": "$.data[*]",
        "fields": {"id": "$.id"},
        "pages": "offset",
    },
    "regenerate": {
        "request": {"method": "POST", "path": "/again", "json": {"message": "${message}"}},
        "stream": {"framing": "raw-text", "terminal": False},
    },
    "delete_thread": {"request": {"method": "DELETE", "path": "/threads/${thread}"}},
    "get_response": {"request": {"method": "GET", "path": "/r/${response}"}, "text": "$.output[*].text"},
}


def profile(**more: Any) -> Profile:
    value = {"profile": "runs", "title": "Runs", "operations": OPERATIONS_OF_RUNS, **more}
    return msgspec.convert(value, Profile)


MAKING = profile(makes={"assistant": "create_assistant"})


def scenario(*steps: dict[str, Any], **more: Any) -> Scenario:
    return msgspec.convert({"id": "area/one", "title": "One", "steps": list(steps), **more}, Scenario)


def answer(
    value: Any = None, status: int = 200, headers: dict[str, str] | None = None, text: str | None = None
) -> Exchange:
    return Exchange(
        operation="x",
        request=SentRequest(method="GET", url="http://t/"),
        started=0.0,
        ended_at=0.1,
        ended="clean",
        status=status,
        headers=headers or {},
        value=value,
        text=None if text is None else text_of(text),
    )


def call(outcome: Any = "answered") -> UpstreamCall:
    return UpstreamCall(at=0.0, outcome=outcome)


def sent(effect: object) -> Send:
    assert isinstance(effect, Send), effect
    return effect


def last(playing: Playing, observation: Any) -> Transcript:
    with pytest.raises(StopIteration) as end:
        playing.send(observation)
    transcript: Transcript = end.value.value
    return transcript


def test_every_operation_that_is_no_chat_is_a_step():
    fields = {field.name: field.type for field in msgspec.structs.fields(Step)}

    assert set(OPERATIONS) <= set(fields)
    assert {name for name, kind in fields.items() if kind == Act | None} == set(ACTS)


def test_what_a_step_gives_fills_the_placeholders_of_that_name():
    effect = sent(next(play(scenario({"get_run": {"thread": "t", "run": "r/1"}}, ids={"t": "a"}), profile())))

    assert (effect.operation, effect.request.path) == ("get_run", "/threads/a/runs/r%2F1")


def test_a_value_that_the_request_has_no_place_for_is_unsupported():
    with pytest.raises(StopIteration) as end:
        next(play(scenario({"get_run": {"thread": "t", "run": "r", "title": "T"}}), profile()))

    assert "has no value of its own for title" in end.value.value.unsupported


def test_an_act_that_says_something_is_a_turn_of_its_own_framing():
    effect = sent(next(play(scenario({"regenerate": {"say": "Hi", "message": "m1"}}), profile())))

    assert effect.turn is not None
    assert (effect.turn.say, effect.framing, effect.later) == ("Hi", "raw-text", False)


def test_a_chat_may_go_by_another_operation():
    effect = sent(next(play(scenario({"chat": {"thread": "t", "say": "Hi", "via": "regenerate"}}), profile())))

    assert (effect.operation, effect.request.path) == ("regenerate", "/again")


def test_a_turn_without_an_answer_is_waited_for_until_the_model_was_called():
    playing = play(scenario({"create_run": {"thread": "t", "say": "Hi", "set": {"assistant": "a"}}}), profile())
    assert sent(next(playing)).later
    asked = [playing.send(answer({"id": "r1"})), playing.send(0.0)]
    asked += [playing.send([]), playing.send(0.02), playing.send([call("open")]), playing.send(0.04)]
    asked.append(playing.send([call()]))

    record = last(playing, [call()]).records[0]

    kinds = [(type(one), getattr(one, "more", None)) for one in asked]
    more, paused = (Calls, True), (Pause, None)
    assert kinds == [paused, more, paused, more, paused, more, (Calls, False)]
    assert record.calls is not None
    assert len(record.calls) == 1


def test_a_turn_that_was_refused_is_not_waited_for():
    step = {"create_run": {"thread": "t", "say": "Hi", "set": {"assistant": "a"}}, "expect": {"status": 400}}
    playing = play(scenario(step), profile())
    next(playing)

    assert playing.send(answer(status=400)) == Calls(sent(next(play(scenario(step), profile()))).turn.key)  # type: ignore[union-attr]


def test_a_turn_without_an_answer_can_be_held():
    step = {
        "create_run": {"thread": "t", "say": "Hi", "model": {"hold": "headers"}, "set": {"assistant": "a"}},
        "during": [{"get_run": {"thread": "t", "run": "r"}}],
    }
    playing = play(scenario(step), profile(), witnesses=frozenset({"upstream"}))

    started = next(playing)

    assert isinstance(started, Start)
    assert (started.send.later, started.send.opens) == (True, "steps")
    assert sent(playing.send(Started("k", held=True))).operation == "get_run"


def test_a_run_is_looked_at_until_it_is_as_expected():
    step = {"get_run": {"thread": "t", "run": "r"}, "expect": {"body": {"$.status": "completed"}}}
    playing = play(scenario(step), profile())
    next(playing)
    assert isinstance(playing.send(answer({"status": "queued"})), Pause)
    assert sent(playing.send(0.0)).operation == "get_run"
    assert isinstance(playing.send(answer({"status": "completed"})), Pause)

    record = last(playing, 1.5).records[0]

    assert (record.attempts, record.lag > 1) == (2, True)


def test_what_a_profile_makes_is_made_once_before_its_first_use():
    run = {"create_run": {"thread": "t"}}
    playing = play(scenario(run, run, ids={"t": "a"}), MAKING)
    made = sent(next(playing))
    first = sent(playing.send(answer({"id": "asst_1"})))
    second = sent(playing.send(answer({"id": "run_1"})))

    records = last(playing, answer({"id": "run_2"})).records

    assert [made.operation, first.operation, second.operation] == ["create_assistant", "create_run", "create_run"]
    assert first.request.body == second.request.body == b'{"assistant_id":"asst_1"}'
    assert [record.index for record in records] == ["1.0", "1", "2"]


@pytest.mark.parametrize(
    "given", [{"assistant": "mine"}, {"set": {"assistant": "mine"}}, {"without": "assistant"}], ids=str
)
def test_nothing_is_made_where_the_step_says_what_to_use(given: dict[str, Any]):
    effect = sent(next(play(scenario({"create_run": {"thread": "t", **given}}), MAKING)))

    assert effect.operation == "create_run"


def test_what_a_step_has_made_is_used_by_those_after_it():
    playing = play(scenario({"create_assistant": {}}, {"create_run": {"thread": "t"}}), MAKING)
    next(playing)

    assert sent(playing.send(answer({"id": "asst_7"}))).request.body == b'{"assistant_id":"asst_7"}'


def test_everybody_makes_one_of_their_own():
    both = profile(makes={"assistant": "create_assistant"}, principals=["alice", "bob"], auth={})
    playing = play(scenario({"create_run": {"thread": "t"}}, {"create_run": {"thread": "t"}, "by": "bob"}), both)
    first = sent(next(playing))
    playing.send(answer({"id": "asst_1"}))
    second = sent(playing.send(answer({"id": "run_1"})))

    assert [(one.operation, one.request.by) for one in (first, second)] == [
        ("create_assistant", "alice"),
        ("create_assistant", "bob"),
    ]
    assert sent(playing.send(answer({"id": "asst_2"}))).request.body == b'{"assistant_id":"asst_2"}'


def test_what_was_made_is_tidied_away():
    playing = play(scenario({"create_run": {"thread": "t"}}, ids={"t": "a"}), MAKING, tidy=True)
    next(playing)
    playing.send(answer({"id": "asst_1"}))
    deletions = [sent(playing.send(answer({"id": "run_1"}))), sent(playing.send(answer()))]

    left = last(playing, answer(status=500)).left_behind

    assert [one.request.path for one in deletions] == ["/threads/a", "/assistants/asst_1"]
    assert left == ["assistant asst_1"]


def test_an_assistant_without_an_id_fails_the_scenario():
    playing = play(scenario({"create_run": {"thread": "t"}}), MAKING)
    next(playing)

    outcome = judge(last(playing, answer({"name": "no id"})), MAKING, {})

    assert (outcome.kind, outcome.differences[0].lines) == (
        "failed",
        ["no id can be read from the answer of create_assistant"],
    )


def walked(pages: list[list[str]], step: dict[str, Any] | None = None, **more: Any) -> tuple[list[str], StepRecord]:
    """
    What is asked for, page by page, and the record of the list.
    """
    listing = {**OPERATIONS_OF_RUNS["list_runs"], **more}
    playing: Generator[Any, Any, Transcript] = play(
        scenario({"list_runs": step or {}}), profile(operations={"list_runs": listing})
    )
    asked = [sent(next(playing)).request.path]
    try:
        for page in pages:
            effect = playing.send(answer({"data": [{"id": one} for one in page], "more": page != pages[-1]}))
            asked.append(sent(effect).request.path)
    except StopIteration as end:
        return asked, end.value.records[0]
    raise AssertionError("the list goes on")


def test_pages_by_offset_end_with_one_that_is_shorter_than_the_first():
    asked, record = walked([["a", "b"], ["c", "d"], ["e"]])

    assert asked == ["/runs", "/runs?offset=2", "/runs?offset=4"]
    assert record.items == ["a", "b", "c", "d", "e"]


def test_pages_by_offset_end_with_an_empty_one():
    asked, record = walked([["a", "b"], []])

    assert (len(asked), record.items) == (2, ["a", "b"])


def test_pages_by_offset_end_where_the_list_says_so():
    asked, record = walked([["a", "b"], ["c", "d"]], more="$.more")

    assert (len(asked), record.items) == (2, ["a", "b", "c", "d"])


def test_a_list_with_a_place_is_one_page():
    asked, _ = walked([["a", "b"]], {"limit": 2, "offset": 4})

    assert asked == ["/runs?limit=2&offset=4"]


def test_a_text_in_several_parts_is_joined():
    playing = play(scenario({"get_response": {"response": "r"}, "expect": {"text": "ab"}}), profile())
    next(playing)

    transcript = last(playing, answer({"output": [{"text": "a"}, {"kind": "x"}, {"text": "b"}]}))

    assert judge(transcript, profile(), {}).kind == "passed"


CHAINED = {
    "chat": {
        "request": {
            "method": "POST",
            "path": "/responses",
            "json": {"input": "${text}", "instructions": "${instructions}", "previous": "${parent}"},
        },
        "stream": {"framing": "responses-sse"},
    },
    "list_messages": {"request": {"method": "GET", "path": "/m"}, "items": "$[*]", "fields": {"role": "$.r"}},
}


def test_instructions_are_the_text_of_a_turns_system_message():
    chat = {"chat": {"thread": "t", "say": "Hi", "system": "Be brief"}}
    effect = sent(next(play(scenario(chat, ids={"t": "a"}), profile(operations=CHAINED))))

    assert effect.request.body == b'{"input":"Hi","instructions":"Be brief"}'


def test_the_id_of_a_streamed_response_can_be_referred_to():
    first = {"chat": {"thread": "t", "say": "One"}, "as": "one"}
    second = {"chat": {"thread": "t", "say": "Two", "set": {"parent": "${one.id}"}}}
    playing = play(scenario(first, second, ids={"t": "a"}), profile(operations=CHAINED))
    next(playing)
    ended = msgspec.structs.replace(answer(text="Hello"), end=StreamEnd(terminal="done", parent_id="resp_1"))
    asked = playing.send(ended)
    while not isinstance(asked, Send):
        asked = playing.send([call()] if isinstance(asked, Calls) else 0.0)

    assert asked.request.body == b'{"input":"Two","previous":"resp_1"}'


def test_a_policy_on_which_a_message_depends_must_be_declared():
    listed = {"list_messages": {"thread": "t"}, "expect": {"messages": [{"role": "user", "policy": {"history": "no"}}]}}
    one = scenario(listed, ids={"t": "a"})

    assert unsupported(one, profile(operations=CHAINED)) == "profile runs declares history: nothing"
    assert unsupported(one, profile(operations=CHAINED, policies={"history": "yes"})) is None
