"""
What two transcripts are compared by: what was seen, without ids, times and ports.
"""

from __future__ import annotations

import pytest

from conformance.engine.afterwards import AFTER
from conformance.engine.observed import contrast, durations, facts, slowness
from conformance.engine.sameness import END
from conformance.model.scenario import Scenario
from conformance.model.transcript import Arrival, Exchange, Message, SentRequest, StepRecord, Thread, Transcript
from conformance.text.digest import text_of

SCENARIO = Scenario(id="storage/one", title="One", steps=[])


def exchange(**changes) -> Exchange:
    usual = {
        "operation": "chat",
        "request": SentRequest(method="POST", url="http://127.0.0.1:8000/chat"),
        "started": 0.1,
        "ended_at": 0.2,
        "ended": "clean",
        "status": 200,
        "arrivals": [Arrival(at=0.15, size=5)],
        "arrival_count": 1,
    }
    return Exchange(**(usual | changes))


def transcript(*records: StepRecord, **changes) -> Transcript:
    usual = {"scenario": SCENARIO, "profile": "anita", "target": "http://127.0.0.1:8000", "seed": 1, "started": "now"}
    return Transcript(**(usual | changes), records=list(records))


def step(index: str = "1", **changes) -> StepRecord:
    return StepRecord(index=index, action="chat", title='chat "Hello"', **changes)


def saying(*words: str) -> Transcript:
    return transcript(step(messages=[Message(role="user", text=text_of(one)) for one in words]))


def difference(healthy: Transcript, broken: Transcript, again: Transcript | None = None):
    return contrast(facts(healthy), facts(again or healthy), facts(broken))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("thread 0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "thread ffffffff-0a1b-0a1b-0a1b-0a1b2c3d4e5f"),
        ("msg_0a1b2c3d4e5f60718293 was", "msg_ffffffffffffffff0000 was"),
        ("at 2026-11-21T11:49:43.998746+00:00", "at 2026-11-22T01:02:03.456789+00:00"),
        ("at 1763725783", "at 1763725999.25"),
        ("at 1763725783123", "at 1763725999456"),
        ("http://127.0.0.1:39425/anita", "http://127.0.0.1:8000/anita"),
    ],
)
def test_what_differs_from_run_to_run_is_masked(one: str, other: str):
    assert one != other
    assert difference(saying(one), saying(other)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("at 2026-11-21T11:49:43+00:00", "at 2026-11-21T11:49:43Z"),
        ("at 1763725783", "at 1763725783123"),
        ("at 1763725783", "at 2026-11-21T11:49:43Z"),
        ("k7-violet-42", "k7-violet-43"),
        ("thread_0a1b2c3d4e5f60718293", "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f and"),
    ],
)
def test_the_shape_of_a_time_and_our_own_words_are_not(one: str, other: str):
    assert difference(saying(one), saying(other)) is not None


def test_two_ids_that_should_differ_are_told_from_one_that_came_twice():
    a, b = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "1a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
    two = transcript(step(messages=[Message(role="user", id=a), Message(role="assistant", id=b)]))
    same = transcript(step(messages=[Message(role="user", id=a), Message(role="assistant", id=a)]))

    found = difference(two, same)

    assert found is not None
    assert (found.at, found.healthy, found.broken) == ("messages[1].id", '"<id 2>"', '"<id 1>"')


def test_the_first_difference_is_told_with_its_place_and_both_values():
    healthy = transcript(step(), step("2", exchanges=[exchange()]), step("3", exchanges=[exchange()]))
    broken = transcript(
        step(), step("2", exchanges=[exchange(status=500)]), step("3", exchanges=[exchange(status=404)])
    )

    found = difference(healthy, broken)

    assert found is not None
    assert (found.step, found.at, found.healthy, found.broken) == ("2", "exchanges[0].status", "200", "500")


def test_what_only_one_of_them_has_is_a_difference():
    found = difference(saying("Hello"), saying("Hello", "Hello"))

    assert found is not None
    assert (found.at, found.healthy, found.broken) == ("messages.length", "1", "2")


def test_a_step_that_was_never_reached_is_a_difference():
    found = difference(transcript(step(), step("2", exchanges=[exchange()])), transcript(step()))

    assert found is not None
    assert (found.step, found.broken) == ("2", "nothing")


def test_the_look_after_a_failure_is_no_evidence():
    looked = transcript(step(), step(AFTER, exchanges=[exchange(operation="list_messages")]))

    assert difference(transcript(step()), looked) is None
    assert durations(looked) == durations(transcript(step()))


def test_the_last_look_is_evidence_where_both_had_it():
    looked = step(END, messages=[Message(role="user", text=text_of("Hello"))])

    assert difference(transcript(step(), looked), transcript(step())) is None
    assert difference(transcript(step(), looked), transcript(step(), step(END, messages=[]))) is not None


