"""
Many plays at once on one event loop, and how late that loop runs.
"""

from __future__ import annotations

import asyncio
import random
import time
import traceback
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeVar

import msgspec

from conformance.driver.desk import Desk, Target
from conformance.driver.pace import Pace
from conformance.driver.waiting import waited
from conformance.engine.play import examples, play
from conformance.engine.support import own_process
from conformance.errors import LaunchError, ThreadgaugeError
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, Transcript

__all__ = [
    "RETRIED",
    "SEEDS",
    "Case",
    "LoopLag",
    "Order",
    "Watch",
    "case_name",
    "cases",
    "play_all",
    "play_case",
    "shuffled",
    "weight",
]

Order = Literal["longest", "random"]
T = TypeVar("T")

TICK: Final = 0.02  # seconds between two looks at the loop's lag: finer than any verdict on time

SEEDS: Final = (1_000_000, 2_000_000)  # a run's own are below a million by default
RETRIED: Final = 24  # cases of a run; where more are in doubt, that is the target's way and no chance
STARTING: Final = 4  # scenarios with processes of their own at a time; most of their time is a wait for a lease


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
        return case_name(self.scenario, self.example)


def case_name(scenario: Scenario, example: dict[str, Any]) -> str:
    """
    The name of one example of a scenario, as reports write it.
    """
    return Transcript(scenario=scenario, example=example, profile="", target="", seed=0, started="").name


class Watch(Protocol):
    """
    Somebody who follows what is played; of exchanges only where `verbose`.
    """

    @property
    def verbose(self) -> bool: ...
    def begun(self, case: Case) -> None: ...
    def seen(self, case: Case, exchange: Exchange) -> None: ...


class LoopLag:
    """
    How much later than asked the event loop wakes us, in seconds. A busy machine adds 50 to 500 ms (measured).
    """

    def __init__(self) -> None:
        self._worst: list[tuple[float, float]] = []  # by time, and each lag is less than those before it
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
        place = bisect_left(self._worst, (began, 0.0))
        return self._worst[place][1] if place < len(self._worst) else 0.0

    def saw(self, at: float, lag: float) -> None:
        """
        That it woke us so much later, at a time after all others. A lesser lag before it will never be asked for.
        """
        while self._worst and self._worst[-1][1] <= lag:
            self._worst.pop()
        self._worst.append((at, lag))

    async def _watch(self) -> None:
        while True:
            asked = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            now = time.monotonic()
            if now - asked > TICK:
                self.saw(now, now - asked)


def cases(scenarios: Sequence[Scenario], target: Target, seed: int, tidy: bool) -> list[Case]:
    """
    Every example of every scenario, for one target.
    """
    return [
        Case(scenario, example, target, seed, tidy)
        for scenario in scenarios
        for example in examples(scenario, target.profile)
    ]


def shuffled(chosen: Sequence[T], seed: int) -> list[T]:
    """
    The cases in an order that nobody chose, the same for the same seed.
    """
    return random.Random(seed).sample(chosen, len(chosen))


