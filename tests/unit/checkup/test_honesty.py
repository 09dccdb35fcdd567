"""
Which scenario shows a capability, and what its outcome says of the profile.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conformance.checkup.finding import Finding
from conformance.checkup.honesty import declaring, found, once, probe_of, unplayed
from conformance.model.outcome import Difference, Kind, Outcome
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario

PROFILE = msgspec.convert(
    {
        "profile": "shop",
        "title": "Shop",
        "operations": {"chat": {"request": {"method": "POST", "path": "/chat"}, "text": "$.text"}},
        "capabilities": ["metadata"],
    },
    Profile,
)
SAY: dict[str, Any] = {"chat": {"thread": "t", "say": "Hi"}}
NOBODY: frozenset[str] = frozenset()


def scenario(name: str, *needs: str, steps: int = 1, step: dict[str, Any] = SAY) -> Scenario:
    value = {"id": name, "title": name, "needs": list(needs), "steps": [step] * steps}
    return msgspec.convert(value, Scenario)


def probe(*scenarios: Scenario, capability: str = "titles") -> str | None:
    chosen = probe_of(capability, scenarios, PROFILE, NOBODY, NOBODY)
    return chosen.id if chosen is not None else None


def outcome(kind: Kind) -> Outcome:
    wrong = Difference(check="text", step="1", at="text", witness="wire", lines=["text differs"])
    return Outcome(
        kind=kind,
        scenario="a/b",
        name="a/b",
        title="",
        profile="shop",
        requirement="a/b",
        level="MUST",
        sentence="",
        area="a",
        differences=[wrong] if kind == "failed" else [],
        steps={},
        duration=0.0,
        lag=0.0,
        again="",
    )


def test_the_smallest_scenario_is_the_probe():
    assert probe(scenario("a/long", "titles", steps=3), scenario("a/short", "titles")) == "a/short"


def test_a_scenario_that_needs_more_than_there_is_is_no_probe():
    assert probe(scenario("a/more", "titles", "pages"), scenario("a/witness", "titles", "upstream")) is None


def test_a_scenario_that_takes_long_is_no_probe():
    fill = {"fill": {"thread": "t", "to": 400}}

    assert probe(scenario("a/filled", "titles", step=fill)) is None


def test_where_a_refusal_tells_nothing_nothing_is_suggested():
    raw = {"call": "GET /nothing"}

    assert probe(scenario("a/raw", "titles", step=raw)) is None
    assert probe(scenario("a/raw", "metadata", step=raw), capability="metadata") == "a/raw"


@pytest.mark.parametrize(
    ("kind", "declared", "states"),
    [
        ("passed", True, ["ok"]),
        ("passed", False, ["undeclared"]),
        ("failed", True, ["wrong"]),
        ("failed", False, []),
        ("inconclusive", True, ["not seen"]),
        ("inconclusive", False, []),
    ],
)
def test_declared_and_seen(kind: Kind, declared: bool, states: list[str]):
    assert [one.state for one in found("titles", declared, outcome(kind))] == states


def test_why_a_capability_was_not_tried():
    lacking = scenario("a/witness", "metadata", "upstream")

    told = unplayed("metadata", [lacking], PROFILE, NOBODY, NOBODY)

    assert (told.state, told.said) == ("not seen", "needs the upstream witness")
    assert told.fix is not None


def test_the_same_obstacle_is_told_once_with_the_names_of_all_that_it_keeps():
    needs = [
        Finding(about=f"capability {name}", state="not seen", said="needs bob", fix="set BOB")
        for name in ("shares", "tenants", "a", "b", "c", "d", "e", "f")
    ]
    other = Finding(about="capability titles", state="not seen", said="needs --db")

    told = list(once([needs[0], other, *needs[1:]]))

    assert [one.about for one in told] == ["capability shares", "capability titles"]
    assert told[0].said == "needs bob (the same for tenants, a, b, c, d and 2 more)"
    assert told[0].fix == "set BOB"


def test_declaring_twice_is_declaring_once():
    assert declaring(declaring(PROFILE, "titles"), "titles").capabilities == ["metadata", "titles"]
