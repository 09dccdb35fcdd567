"""
Plays that go wrong by our own fault are errors of one scenario, and say where.
"""

import asyncio

import msgspec

from conformance.driver.desk import Target
from conformance.driver.http import Wire
from conformance.driver.scheduling import Case, play_case
from conformance.engine.judge import judge
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario

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
