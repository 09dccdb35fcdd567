"""
Figures in Prometheus' text format.
"""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from conformance.text.prometheus import series


def test_what_the_client_library_writes_is_read():
    registry = CollectorRegistry()
    failures = Counter("failures", 'Of "all" {kinds}', ["kind"], registry=registry)
    failures.labels('a "b" \\ }\n,=').inc(3)
    Histogram("took_seconds", "How long", registry=registry, buckets=(1.0,)).observe(0.25)

    found = series(generate_latest(registry).decode())

    assert found is not None
    assert found["failures_total" + r'{kind="a \"b\" \\ }\n,="}'] == 3
    assert (found["took_seconds_count"], found["took_seconds_sum"]) == (1, 0.25)


def test_a_time_or_an_exemplar_behind_a_value_is_no_part_of_it():
    assert series('a_total 3 1700000000\nb_bucket{le="1"} 2 # {trace="x"} 0.5\n# EOF') == {
        "a_total": 3,
        'b_bucket{le="1"}': 2,
    }


def test_what_json_cannot_hold_is_left_out():
    assert series("a NaN\nb +Inf\nc -1e3\n") == {"c": -1000}


@pytest.mark.parametrize("text", ["{}", "<html>", "a", "a b", "1a 3", 'a{b="c} 1'])
def test_what_is_no_exposition_is_nothing(text: str):
    assert series(text) is None