def test_how_long_to_wait_is_compared_by_whether_there_is_a_wait():
    def waits(seconds: str) -> Transcript:
        return transcript(step(exchanges=[exchange(headers={"retry-after": seconds})]))

    assert difference(waits("37"), waits("5"), waits("36")) is None
    assert difference(waits("37"), waits("0"), waits("36")) is not None


def test_a_place_where_two_healthy_plays_differ_is_no_evidence():
    assert difference(saying("one"), saying("two"), again=saying("three")) is None


def test_what_the_list_of_all_threads_holds_of_others_is_not_compared():
    def listed(body: str) -> Transcript:
        mine = Thread(id="tg1-t", title="Mine")
        return transcript(step(exchanges=[exchange(body=text_of(body), value=[body])], threads=[mine]))

    assert difference(listed("mine"), listed("mine and another's")) is None


def test_a_time_that_changed_is_told_from_one_that_did_not():
    def read(*times: str) -> Transcript:
        threads = [Thread(id="t", created_at=one) for one in times]
        return transcript(*(step(str(number), thread=one) for number, one in enumerate(threads)))

    one, other = "2026-11-21T11:49:43.998746+00:00", "2026-11-21T11:49:44.123456+00:00"
    found = difference(read(one, one), read(one, other))

    assert found is not None
    assert (found.healthy, found.broken) == ('"<time 1>+00:00"', '"<time 2>+00:00"')


def test_that_a_list_has_more_is_compared_and_what_others_put_into_it_is_not():
    def listed(more: bool, count: int) -> Transcript:
        value = {"data": [{"id": "x"}] * count, "total": count, "has_more": more}
        return transcript(step(exchanges=[exchange(operation="list_threads", value=value)], threads=[]))

    assert difference(listed(True, 2), listed(True, 5)) is None
    assert difference(listed(True, 2), listed(False, 2)) is not None


def test_threads_of_others_are_not_compared():
    def listed(*names: str) -> Transcript:
        return transcript(step(threads=[Thread(id=one) for one in names]), bindings={"t": "tg1-t", "u": "tg1-u"})

    assert difference(listed("tg1-t", "tg2-t"), listed("tg3-t", "tg1-t")) is None
    assert difference(listed("tg1-t", "tg1-u"), listed("tg1-t")) is not None


def test_figures_are_compared_by_how_far_they_went():
    def counted(*values: float) -> Transcript:
        looks = [exchange(operation="metrics", value={"turns_total": one}) for one in values]
        return transcript(*(step(str(number), exchanges=[one]) for number, one in enumerate(looks)))

    assert difference(counted(3, 4), counted(17, 18)) is None
    found = difference(counted(3, 4), counted(17, 17))

    assert found is not None
    assert (found.at, found.healthy, found.broken) == ("metrics.turns_total", "+1.0", "+0.0")


def test_what_is_there_each_time_with_another_value_is_missed_when_it_is_not():
    found = difference(saying("one", "two"), saying("one"), again=saying("one", "three"))

    assert found is not None
    assert found.broken == "1"


def test_a_title_that_differs_is_seen():
    def titled(title: str) -> Transcript:
        return transcript(step(thread=Thread(id="tg1-t", title=title)))

    assert difference(titled("Hello"), titled("New chat")) is not None


def test_a_long_value_is_told_short_and_compared_whole():
    found = difference(saying("x" * 5000 + "a"), saying("x" * 5000 + "b"))

    assert found is not None
    assert len(found.broken) < 200
    assert found.healthy != found.broken


def test_an_answer_that_came_in_one_piece_is_told_from_one_in_several():
    def read(times: int) -> Transcript:
        return transcript(step(exchanges=[exchange(arrival_count=times)]))

    assert difference(read(4), read(9)) is None
    assert difference(read(4), read(1)) is not None


def slower(healthy: float, again: float, broken: float):
    lengths = [
        durations(transcript(step(exchanges=[exchange(started=1.0, ended_at=1.0 + one)])))
        for one in (healthy, again, broken)
    ]
    return slowness(*lengths)


def test_a_step_that_took_far_longer_is_a_difference_of_time():
    found = slower(0.01, 0.02, 1.5)

    assert found is not None
    assert (found.at, found.healthy, found.broken) == ("exchanges[0] ended after", "0.0 s", "1.5 s")


@pytest.mark.parametrize(("healthy", "again", "broken"), [(0.01, 0.02, 0.09), (0.5, 0.6, 1.2), (0.01, 1.4, 1.5)])
def test_a_step_that_a_busy_machine_explains_is_none(healthy: float, again: float, broken: float):
    assert slower(healthy, again, broken) is None
