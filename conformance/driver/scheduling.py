"""
Many plays at once on one event loop, and how late that loop runs.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from conformance.driver.desk import Desk, Target
from conformance.engine.play import examples, play
from conformance.errors import ThreadgaugeError
from conformance.model.scenario import Scenario
from conformance.model.transcript import Transcript

__all__ = ["Case", "LoopLag", "cases", "play_all", "play_case"]

TICK: Final = 0.02  # seconds between two looks at the loop's lag: finer than any verdict on time


@dataclass(frozen=True, slots=True)
class Case:
    """
    One scenario, one of its examples, one target.
    """

    scenario: Scenario
    example: dict[str, Any]
    target: Target
    seed: int = 0
    tidy: bool = False

    @property
    def name(self) -> str:
        blank = Transcript(scenario=self.scenario, example=self.example, profile="", target="", seed=0, started="")
        return blank.name


class LoopLag:
    """
    How much later than asked the event loop wakes us, in seconds. A busy machine adds 50 to 500 ms (measured).
    """

    def __init__(self) -> None:
        self._worst: list[tuple[float, float]] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LoopLag:
        self._task = asyncio.ensure_future(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()

    def since(self, began: float) -> float:
        """
        The worst lag since a monotonic time.
        """
        return max((lag for at, lag in self._worst if at >= began), default=0.0)

    async def _watch(self) -> None:
        while True:
            asked = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            now = time.monotonic()
            if now - asked > TICK:
                self._worst.append((now, now - asked))


def cases(scenarios: Sequence[Scenario], target: Target, seed: int, tidy: bool) -> list[Case]:
    """
    Every example of every scenario, for one target.
    """
    return [
        Case(scenario, example, target, seed, tidy)
        for scenario in scenarios
        for example in examples(scenario, target.profile)
    ]


async def play_all(
    chosen: Sequence[Case], in_flight: int, done: Callable[[Case, Transcript], Awaitable[bool] | bool]
) -> None:
    """
    Play all cases, at most `in_flight` at a time, those that want to be alone after all others, one by one.

    The longest are begun first. `done` is called as each ends; when it returns true, nothing more is begun.
    """
    shared = sorted((case for case in chosen if not case.scenario.exclusive), key=_weight, reverse=True)
    alone = [case for case in chosen if case.scenario.exclusive]
    waiting = iter(shared)
    stopped = False
    async with LoopLag() as lag:

        async def worker(queue: Any) -> None:
            nonlocal stopped
            for case in queue:
                if stopped:
                    return
                outcome = done(case, await play_case(case, lag))
                stopped = bool(await outcome if isinstance(outcome, Awaitable) else outcome) or stopped

        async with asyncio.TaskGroup() as group:
            for _ in range(min(in_flight, len(shared))):
                group.create_task(worker(waiting))
        await worker(alone)


async def play_case(case: Case, lag: LoopLag | None = None) -> Transcript:
    """
    Play one case against its target.
    """
    began = time.monotonic()
    started = datetime.now(UTC).isoformat(timespec="milliseconds")
    playing = play(
        case.scenario,
        case.target.profile,
        example=case.example,
        witnesses=case.target.witnesses,
        holders=case.target.holders,
        seed=case.seed,
        target=case.target.wire.base,
        started=started,
        tidy=case.tidy,
    )
    try:
        transcript = await Desk(case.target).perform(playing)
    except ThreadgaugeError:
        raise
    except Exception as mistake:
        transcript = _broken(case, started, mistake)
    late = lag.since(began) if lag is not None else 0.0
    return msgspec.structs.replace(transcript, loop_lag=late, again=list(case.target.again))


def _broken(case: Case, started: str, mistake: Exception) -> Transcript:
    """
    A play that we broke off by a mistake of our own: an error of one scenario, not the end of the run.
    """
    frame = traceback.extract_tb(mistake.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return Transcript(
        scenario=case.scenario,
        example=case.example,
        profile=case.target.profile.profile,
        target=case.target.wire.base,
        seed=case.seed,
        started=started,
        trouble=f"a mistake of ours, please report it: {type(mistake).__name__}: {mistake} ({place})",
    )


def _weight(case: Case) -> int:
    """
    Roughly how long a case takes: what it fills, and how many steps it has.
    """
    fills = (step.fill.to for step in case.scenario.steps if step.fill is not None)
    sizes = [int(to) if str(to).isdigit() else 100 for to in fills]
    return max(sizes, default=0) + len(case.scenario.steps)
