"""
Faults that missed, and turns that never met.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conformance.engine.preconditions import blocked, lapsed, ran_apart, unmet
from conformance.engine.support import indexed
from conformance.model.link import LinkSeen
from conformance.model.scenario import Scenario, Step
from conformance.model.transcript import Exchange, GateMark, SentRequest, StepRecord, Transcript, UpstreamCall


def scenario(*steps: dict[str, Any]) -> Scenario:
    return msgspec.convert({"id": "area/one", "title": "One", "steps": list(steps)}, Scenario)


def exchange(started: float, ended_at: float, ended: str = "clean") -> Exchange:
    request = SentRequest(method="POST", url="http://t/")
    return Exchange(operation="chat", request=request, started=started, ended_at=ended_at, ended=ended, status=200)  # type: ignore[arg-type]


def record(index: str, *exchanges: Exchange, **more: Any) -> StepRecord:
    return StepRecord(index=index, action="chat", title="chat", exchanges=list(exchanges), **more)


def transcript(of: Scenario, *records: StepRecord, loop_lag: float = 0.0) -> Transcript:
    fields: dict[str, Any] = {"profile": "p", "target": "", "seed": 0, "started": ""}
    return Transcript(scenario=of, records=list(records), loop_lag=loop_lag, **fields)


LEAVING = msgspec.convert({"chat": {"thread": "t", "say": "Hi", "leave": "first-text"}}, Step)
PAIR = scenario({"together": [{"chat": {"thread": "t", "say": "1"}}, {"chat": {"thread": "t", "say": "2"}}]})
HOLDING = scenario(
    {
        "chat": {"thread": "t", "say": "1", "model": {"hold": "first-token"}},
        "during": [{"chat": {"thread": "u", "say": "2"}}],
    }
)


def held_until(released: float) -> list[UpstreamCall]:
    gate = GateMark(gate="first-token", held_at=0.1, released_at=released, by="deadline")
    return [UpstreamCall(at=0.0, gates=[gate])]


def test_a_client_that_left_while_the_model_answered_has_tried_it():
    calls = [UpstreamCall(at=0.0, ended_at=2.0)]

    assert list(unmet(LEAVING, record("1", exchange(0, 1, "left"), calls=calls))) == []


def test_an_answer_that_ended_before_its_client_could_leave_shows_nothing():
    assert [one.witness for one in unmet(LEAVING, record("1", exchange(0, 1)))] == ["wire"]


def test_a_model_that_had_said_all_before_shows_nothing_either():
    calls = [UpstreamCall(at=0.0, ended_at=0.5)]

    assert [one.witness for one in unmet(LEAVING, record("1", exchange(0, 1, "left"), calls=calls))] == ["upstream"]


def test_a_fault_of_the_link_that_met_nothing_shows_nothing():
    step = msgspec.convert({"link": "mend"}, Step)
    missed = StepRecord(index="3", action="link", title="link", link=LinkSeen(did="mend", ended="cut-commit"))

    assert [one.reason for one in unmet(step, missed)] == ["step 3: cut-commit met no traffic between target and store"]


def test_one_that_met_something_was_tried():
    step = msgspec.convert({"link": "mend"}, Step)
    struck = LinkSeen(did="mend", ended="cut-commit", struck=1)

    assert list(unmet(step, StepRecord(index="3", action="link", title="link", link=struck))) == []


def test_requests_one_after_the_other_were_not_together():
    records = [record("1.1", exchange(0, 1)), record("1.2", exchange(1.5, 2))]

    assert len(list(ran_apart(dict(indexed(PAIR.steps)), records))) == 2


def test_requests_that_overlap_were():
    records = [record("1.1", exchange(0, 1)), record("1.2", exchange(0.5, 2))]

    assert list(ran_apart(dict(indexed(PAIR.steps)), records)) == []


def test_a_step_that_waits_for_the_held_turn_is_a_failure():
    seen = transcript(HOLDING, record("1.1", exchange(0.2, 10.4)), record("1", exchange(0, 10.5), calls=held_until(10)))

    assert [(one.check, one.step) for one in blocked(seen, dict(indexed(HOLDING.steps)))] == [("success", "1.1")]


@pytest.mark.parametrize(("asked", "waited"), [(10.1, True), (0.3, False)])
def test_a_held_turn_inside_that_asks_its_model_only_then_waits_as_well(asked: float, waited: bool):
    held = {"thread": "t", "say": "1", "model": {"hold": "first-token"}}
    nested = scenario({"chat": held, "during": [{"chat": {**held, "thread": "u"}, "during": [{"health": {}}]}]})
    calls = [UpstreamCall(at=asked, ended_at=10.4)]
    seen = transcript(
        nested, record("1.1", exchange(0.2, 10.4), calls=calls), record("1", exchange(0, 10.5), calls=held_until(10))
    )

    assert [one.step for one in blocked(seen, dict(indexed(nested.steps)))] == (["1.1"] if waited else [])


def test_one_that_began_just_before_the_gate_opened_is_not():
    seen = transcript(HOLDING, record("1.1", exchange(9.8, 10.4)), record("1", exchange(0, 10.5), calls=held_until(10)))

    assert list(blocked(seen, dict(indexed(HOLDING.steps)))) == []


def test_nor_where_we_were_late_ourselves():
    late = transcript(
        HOLDING, record("1.1", exchange(0.2, 10.4)), record("1", exchange(0, 10.5), calls=held_until(10)), loop_lag=3.0
    )

    assert list(blocked(late, dict(indexed(HOLDING.steps)))) == []


LIMITED = scenario(
    {"chat": {"thread": "t", "say": "1"}, "by": "dave", "expect": {"status": ["2xx", "limited"]}},
    {"chat": {"thread": "t", "say": "2"}, "by": "dave", "expect": {"error": "limited"}},
)


def limits(told: str, later: float, status: int = 200) -> tuple[str, str] | None:
    refused = msgspec.structs.replace(exchange(0, 1), status=429, headers={"Retry-After": told})
    then = msgspec.structs.replace(exchange(later, later + 1), status=status)
    return lapsed(transcript(LIMITED, record("1", refused), record("2", then)), dict(indexed(LIMITED.steps)))


def test_who_comes_again_when_the_limit_said_so_meets_no_limit():
    assert limits("2", 2.5) == ("2", "step 2: the limit refused nothing any more, as it had said by its Retry-After")


def test_who_comes_before_that_is_to_be_refused():
    assert limits("30", 2.5) is None


def test_a_refusal_is_no_news_whenever_it_comes():
    assert limits("2", 2.5, status=429) is None


def test_a_date_tells_no_seconds():
    assert limits("Wed, 21 Oct 2026 07:28:00 GMT", 2.5) is None


def test_a_refusal_that_says_come_at_once_lets_nobody_in():
    assert limits("0", 2.5) is None
