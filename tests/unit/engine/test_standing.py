"""
What holds in every scenario: each rule has a transcript that breaks it, and one that only looks as if it did.
"""

from typing import Any

import msgspec
import pytest

from conformance.checks.prompts import ill_formed
from conformance.engine.judge import judge
from conformance.engine.standing import STANDING as RULES
from conformance.engine.standing import standing
from conformance.model.outcome import Outcome
from conformance.model.profile import Profile
from conformance.model.requirement import STANDING, Requirement
from conformance.model.scenario import Scenario, ToolCall
from conformance.model.transcript import (
    Exchange,
    Message,
    SentRequest,
    StepRecord,
    StreamEnd,
    Transcript,
    UpstreamCall,
)
from conformance.text.digest import text_of

PROFILE = msgspec.convert(
    {
        "profile": "small",
        "title": "Small",
        "operations": {
            "chat": {
                "request": {"method": "POST", "path": "/chat"},
                "stream": {"framing": "raw-text", "terminal": False},
            },
            "list_messages": {"request": {"method": "GET", "path": "/messages"}, "items": "$[*]"},
        },
        "policies": {"history": "whole"},
    },
    Profile,
)
LEDGER = {
    name: Requirement(id=name, level="MUST", sentence="this holds in every scenario", source=["O1"])
    for name in STANDING
}
WELL, SAME, OWN = STANDING


def message(role: str, text: str | None = "Hi", **more: Any) -> Message:
    return Message(role=role, text=None if text is None else text_of(text), **more)


def call(*messages: Message, **more: Any) -> UpstreamCall:
    return UpstreamCall(at=0.0, messages=list(messages), outcome="answered", **more)


def exchange(at: float, text: str | None = None, **more: Any) -> Exchange:
    fields: dict[str, Any] = {
        "operation": "chat",
        "request": SentRequest(method="POST", url="http://t/chat"),
        "started": at,
        "ended_at": at + 0.1,
        "ended": "clean",
        "status": 200,
        "text": None if text is None else text_of(text),
        "end": StreamEnd(),
        **more,
    }
    return Exchange(**fields)


def turn(index: int, text: str, answer: str | None = None, *prompt: Message, **more: Any) -> StepRecord:
    said = answer if answer is not None else text
    asked = call(*(prompt or (message("user"),)), answer=text_of(said))
    return StepRecord(
        index=str(index), action="chat", title="chat", exchanges=[exchange(index, text, **more)], calls=[asked]
    )


def listed(index: int, *messages: Message, body: str = "") -> StepRecord:
    seen = exchange(index, end=None, body=text_of(body))
    return StepRecord(index=str(index), action="list_messages", title="list", exchanges=[seen], messages=list(messages))


def played(steps: list[dict[str, Any]], *records: StepRecord, bindings: Any = None, **more: Any) -> Transcript:
    scenario = msgspec.convert({"id": "a/b", "title": "T", "steps": steps, **more}, Scenario)
    return Transcript(
        scenario=scenario,
        profile="small",
        target="http://t",
        seed=1,
        started="",
        records=list(records),
        bindings=bindings or {},
    )


def verdict(*args: Any, **more: Any) -> Outcome:
    return judge(played(*args, **more), PROFILE, LEDGER)


CHAT = {"chat": {"thread": "t", "say": "Hi"}}
LIST = {"list_messages": {"thread": "t"}}
TOOL = ToolCall(id="call_1", name="clock")


def test_every_standing_requirement_has_a_rule():
    assert tuple(RULES) == STANDING


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        ([message("human"), message("user")], 'the role "human"'),
        ([message("user"), message("system"), message("user")], "behind the beginning"),
        ([message("system"), message("system"), message("user")], "the same system message again"),
        ([message("user"), message("assistant", ""), message("user")], "an empty message of the assistant"),
        ([message("user"), message("assistant", None), message("user")], "an empty message of the assistant"),
        ([message("user"), message("assistant")], "ends with a message of the assistant"),
        ([message("user"), message("tool", tool_call_id="call_1")], "no call before it waits for one"),
        ([message("assistant", None, tool_calls=[TOOL]), message("user")], 'no result of "call_1"'),
        (
            [
                message("assistant", None, tool_calls=[TOOL]),
                message("tool", tool_call_id="call_1"),
                message("tool", tool_call_id="call_1"),
            ],
            "no call before it waits for one",
        ),
    ],
)
def test_a_prompt_that_strict_models_refuse(messages: list[Message], line: str):
    [found] = ill_formed(call(*messages))

    assert line in found


