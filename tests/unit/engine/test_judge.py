"""
Verdicts of recorded transcripts, without a server.
"""

from typing import Any

import msgspec
import pytest

from conformance.engine.judge import judge
from conformance.model.outcome import Outcome
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement, SuspectDefect
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, Message, SentRequest, StepRecord, StreamEnd, Transcript, Unseen
from conformance.text.digest import text_of

PROFILE = msgspec.convert(
    {
        "profile": "small",
        "title": "Small",
        "operations": {
            "chat": {
                "request": {"method": "POST", "path": "/chat"},
                "stream": {"framing": "raw-text", "terminal": False},
            }
        },
    },
    Profile,
)
LEDGER = {
    "recall/first": Requirement(
        id="recall/first",
        level="MUST",
        sentence="the second prompt carries the whole first turn",
        source=["seed 000 test 2"],
        defects=[SuspectDefect(id="no-history-sent", report="langgenius/dify#9130")],
    ),
    "titles/short": Requirement(id="titles/short", level="SHOULD", sentence="a title is short", source=["C-45"]),
}


def transcript(expect: dict[str, Any], *, of: str = "recall/first", text: str = "Hello", **more: Any) -> Transcript:
    scenario = msgspec.convert(
        {
            "id": "recall/one",
            "title": "One",
            "requirement": of,
            "steps": [{"chat": {"thread": "t", "say": "Hi"}, "expect": expect}],
        },
        Scenario,
    )
    exchange = Exchange(
        operation="chat",
        request=SentRequest(method="POST", url="http://t/chat"),
        started=0.0,
        ended_at=0.1,
        ended="clean",
        status=200,
        text=text_of(text),
        end=StreamEnd(),
    )
    record = StepRecord(index="1", action="chat", title='chat "Hi"', exchanges=[exchange], calls=[])
    fields = {"records": [record], "bindings": {"t": "t-1"}, **more}
    return Transcript(scenario=scenario, profile="small", target="http://t", seed=7, started="", **fields)


def judged(*args: Any, **more: Any) -> Outcome:
    return judge(transcript(*args, **more), PROFILE, LEDGER)


def test_all_that_was_expected_and_seen_is_passed():
    assert judged({"text": "Hello"}).kind == "passed"


def test_a_must_that_does_not_hold_is_failed():
    outcome = judged({"text": "Bye"})

    assert (outcome.kind, outcome.requirement, outcome.level) == ("failed", "recall/first", "MUST")


def test_a_should_that_does_not_hold_is_a_deviation():
    assert judged({"text": "Bye"}, of="titles/short").kind == "deviation"


def test_all_differences_are_listed_not_only_the_first():
    assert [one.check for one in judged({"status": 201, "text": "Bye"}).differences] == ["status", "text"]


def test_a_failure_names_its_suspects():
    assert [one.id for one in judged({"text": "Bye"}).suspects] == ["no-history-sent"]


def test_a_pass_names_none():
    assert judged({"text": "Hello"}).suspects == []


def test_a_failure_names_the_command_that_repeats_it():
    assert judged({"text": "Bye"}).again == "threadgauge run http://t --profile small --select recall/one --seed 7"


def test_what_was_not_seen_is_inconclusive_never_green():
    unseen = [Unseen(witness="upstream", reason="no witness")]
    seen = transcript({"prompt": [{"role": "user"}]})
    blind = msgspec.structs.replace(seen, records=[msgspec.structs.replace(seen.records[0], unseen=unseen, calls=None)])

    outcome = judge(blind, PROFILE, LEDGER)

    assert (outcome.kind, outcome.reason) == ("inconclusive", "no witness")


def test_a_difference_beside_something_unseen_is_a_failure():
    unseen = [Unseen(witness="upstream", reason="no witness")]
    seen = transcript({"prompt": [{"role": "user"}], "text": "Bye"})
    blind = msgspec.structs.replace(seen, records=[msgspec.structs.replace(seen.records[0], unseen=unseen, calls=None)])

    assert judge(blind, PROFILE, LEDGER).kind == "failed"


@pytest.mark.parametrize(
    ("field", "kind"), [("trouble", "error"), ("unsupported", "unsupported"), ("prevented", "inconclusive")]
)
def test_what_was_not_played_has_its_reason(field: str, kind: str):
    outcome = judged({"text": "Bye"}, **{field: "because"})

    assert (outcome.kind, outcome.reason) == (kind, "because")


def test_turns_that_did_not_overlap_show_nothing():
    seen = transcript({"text": "Hello"})
    missed = msgspec.structs.replace(seen, records=[msgspec.structs.replace(seen.records[0], met=False)])

    assert judge(missed, PROFILE, LEDGER).reason == "step 1: the turns did not overlap"


def test_a_look_afterwards_is_shown_and_not_judged():
    seen = transcript({"text": "Bye"})
    listed = StepRecord(
        index="after",
        action="list_messages",
        title="list t",
        messages=[Message(role="user", text=text_of("Hi")), Message(role="assistant", text=text_of("Hello"))],
    )

    outcome = judge(msgspec.structs.replace(seen, records=[*seen.records, listed]), PROFILE, LEDGER)

    assert outcome.also == "the store was not looked at, and the answer is listed by the API"
    assert outcome.steps == {"1": 'chat "Hi"'}


def test_a_scenario_of_ones_own_brings_its_own_sentence():
    own = transcript({"text": "Bye"}, of="mine/own")

    outcome = judge(own, PROFILE, {})

    assert (outcome.requirement, outcome.sentence, outcome.level) == ("mine/own", "One", "MUST")


def test_a_transcript_survives_its_journey_to_disk():
    seen = transcript({"text": "Hello"})

    assert msgspec.json.decode(msgspec.json.encode(seen), type=Transcript) == seen
