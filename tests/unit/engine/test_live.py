"""
What is judged where a real model answers, and what is not.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conformance.engine.judge import judge
from conformance.engine.live import turns_of
from conformance.loading.profiles import load_profile
from conformance.model.outcome import Outcome
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, Message, StepRecord, Transcript
from conformance.text.digest import text_of
from tests.unit.reporting.sample import exchange

PROFILE = load_profile("anita")
CHAT = {"chat": {"thread": "t", "say": "What is my name?"}}
ANSWER = "You did not say."


def scenario(*steps: dict[str, Any], **more: Any) -> Scenario:
    return msgspec.convert({"id": "a/b", "title": "A title", "steps": list(steps), **more}, Scenario)


def turn(index: str, answer: str = ANSWER, **changes: Any) -> StepRecord:
    ended: Exchange = msgspec.structs.replace(exchange("What is my name?", answer), **changes)
    return StepRecord(index=index, action="chat", title="chat", exchanges=[ended])


def listed(index: str, answer: str) -> StepRecord:
    messages = [Message(role="user", text=text_of("What is my name?")), Message(role="assistant", text=text_of(answer))]
    got = msgspec.structs.replace(exchange("", ""), operation="list_messages", text=None, end=None)
    return StepRecord(index=index, action="list_messages", title="list", exchanges=[got], messages=messages)


def verdict(played: Scenario, *records: StepRecord, live: bool = True) -> Outcome:
    transcript = Transcript(
        scenario=played,
        profile="anita",
        target="http://127.0.0.1:1",
        seed=1,
        started="",
        bindings={"t": "t-1", "canary": "k000001-blue-11"},
        records=list(records),
        live=live,
    )
    return judge(transcript, PROFILE, {})


@pytest.mark.parametrize("text", ["Alice", {"contains": "Alice"}, {"lacks": "Bob"}, {"matches": "^You"}])
def test_a_model_s_words_are_never_judged_whether_they_hold_or_not(text: Any):
    found = verdict(scenario({**CHAT, "expect": {"text": text}}), turn("1"))

    assert (found.kind, found.differences) == ("inconclusive", [])
    assert "what a real model says is not known" in str(found.reason)


def test_without_a_real_model_they_are():
    words = scenario({**CHAT, "expect": {"text": {"contains": "Alice"}}})

    assert verdict(words, turn("1"), live=False).kind == "failed"


def test_a_random_word_of_ours_in_an_answer_is_evidence():
    words = scenario({**CHAT, "expect": {"text": {"contains": "${canary}"}}})

    assert verdict(words, turn("1", "You are k000001-blue-11.")).kind == "passed"
    assert verdict(words, turn("1", "I cannot know.")).kind == "inconclusive"


def test_that_there_is_an_answer_and_that_it_is_the_same_again_is_known():
    some = scenario({**CHAT, "expect": {"text": {"not": ""}}})
    same = scenario({**CHAT, "as": "first"}, {**CHAT, "expect": {"text": "${first.text}"}})

    assert verdict(some, turn("1")).kind == "passed"
    assert verdict(same, turn("1"), turn("2")).kind == "passed"
    assert verdict(same, turn("1"), turn("2", "Another one.")).kind == "failed"


def test_what_a_model_has_said_is_not_judged_in_a_list_and_that_it_is_there_is():
    expected = [{"role": "user"}, {"role": "assistant", "text": {"contains": "Alice"}}]
    played = scenario(CHAT, {"list_messages": {"thread": "t"}, "expect": {"messages": expected}})
    short = scenario(CHAT, {"list_messages": {"thread": "t"}, "expect": {"messages": [*expected, {"role": "user"}]}})

    assert verdict(played, turn("1"), listed("2", ANSWER)).kind == "inconclusive"
    assert verdict(short, turn("1"), listed("2", ANSWER)).kind == "failed"


def test_the_haste_of_a_model_is_not_the_target_s():
    played = scenario({**CHAT, "expect": {"timing": {"first_text": "< 1ms"}}})

    assert "how fast a real model answers" in str(verdict(played, turn("1")).reason)


def test_a_model_that_fails_makes_nothing_red():
    busy = turn("1", "", status=503)

    assert verdict(scenario(CHAT), busy).kind == "inconclusive"
    assert verdict(scenario(CHAT), busy, live=False).kind == "failed"
    assert verdict(scenario(CHAT), turn("1", "", status=500)).kind == "failed"


@pytest.mark.parametrize(
    ("steps", "turns"),
    [
        ([CHAT, CHAT, {"list_messages": {"thread": "t"}}], 2),
        ([{"together": [CHAT, CHAT, CHAT]}], 3),
        ([CHAT, {"fill": {"thread": "t", "to": "${n}"}}], 11),
        ([{"call": "GET /health"}, {"call": "POST /chat"}], 1),
        ([{"create_thread": {"thread": "t"}}, {"share_thread": {"thread": "t"}}, CHAT], 0),
        ([{"chat": {"thread": "t", "say": "Hi", "model": {"chunks": 1}}}], 0),
    ],
)
def test_turns_are_counted_before_they_cost_anything(steps: list[dict[str, Any]], turns: int):
    assert turns_of(scenario(*steps), PROFILE, {"n": 20}, frozenset({"store"})) == turns


def test_what_failed_before_the_model_did_has_failed():
    steps = scenario(CHAT, {"list_messages": {"thread": "t"}, "expect": {"count": 3}}, CHAT)
    found = verdict(steps, turn("1"), listed("2", ANSWER), turn("3", status=502))

    assert (found.kind, [one.step for one in found.differences]) == ("failed", ["2"])


def test_what_failed_before_a_limit_had_lapsed_has_failed():
    limited = {**CHAT, "expect": {"error": "limited"}}
    steps = scenario({"list_messages": {"thread": "t"}, "expect": {"count": 3}}, limited, limited)
    refused = turn("2", status=429, headers={"Retry-After": "1"})
    found = verdict(steps, listed("1", ANSWER), refused, turn("3", started=5.0), live=False)

    assert found.kind == "failed"
    assert {"1"} <= {one.step for one in found.differences} <= {"1", "2"}
