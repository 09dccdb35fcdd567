"""
Steps that do something to the target's process: asked for by an effect, and never of a process that is not ours.
"""

from typing import Any

import msgspec
import pytest

from conformance.engine.effects import Calls, Finish, Process, Send, Start, Started
from conformance.engine.judge import judge
from conformance.engine.play import play
from conformance.engine.support import own_process
from conformance.model.process import ProcessSeen
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, SentRequest, Transcript

PROFILE = msgspec.convert(
    {
        "profile": "small",
        "title": "Small",
        "operations": {
            "chat": {
                "request": {"method": "POST", "path": "/chat", "json": {"text": "${text}"}},
                "stream": {"framing": "raw-text", "terminal": False},
            },
            "health": {"request": {"method": "GET", "path": "/health"}},
        },
    },
    Profile,
)
HELD = {"chat": {"thread": "t", "say": "Hi", "model": {"answer": ["a", "b"], "hold": "last-token"}}}


def scenario(*steps: dict[str, Any]) -> Scenario:
    return msgspec.convert({"id": "area/one", "title": "One", "steps": list(steps)}, Scenario)


def well(ended: Any = "clean") -> Exchange:
    request = SentRequest(method="GET", url="http://t/health")
    return Exchange(operation="health", request=request, started=0.0, ended_at=0.1, ended=ended, status=200)


def played(one: Scenario, answers: dict[type[Any], Any]) -> tuple[list[Any], Transcript]:
    """
    The effects that were asked for, and the transcript.
    """
    playing, asked, answer = play(one, PROFILE, witnesses=frozenset({"upstream"})), [], None
    try:
        while True:
            asked.append(playing.send(answer))
            answer = answers[type(asked[-1])]
    except StopIteration as end:
        return asked, end.value


def test_a_restart_asks_for_its_zone_and_its_processes():
    one = scenario({"restart": {"zone": "Asia/Kolkata", "servers": 2}}, {"health": {}, "server": 2})

    asked, _ = played(one, {Process: ProcessSeen(did="restart"), Send: well()})

    assert asked[0] == Process("restart", zone="Asia/Kolkata", servers=2)
    assert asked[1].server == 2


def test_a_process_dies_while_the_model_is_held():
    one = scenario({**HELD, "during": [{"kill": {}}], "expect": {"stream": {"complete": False}}})
    answers = {Start: Started("k", held=True), Process: ProcessSeen(did="kill"), Finish: well("abrupt"), Calls: []}

    asked, _ = played(one, answers)

    assert [type(effect) for effect in asked[:3]] == [Start, Process, Finish]


def test_a_turn_that_was_not_held_was_not_killed_in_its_middle():
    one = scenario({**HELD, "during": [{"kill": {}}], "expect": {"stream": {"complete": False}}})
    answers = {Start: Started("k", held=False), Process: ProcessSeen(did="kill"), Finish: well("abrupt"), Calls: []}

    _, transcript = played(one, answers)

    assert judge(transcript, PROFILE, {}).kind == "inconclusive"


def test_a_process_that_does_not_start_again_fails():
    seen = ProcessSeen(did="restart", problem="the target did not start again: no such table")
    _, transcript = played(scenario({"restart": {}}), {Process: seen})

    outcome = judge(transcript, PROFILE, {})

    assert [one.lines for one in outcome.differences] == [["the target did not start again: no such table"]]


def test_a_process_that_is_not_ours_is_left_alone():
    with pytest.raises(StopIteration) as end:
        next(play(scenario({"kill": {}}), PROFILE, ours=False))

    reason = "kill: only a target that the harness started can be told so (give --target-cmd)"
    assert end.value.value.unsupported == reason


def test_a_scenario_with_such_a_step_wants_a_process_of_its_own():
    assert own_process(scenario({**HELD, "during": [{"kill": {}}]}))
    assert not own_process(scenario({"health": {}}))
