"""
Plays that go wrong by our own fault are errors of one scenario, and say where.
"""

import asyncio

import msgspec
import pytest

from conformance.driver.desk import Target
from conformance.driver.http import Wire
from conformance.driver.pace import FIRST
from conformance.driver.scheduling import RETRIED, SEEDS, Case, play_all, play_case
from conformance.engine.judge import judge
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import Transcript

PROFILE = msgspec.convert(
    {
        "profile": "small",
        "title": "Small",
        "operations": {"health": {"request": {"method": "GET", "path": "/health"}}},
    },
    Profile,
)


class Broken(Wire):
    """
    A wire with a mistake in it.
    """

    async def exchange(self, *_: object, **__: object) -> None:  # type: ignore[override]
        raise ZeroDivisionError("division by zero")


def test_a_mistake_of_ours_is_an_error_of_its_scenario():
    scenario = msgspec.convert({"id": "a/b", "title": "One", "steps": [{"health": {}}]}, Scenario)
    target = Target(PROFILE, Broken("http://127.0.0.1:9"))

    outcome = judge(asyncio.run(play_case(Case(scenario, {}, target))), PROFILE, {})

    assert outcome.kind == "error"
    assert outcome.reason is not None
    assert "ZeroDivisionError: division by zero (test_scheduling.py:" in outcome.reason


def test_what_is_doubtful_is_played_again_when_nothing_else_is():
    names = ["a/one", "a/two", "a/three"]
    scenarios = [msgspec.convert({"id": name, "title": "One", "steps": [{"health": {}}]}, Scenario) for name in names]
    told: list[str] = []

    async def played() -> None:
        async with Wire("http://127.0.0.1:9") as wire:
            target = Target(PROFILE, wire)
            await play_all(
                [Case(one, {}, target) for one in scenarios],
                2,
                lambda case, _: told.append(case.name) is not None,
                doubtful=lambda case, _: case.name == "a/one",
            )

    asyncio.run(played())

    assert told == ["a/two", "a/three", "a/one"]


@pytest.mark.parametrize(("count", "replayed"), [(RETRIED, RETRIED), (RETRIED + 1, 0)])
def test_what_is_doubtful_everywhere_is_no_chance(count: int, replayed: int):
    scenario = msgspec.convert({"id": "a/b", "title": "One", "steps": [{"health": {}}]}, Scenario)
    doubted: list[Transcript] = []
    told: list[Transcript] = []

    async def played() -> None:
        async with Wire("http://127.0.0.1:9") as wire:
            await play_all(
                [Case(scenario, {}, Target(PROFILE, wire), seed) for seed in range(count)],
                4,
                lambda _, seen: told.append(seen) is not None,
                doubtful=lambda _, seen: doubted.append(seen) is None,
            )

    asyncio.run(played())

    assert len(told) == count
    assert sum(doubted.index(seen) >= count for seen in told) == replayed
    assert len(doubted) == count + replayed * len(SEEDS)


def test_who_waits_for_a_place_begins_nothing_after_the_end():
    scenario = msgspec.convert({"id": "a/b", "title": "One", "steps": [{"health": {}}]}, Scenario)
    told: list[int] = []

    async def played() -> None:
        async with Wire("http://127.0.0.1:9") as wire:
            chosen = [Case(scenario, {}, Target(PROFILE, wire), seed) for seed in range(3 * FIRST)]
            await play_all(chosen, len(chosen), lambda case, _: told.append(case.seed) is None)

    asyncio.run(played())

    assert len(told) <= FIRST