@pytest.mark.parametrize(
    "messages",
    [
        [message("system"), message("user"), message("user")],
        [message("user"), message("assistant", None, tool_calls=[TOOL]), message("tool", tool_call_id="call_1")],
        [message("user", " ")],
    ],
)
def test_a_prompt_that_strict_models_take(messages: list[Message]):
    assert list(ill_formed(call(*messages))) == []


def test_a_broken_rule_is_the_verdict_where_all_else_holds():
    outcome = verdict([CHAT], turn(1, "Hello", None, message("user", ""), message("user")))

    assert (outcome.kind, outcome.requirement, outcome.standing[WELL]) == ("failed", WELL, "failed")


def test_a_scenario_keeps_its_own_verdict_beside_a_broken_rule():
    asked = {**CHAT, "expect": {"text": "Goodbye"}}
    outcome = verdict([asked], turn(1, "Hello", None, message("user", ""), message("user")))

    assert (outcome.requirement, outcome.standing[WELL]) == ("a/b", "failed")


def test_a_streamed_text_that_the_model_did_not_say_fails():
    assert verdict([CHAT], turn(1, "Hell", "Hello")).requirement == SAME


def test_a_turn_that_broke_is_not_compared():
    broken = turn(1, "Hell", "Hello", end=StreamEnd(error="broke"))

    assert SAME not in standing(played([CHAT], broken), PROFILE)


def test_an_answer_that_is_not_listed_fails():
    outcome = verdict([CHAT, LIST], turn(1, "Hello"), listed(2, message("user"), message("assistant", "hello")))

    assert (outcome.requirement, outcome.differences[0].step) == (SAME, "2")


def test_an_answer_that_was_edited_is_not_looked_for():
    edit = {"update_message": {"thread": "t", "message": "m", "text": "x"}}
    edited = StepRecord(index="2", action="update_message", title="edit", exchanges=[exchange(2)])
    seen = played([CHAT, edit, LIST], turn(1, "Hello"), edited, listed(3, message("assistant", "x")))

    assert standing(seen, PROFILE)[SAME] == []


def test_an_answer_that_the_next_prompt_lacks_fails():
    second = turn(2, "Again", None, message("user"), message("assistant", "Hell"), message("user"))

    assert verdict([CHAT, CHAT], turn(1, "Hello"), second).requirement == SAME


def test_a_list_asked_for_while_a_turn_was_under_way_need_not_have_it():
    early = msgspec.structs.replace(listed(2), exchanges=[exchange(1, end=None)])

    assert standing(played([CHAT, LIST], turn(1, "Hello"), early), PROFILE)[SAME] == []


def test_calls_that_the_model_did_not_make_fail():
    made = turn(1, "Hello", end=StreamEnd(tool_calls=[TOOL, TOOL]))
    calls = [msgspec.structs.replace(one, tool_calls=[TOOL]) for one in made.calls or []]

    assert verdict([CHAT], msgspec.structs.replace(made, calls=calls)).requirement == SAME


def test_blanks_in_the_arguments_of_a_call_are_no_matter():
    shown = ToolCall(id="c", name="clock", arguments='{"a":1}')
    wrote = ToolCall(id="c", name="clock", arguments='{ "a": 1 }')
    made = turn(1, "Hello", end=StreamEnd(tool_calls=[shown]))
    calls = [msgspec.structs.replace(one, tool_calls=[wrote]) for one in made.calls or []]

    assert standing(played([CHAT], msgspec.structs.replace(made, calls=calls)), PROFILE)[SAME] == []


TWO = [
    {"chat": {"thread": "a", "say": "I am ${canary.a}"}},
    {"chat": {"thread": "b", "say": "I am ${canary.b}"}},
]
TOKENS = {"canary.a": "k123abc-gold-42", "canary.b": "k456def-jade-17"}


def test_a_token_of_another_thread_fails():
    seen = turn(2, "Hello", None, message("user", "I am k123abc-gold-42"), message("user"))

    assert verdict(TWO, turn(1, "Hello"), seen, bindings=TOKENS).requirement == OWN


def test_a_token_of_another_scenario_fails():
    assert verdict(TWO, turn(1, "You are k777777-blue-10"), bindings=TOKENS).requirement == OWN


def test_a_thread_may_show_its_own_token():
    seen = played(TWO, turn(1, "You are k123abc-gold-42"), bindings=TOKENS)

    assert standing(seen, PROFILE)[OWN] == []


def test_an_excused_rule_is_not_judged():
    seen = played(TWO, turn(1, "You are k456def-jade-17"), bindings=TOKENS, excused={OWN: "it is a copy"})

    assert OWN not in standing(seen, PROFILE)
