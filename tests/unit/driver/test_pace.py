"""
Fewer plays at a time while simple requests are slow, and more again when they are not.
"""

from __future__ import annotations

import asyncio

from conformance.driver.pace import FIRST, LEAST, LOOKS, Pace
from conformance.model.transcript import Ended, Exchange, SentRequest, Text

REQUEST = SentRequest(method="GET", url="http://127.0.0.1:9/", headers={})


def exchange(seconds: float, text: Text | None = None, ended: Ended = "clean") -> Exchange:
    return Exchange(operation="health", request=REQUEST, started=1.0, ended_at=1.0 + seconds, ended=ended, text=text)


def after(*looks: float, most: int = 64) -> int:
    pace = Pace(most)
    for seconds in looks:
        for _ in range(LOOKS):
            pace.seen(exchange(seconds))
    return pace.allowed


def test_it_begins_with_what_a_small_machine_stands():
    assert (Pace(64).allowed, Pace(2).allowed) == (FIRST, 2)


def test_it_rises_to_what_was_asked_for_and_no_further():
    assert after(*[0.01] * 40) == 64
    assert after(*[0.01] * 40, most=20) == 20


def test_it_falls_while_simple_requests_are_slow_and_rises_again():
    assert after(0.01, 1.0, 1.0) < FIRST / 1.5
    assert after(0.01, *[1.0] * 20) == LEAST
    assert after(0.01, *[1.0] * 20, *[0.01] * 3) == LEAST + 6


def test_a_target_that_is_always_slow_is_not_in_trouble():
    assert after(*[0.4] * 10) > FIRST


def test_some_slow_requests_among_many_tell_nothing():
    pace = Pace(64)
    for number in range(LOOKS * 4):
        pace.seen(exchange(5.0 if number % 3 == 0 else 0.01))

    assert pace.allowed > FIRST


def test_turns_and_broken_answers_tell_nothing():
    pace = Pace(64)
    for _ in range(LOOKS * 4):
        pace.seen(exchange(9.0, text=Text(length=1, sha256="x", whole="a")))
        pace.seen(exchange(9.0, ended="timeout"))

    assert pace.allowed == FIRST


def test_what_is_not_allowed_waits_for_one_to_end():
    async def played() -> list[str]:
        pace, seen = Pace(1), []

        async def one(name: str) -> None:
            await pace.begin()
            seen.append(f"{name} begins")
            await asyncio.sleep(0)
            seen.append(f"{name} ends")
            pace.end()

        await asyncio.gather(one("a"), one("b"))
        return seen

    assert asyncio.run(played()) == ["a begins", "a ends", "b begins", "b ends"]
