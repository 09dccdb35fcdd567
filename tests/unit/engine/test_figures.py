"""
Figures of a transcript, and reads whose lag is measured.
"""

from typing import Any

import msgspec

from conformance.engine.effects import Pause, Send
from conformance.engine.figures import figures_of
from conformance.engine.judge import judge
from conformance.engine.play import play
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, SentRequest, StepRecord, Transcript

PROFILE = msgspec.convert(
    {
        "profile": "small",
        "title": "Small",
        "operations": {
            "list_messages": {
                "request": {"method": "GET", "path": "/m"},
                "items": "$[*]",
                "fields": {"role": "$.role"},
            },
            "health": {"request": {"method": "GET", "path": "/health"}},
        },
        "targets": {"read": "200ms"},
    },
    Profile,
)
SHOULD = Requirement(id="area/one", level="SHOULD", sentence="it is quick enough", source=["x"])


def scenario(*steps: dict[str, Any]) -> Scenario:
    return msgspec.convert({"id": "area/one", "title": "One", "steps": list(steps)}, Scenario)


def took(seconds: float, value: Any = None) -> Exchange:
    return Exchange(
        operation="health",
        request=SentRequest(method="GET", url="http://t/"),
        started=0.0,
        ended_at=seconds,
        ended="clean",
        status=200,
        value=value,
    )


def transcript(*seconds: float, late: float = 0.0) -> Transcript:
    step = {"health": {}, "expect": {"timing": {"took": "< ${target.read}"}}}
    records = [
        StepRecord(index=str(place), action="health", title="health", exchanges=[took(one)])
        for place, one in enumerate(seconds, start=1)
    ]
    return Transcript(
        scenario=scenario(*[step] * len(seconds)),
        profile="small",
        target="http://t",
        seed=0,
        started="",
        records=records,
        bindings={"target.read": "200ms"},
        loop_lag=late,
    )


def test_of_several_steps_with_one_bound_the_worst_is_shown():
    [figure] = figures_of(transcript(0.1, 0.3, 0.2), PROFILE)

    assert (figure.value, figure.of, figure.held, figure.target) == (0.3, 3, False, "< 200ms")


def test_a_missed_should_is_a_deviation_with_its_figure():
    outcome = judge(transcript(0.3), PROFILE, {"area/one": SHOULD})

    assert (outcome.kind, [one.held for one in outcome.figures]) == ("deviation", [False])


def test_our_own_lateness_makes_it_inconclusive_and_the_figure_stays():
    outcome = judge(transcript(0.3, late=0.25), PROFILE, {"area/one": SHOULD})

    assert (outcome.kind, [one.held for one in outcome.figures]) == ("inconclusive", [None])


def test_the_profiles_targets_are_bound_where_a_scenario_names_them():
    playing = play(scenario({"health": {}, "expect": {"timing": {"took": "< ${target.read}"}}}), PROFILE)
    next(playing)

    assert ended(playing, took(0.1)).bindings["target.read"] == "200ms"


def test_a_read_whose_lag_is_measured_is_repeated_until_it_holds():
    step = {"list_messages": {"thread": "t"}, "expect": {"count": 1, "timing": {"lag": "< 100ms"}}}
    playing = play(scenario(step), PROFILE)

    assert isinstance(next(playing), Send)
    assert isinstance(playing.send(took(0.01, [])), Pause)
    assert isinstance(playing.send(1.0), Send)
    assert isinstance(playing.send(took(0.01, [{"role": "user"}])), Pause)
    record = ended(playing, 1.5).records[0]
    assert (record.attempts, round(record.lag, 2)) == (2, 0.52)


def test_a_slow_read_is_not_repeated_until_it_is_fast():
    slow = msgspec.structs.replace(PROFILE, settle="5s")
    step = {"list_messages": {"thread": "t"}, "expect": {"count": 0, "timing": {"took": "< 50ms"}}}
    playing = play(scenario(step), slow)
    next(playing)

    assert ended(playing, took(9.0, [])).records[0].attempts == 1


def ended(playing: Any, observation: Any) -> Transcript:
    """
    The transcript of a play that ends with this observation, whatever it looks at afterwards.
    """
    try:
        while True:
            asked = playing.send(observation)
            observation = 0.0 if isinstance(asked, Pause) else took(0.0, [])
    except StopIteration as end:
        transcript: Transcript = end.value
        return transcript
