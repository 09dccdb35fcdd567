"""
Which quirks go together, and what is an alarm.
"""

import pytest

from conformance.commands.oddities import combinations, compatible, declared
from conformance.commands.quirks import trial
from conformance.loading.profiles import load_profile
from conformance.model.quirk import Quirk
from tests.unit.reporting.sample import outcome


def quirk(name: str, group: str | None = None, **profile) -> Quirk:
    dialects = ["anita", "guide"]
    return Quirk(
        id=name,
        group=group or name,
        dialects=dialects,
        source="",
        sentence="",
        profile=dict.fromkeys(dialects, profile) if profile else {},
    )


CRLF, CR = quirk("crlf", "ends"), quirk("cr", "ends")
HIDES = quirk("hides", policies={"foreign_thread": "forbidden"})
SAYS = quirk("says", policies={"foreign_thread": "missing"})
PACKS = quirk("packs")


def test_two_of_a_group_exclude_each_other():
    assert not compatible(CRLF, [CR], "anita")


def test_two_that_declare_the_same_key_exclude_each_other():
    assert not compatible(HIDES, [SAYS], "anita")
    assert compatible(HIDES, [CRLF, PACKS], "anita")


def test_a_quirk_is_in_its_dialects_only():
    assert not compatible(PACKS, [], "assistants")


def test_a_declaration_is_merged_into_the_profile():
    profile = declared(load_profile("anita"), [HIDES])

    assert profile.policies["foreign_thread"] == "forbidden"
    assert profile.policies["history"] == "whole"


def test_combinations_are_repeated_by_their_seed():
    every = [CRLF, CR, HIDES, SAYS, PACKS, quirk("a"), quirk("b"), quirk("c")]
    first, again = combinations(every, ["anita"], 5, 7), combinations(every, ["anita"], 5, 7)

    assert first == again
    assert all(len({one.group for one in some}) == len(some) >= 3 for some in first)


@pytest.mark.parametrize(
    ("healthy", "odd", "verdict"),
    [
        ("passed", "passed", "green"),
        ("passed", "failed", "false alarm"),
        ("passed", "inconclusive", "false alarm"),
        ("passed", "unsupported", "false alarm"),
        ("passed", "error", "false alarm"),
        ("inconclusive", "inconclusive", "green"),
        ("inconclusive", "passed", "green"),
        ("unsupported", "passed", "green"),
        ("unsupported", "failed", "false alarm"),
    ],
)
def test_an_alarm_is_what_is_judged_worse_than_the_healthy_server(healthy: str, odd: str, verdict: str):
    found = trial([PACKS], "anita", {"a/b": outcome(kind=healthy)}, {"a/b": outcome(kind=odd)})

    assert found.verdict == verdict


def test_what_a_declaration_takes_away_is_no_alarm():
    found = trial([HIDES], "anita", {"a/b": outcome(kind="passed")}, {"a/b": outcome(kind="unsupported")})

    assert (found.verdict, found.undeclared) == ("green", 1)


def test_a_declaration_excuses_no_failure():
    found = trial([HIDES], "anita", {"a/b": outcome(kind="passed")}, {"a/b": outcome(kind="failed")})

    assert found.verdict == "false alarm"
