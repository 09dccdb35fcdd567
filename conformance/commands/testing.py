"""
Plays scenarios for a test runner: on one event loop in a thread of its own, many at a time, each with a future.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack
from typing import Any

from conformance.commands.documents import Documents
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.desk import Target
from conformance.driver.preflight import preflight
from conformance.driver.scheduling import Case, play_all
from conformance.engine.judge import judge
from conformance.errors import ThreadgaugeError
from conformance.model.outcome import Outcome
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import Transcript

__all__ = ["Player", "Verdict"]

Verdict = tuple[Outcome, Transcript]


class Player:
    """
    A target that is open, and scenarios under way. Made and closed by the thread that asks for verdicts.
    """

    def __init__(self, setup: Setup, documents: Documents, seed: int, in_flight: int) -> None:
        self._setup = setup
        self._documents = documents
        self._seed = seed
        self._in_flight = in_flight
        self._loop = loop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="threadgauge", daemon=True)
        self._stack = AsyncExitStack()
        self._futures: dict[tuple[str, str], Future[Verdict]] = {}
        self._target: Target | None = None
        self._playing: list[Future[Any]] = []

    @property
    def profile(self) -> Profile:
        return self._setup.profiles[0]

    def open(self, checked: bool) -> None:
        """
        Open the target; with `checked`, see first that it is what it is said to be. Raises `ThreadgaugeError`.
        """
        self._thread.start()
        try:
            self._run(self._open(checked))
        except ThreadgaugeError:
            self.close()
            raise

    def begin(self, wanted: Sequence[tuple[Scenario, dict[str, Any]]]) -> None:
        """
        Start playing all of these; `verdict` waits for one of them.
        """
        assert self._target is not None
        target = self._target
        tidy = self._setup.url is not None
        cases = [Case(scenario, example, target, self._seed, tidy) for scenario, example in wanted]
        for case in cases:
            self._futures[case.scenario.id, case.name] = Future()
        playing = play_all(cases, self._in_flight, self._done)
        self._playing.append(asyncio.run_coroutine_threadsafe(playing, self._loop))

    def verdict(self, scenario: Scenario, example: dict[str, Any]) -> Verdict:
        """
        The verdict on one scenario; it is begun now if it was not before.
        """
        name = Case(scenario, example, self._target).name if self._target else ""
        if (scenario.id, name) not in self._futures:
            self.begin([(scenario, example)])
        return self._futures[scenario.id, name].result()

    def close(self) -> None:
        """
        Stop what is under way, close the target, end the thread.
        """
        if not self._thread.is_alive():
            return
        for playing in self._playing:
            playing.cancel()
        try:
            self._run(self._stack.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _open(self, checked: bool) -> None:
        targets = await self._stack.enter_async_context(open_targets(self._setup))
        self._target = targets[0]
        if checked:
            await preflight(self._target, self._seed, tidy=self._setup.url is not None)

    def _done(self, case: Case, transcript: Transcript) -> bool:
        outcome = judge(transcript, case.target.profile, self._documents.requirements)
        future = self._futures[case.scenario.id, case.name]
        if not future.cancelled():
            future.set_result((outcome, transcript))
        return False
