"""
What a turn adds to the server's own figures.
"""

from typing import Any

import msgspec
import pytest

from conformance.checks import examine
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.model.outcome import Difference
from conformance.model.profile import Operation, Profile
from conformance.model.scenario import Expect
from conformance.model.transcript import Exchange, StepRecord, Unseen

PROFILE = msgspec.convert({"profile": "small", "title": "Small"}, Profile)
FIELDS = {"turns": "$.turns_total", "seconds": "$.turn_seconds_sum"}
BEFORE = {"turns_total": 4.0, "turn_seconds_sum": 1.5}


def found(want: dict[str, Any], now: Any, fields: dict[str, str] = FIELDS) -> list[Finding]:
    request = {"method": "GET", "url": "http://t/metrics"}
    told = {
        "operation": "metrics",
        "request": request,
        "started": 0.0,
        "ended_at": 1.0,
        "ended": "clean",
        "status": 200,
    }
    exchange = msgspec.convert({**told, "value": now}, Exchange)
    operation = msgspec.convert({"request": {"method": "GET", "path": "/metrics"}, "fields": fields}, Operation)
    record = StepRecord(index="2", action="metrics", title="metrics", exchanges=[exchange])
    expect = msgspec.convert({"metrics": {"since": "${before.body}", **want}}, Expect)
    return examine(expect, Seen(record, PROFILE, operation, {"before.body": BEFORE}.__getitem__))


def said(want: dict[str, Any], now: Any) -> str:
    return "\n".join(line for one in found(want, now) if isinstance(one, Difference) for line in one.lines)


def test_what_was_added_is_what_was_expected():
    assert found({"turns": 2, "seconds": "300ms"}, {"turns_total": 6.0, "turn_seconds_sum": 1.9}) == []
    assert found({"turns": ">= 1"}, {"turns_total": 9.0}) == []


def test_a_series_that_was_not_there_before_had_counted_nothing():
    fields = {"tokens": "$['tokens_total{kind=\"completion\"}']"}

    assert found({"tokens": 3}, {'tokens_total{kind="completion"}': 3.0}, fields) == []
    assert "grown by 6" in str(found({"tokens": 3}, {'tokens_total{kind="completion"}': 6.0}, fields))


@pytest.mark.parametrize("turns", [5.0, 7.0, 6.5])
def test_another_number_of_turns_differs(turns: float):
    assert "expected 2" in said({"turns": 2}, {"turns_total": turns})


def test_a_big_figure_is_told_whole():
    assert "from 4 to 4942627;" in said({"turns": 2}, {"turns_total": 4942627.0})


def test_less_time_than_expected_differs():
    line = "$.turn_seconds_sum has grown by 0.1, from 1.5 to 1.6; expected at least 300ms"

    assert said({"seconds": "300ms"}, {"turn_seconds_sum": 1.6}) == line


@pytest.mark.parametrize("now", [None, {}, {"turns_total": "6"}])
def test_a_figure_that_is_not_there_differs(now: Any):
    assert "no number" in said({"turns": 2}, now)


def test_a_figure_that_the_profile_does_not_name_is_unseen():
    [one] = found({"turns": 2}, BEFORE, {})

    assert isinstance(one, Unseen)