async def play_all(
    chosen: Sequence[Case],
    in_flight: int,
    done: Callable[[Case, Transcript], Awaitable[bool] | bool],
    *,
    longest_first: bool = True,
    watch: Watch | None = None,
    doubtful: Callable[[Case, Transcript], bool] | None = None,
) -> None:
    """
    Play all cases, at most `in_flight` at a time, those that want to be alone after all others, one by one.

    Those that start processes of their own wait for few of these, and not in the way of the others. The longest are
    begun first, which takes the least time, or they are begun in the order given. `done` is called as each ends; when
    it returns true, nothing more is begun. `watch` is told of each that begins, and of its exchanges if it wants them.

    What is `doubtful` is not done with: it is played once or twice more, when nothing else is played, and as if the
    seed were another: what the first time has left behind is no part of it.
    """
    shared = [case for case in chosen if not case.scenario.exclusive]
    if longest_first:
        shared.sort(key=lambda case: weight(case.scenario), reverse=True)
    apart = [case for case in shared if own_process(case.scenario)]
    shared = [case for case in shared if not own_process(case.scenario)]
    exclusive = [case for case in chosen if case.scenario.exclusive]
    waiting, starting = iter(shared), iter(apart)
    doubted: list[tuple[Case, Transcript]] = []
    stopped, pace = False, Pace(in_flight + STARTING)
    async with LoopLag() as lag:

        async def worker(queue: Any, alone: bool = False) -> None:
            for case in queue:
                await pace.begin()
                if stopped:  # perhaps while it waited
                    pace.end()
                    return
                if watch is not None:
                    watch.begun(case)
                transcript = await play_case(case, lag, watch, pace, alone)
                pace.end()
                if doubtful is not None and doubtful(case, transcript):
                    doubted.append((case, transcript))
                else:
                    await tell(case, transcript)

        async def tell(case: Case, transcript: Transcript) -> None:
            nonlocal stopped
            outcome = done(case, transcript)
            stopped = bool(await outcome if isinstance(outcome, Awaitable) else outcome) or stopped

        async with asyncio.TaskGroup() as group:
            for _ in range(min(in_flight, len(shared))):
                group.create_task(worker(waiting))
            for _ in range(min(in_flight, STARTING, len(apart))):
                group.create_task(worker(starting))
        await worker(exclusive, alone=True)
        for case, transcript in doubted:
            for seed in SEEDS if len(doubted) <= RETRIED and not stopped else ():
                transcript = await play_case(replace(case, seed=case.seed + seed), lag, watch, alone=True)
                if doubtful is None or not doubtful(case, transcript):
                    break
            await tell(case, transcript)


async def play_case(
    case: Case,
    lag: LoopLag | None = None,
    watch: Watch | None = None,
    pace: Pace | None = None,
    alone: bool = False,
) -> Transcript:
    """
    Play one case against its target. Where it is `alone`, what our processes wait for a core is known to be its own.
    """
    began, before = time.monotonic(), waited() if alone else 0.0
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
        last=True,
        ours=case.target.owner is not None,
        linked=case.target.owner is not None and case.target.owner.links,
        live=case.target.live,
    )
    try:
        told = [pace.seen] if pace is not None else []
        told += [partial(watch.seen, case)] if watch is not None and watch.verbose else []
        transcript = await Desk(case.target, apart=own_process(case.scenario), seen=told).perform(playing)
    except LaunchError as error:
        transcript = _troubled(case, started, str(error))
    except ThreadgaugeError:
        raise
    except Exception as mistake:
        transcript = _broken(case, started, mistake)
    late = lag.since(began) if lag is not None else 0.0
    lost = max(waited() - before, 0.0) if alone else 0.0
    return msgspec.structs.replace(transcript, loop_lag=late, waited=lost, again=list(case.target.again))


def _broken(case: Case, started: str, mistake: Exception) -> Transcript:
    """
    A play that we broke off by a mistake of our own: an error of one scenario, not the end of the run.
    """
    frame = traceback.extract_tb(mistake.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    trouble = f"a mistake of ours, please report it: {type(mistake).__name__}: {mistake} ({place})"
    return _troubled(case, started, trouble)


def _troubled(case: Case, started: str, trouble: str) -> Transcript:
    return Transcript(
        scenario=case.scenario,
        example=case.example,
        profile=case.target.profile.profile,
        target=case.target.wire.base,
        seed=case.seed,
        started=started,
        trouble=trouble,
    )


def weight(scenario: Scenario) -> int:
    """
    Roughly how long a scenario takes: what it fills, and how many steps it has.
    """
    fills = (step.fill.to for step in scenario.steps if step.fill is not None)
    sizes = [int(to) if str(to).isdigit() else 100 for to in fills]
    return max(sizes, default=0) + len(scenario.steps)
