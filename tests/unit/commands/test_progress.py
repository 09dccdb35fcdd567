"""
What is shown while a run is under way: enough to know how it stands, and no flood.
"""

from __future__ import annotations

import io
import time

import msgspec
import pytest

from conformance.commands.counting import SHOWN, Counting, told
from conformance.commands.progress import NAMED, Progress
from conformance.driver.desk import Target
from conformance.driver.http import Wire
from conformance.driver.scheduling import Case
from conformance.loading.profiles import load_profile
from conformance.model.scenario import Scenario
from conformance.text.redaction import Redactor
from tests.unit.reporting.sample import exchange, failure, outcome

TARGET = Target(load_profile("anita"), Wire("http://127.0.0.1:1"))


def case(name: str, **more) -> Case:
    step = {"chat": {"thread": "t", "say": "Hi"}}
    return Case(msgspec.convert({"id": name, "title": name, "steps": [step], **more}, Scenario), {}, TARGET)


def cases(count: int) -> list[Case]:
    return [case(f"a/{number}") for number in range(count)]


def lines(*outcomes, **settings) -> list[str]:
    """
    What a run with these outcomes says to a log.
    """
    stream = io.StringIO()
    chosen = cases(len(outcomes))
    with Progress(stream, **settings) as progress:
        progress.start(chosen)
        for one, seen in zip(chosen, outcomes, strict=True):
            progress.begun(one)
            progress.done(one, seen)
    return stream.getvalue().splitlines()


def test_a_log_gets_a_line_at_the_start_and_one_per_quarter():
    said = lines(*[outcome()] * 100)

    assert said[0] == "playing 100 scenarios ..."
    assert [line.partition(":")[0] for line in said[1:]] == ["25 of 100", "50 of 100", "75 of 100", "100 of 100"]


def test_a_failure_is_told_when_it_happens_with_its_first_reason():
    said = lines(failure(), outcome(), outcome(), outcome())

    assert said[1].startswith(
        "failed anita recall/first-turn-reaches-the-model: prompt (sent to the model) has 1 message"
    )
    assert said[2].startswith("1 of 4: 1 failed")


def test_a_server_that_fails_at_everything_makes_no_flood():
    said = lines(*[failure()] * 500)

    assert sum(line.startswith("failed ") for line in said) == NAMED
    assert len(said) < NAMED + 10


def test_nothing_is_said_where_quiet_was_asked_for():
    assert lines(failure(), outcome(), quiet=True) == []


def test_no_scenario_at_all_is_no_trouble():
    assert lines() == ["playing 0 scenarios ..."]


def test_what_is_streamed_holds_no_secret():
    stream = io.StringIO()
    progress = Progress(stream, quiet=True, verbose=True, redactor=Redactor(["s3cr3t-of-mine"]))
    progress.seen(case("a/b"), exchange("my word is s3cr3t-of-mine", "I keep s3cr3t-of-mine"))

    assert "s3cr3t-of-mine" not in stream.getvalue()
    assert "[redacted]" in stream.getvalue()


def test_an_exchange_is_two_lines_that_name_the_scenario():
    asked, answered = told(case("a/b"), exchange("Hi", "Hello"), str)

    assert asked.startswith("anita a/b > POST ")
    assert answered.startswith("anita a/b < 200 ")
    assert answered.endswith('"Hello"')


@pytest.mark.parametrize("before", [0, SHOWN - 12])
def test_a_secret_is_taken_out_before_a_body_is_shortened_and_escaped(before: int):
    secret = 'k7"violet\\42-and-the-rest'
    _, answered = told(case("a/b"), exchange("Hi", "x" * before + secret), Redactor([secret]).text)

    assert answered.endswith(f'"{"x" * before}[redacted]"')


def test_an_answer_that_never_came_is_said():
    lost = msgspec.structs.replace(exchange("Hi", ""), status=None, ended="refused", trouble="ECONNREFUSED")

    assert "< refused after" in list(told(case("a/b"), lost, str))[1]


def test_the_rest_is_estimated_by_the_work_that_is_done():
    counting = Counting()
    many = cases(10)
    counting.start(many, now=100.0)
    unknown = counting.rest(now=101.0)
    for one in many[:5]:
        counting.begun(one, 101.0)
        counting.ended(one, "passed")

    assert unknown is None
    assert counting.rest(now=104.0) == pytest.approx(4.0)


def test_what_the_profile_takes_away_is_no_work():
    counting = Counting()
    idle = [case(f"b/{number}", needs=["windows"]) for number in range(90)]
    many = [*cases(10), *idle]
    counting.start(many, now=0.0)
    for one in [*many[:5], *idle]:
        counting.ended(one, "passed")

    assert counting.rest(now=3.0) == pytest.approx(3.0)


def test_the_longest_under_way_are_named():
    counting = Counting()
    first, second = cases(2)
    counting.start([first, second], now=0.0)
    counting.begun(second, 1.0)
    counting.begun(first, 0.5)

    assert counting.longest(now=3.5, most=1) == ["anita a/0 (3 s)"]


def test_a_line_costs_next_to_nothing():
    """
    A run plays some 30 scenarios a second, on one thread with all else: a millisecond each would be seen.
    """
    began = time.process_time()
    lines(*[outcome()] * 2000)

    assert (time.process_time() - began) / 2000 < 0.001
