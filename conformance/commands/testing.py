"""
Reads and plays scenarios for a test runner: on one event loop in a thread of its own, many at a time, each with a
future.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from conformance.commands.documents import ledger_only
from conformance.commands.likely import judged
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.desk import Target
from conformance.driver.folder import encode
from conformance.driver.preflight import preflight
from conformance.driver.scheduling import Case, case_name, play_all
from conformance.engine.baseline import against
from conformance.engine.judge import requirement_of
from conformance.engine.play import examples
from conformance.errors import DocumentsInvalid
from conformance.loading.ledger import load_ledger
from conformance.loading.lint import lint_against_ledger, missing_operations
from conformance.loading.places import shipped_ledger
from conformance.loading.scenarios import read_scenario
from conformance.model.baseline import Entry
from conformance.model.outcome import Kind, Outcome
from conformance.model.profile import Profile
from conformance.model.requirement import Ledger, Level
from conformance.model.scenario import Scenario
from conformance.model.transcript import Transcript

__all__ = ["Found", "Player", "Rules", "read_file"]

# Seconds for connections that were cut off to close. In 2 of about 60 runs that Ctrl-C ended, a socket was left to the
# collector; where warnings are errors, pytest makes a failure of that.
CLOSING: Final = 0.05

Verdict = tuple[Outcome, Transcript]


@dataclass(frozen=True, slots=True)
class Found:
    """
    One example of a scenario in a file, under the name that reports use.
    """

    name: str
    level: Level
    scenario: Scenario
    example: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """
    How scenarios are played. After `maxfail` outcomes of the kinds that `fail` nothing more is begun; 0 is no limit.

    `lock` is a file that players of other processes have too, where all of them share one target.
    """

    seed: int = 0
    in_flight: int = 16
    maxfail: int = 0
    fail: frozenset[Kind] = frozenset({"failed", "fixed", "error"})
    lock: Path | None = None
    baseline: Sequence[Entry] = ()


class Player:
    """
    A target that is open, and scenarios under way. Made and closed by the thread that asks for verdicts.
    """

    def __init__(self, setup: Setup, rules: Rules) -> None:
        self._setup = setup
        self._rules = rules
        self._loop = loop.new_event_loop()
        self._thread = threading.Thread(target=self._live, name="threadgauge", daemon=True)
        self._ready: Future[Target] = Future()
        self._main: asyncio.Task[Any] | None = None
        self._plays: asyncio.TaskGroup | None = None
        self._futures: dict[str, Future[Verdict]] = {}
        self._failures = 0
        self._checked = self._stopped = False

    def open(self, checked: bool) -> None:
        """
        Open the target; with `checked`, see first that it is what it is said to be. Raises `ThreadgaugeError`.
        """
        self._checked = checked
        self._thread.start()
        try:
            self._ready.result()
        except BaseException:  # Ctrl-C too: a server that we started must not outlive us
            self.close()
            raise

    def begin(self, wanted: Sequence[tuple[Scenario, dict[str, Any]]]) -> None:
        """
        Start playing these, but for those that were begun before; `verdict` waits for one of them.
        """
        target, tidy = self._ready.result(), self._setup.foreign
        cases = [Case(scenario, example, target, self._rules.seed, tidy) for scenario, example in wanted]
        new = {case.name: case for case in cases if case.name not in self._futures}
        self._futures |= {name: Future() for name in new}
        self._loop.call_soon_threadsafe(self._begin, list(new.values()))

    def verdict(self, scenario: Scenario, example: dict[str, Any]) -> Verdict:
        """
        The verdict on one scenario; it is begun now if it was not before. Raises `ThreadgaugeError`.
        """
        name = case_name(scenario, example)
        if name in self._futures:
            with suppress(CancelledError):  # left out after `maxfail` failures, yet it stands before the failure
                return self._futures[name].result()
            del self._futures[name]
        with _turn(self._rules.lock, scenario):
            self.begin([(scenario, example)])
            return self._futures[name].result()

    def close(self) -> None:
        """
        Stop what is under way, close the target, end the thread.
        """
        with suppress(RuntimeError):  # the loop has ended by itself: the target could not be opened
            self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()

    @property
    def _enough(self) -> bool:
        return 0 < self._rules.maxfail <= self._failures

    def _live(self) -> None:
        """
        The life of the thread. One task opens and closes the target, so that each of its contexts ends where it began.
        """
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                try:
                    runner.run(self._serve())
                finally:
                    runner.run(asyncio.sleep(CLOSING))
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)

    async def _serve(self) -> None:
        self._main = asyncio.current_task()
        if self._stopped:
            return
        async with open_targets(self._setup) as targets:
            if self._checked:
                await preflight(targets[0], self._rules.seed, tidy=self._setup.foreign)
            async with asyncio.TaskGroup() as self._plays:
                self._ready.set_result(targets[0])
                await asyncio.Event().wait()  # until `_stop`

    def _stop(self) -> None:
        self._stopped = True
        if self._main is not None:
            self._main.cancel()

    def _begin(self, cases: Sequence[Case]) -> None:
        assert self._plays is not None
        self._plays.create_task(self._play(cases))

    async def _play(self, cases: Sequence[Case]) -> None:
        """
        Play them. Every future gets an answer, whatever happens: somebody waits for it.
        """
        trouble: BaseException = CancelledError()  # left out, because enough have failed
        # Where a few failures end the run, in the order of the report: what comes after them is not begun.
        size = self._rules.in_flight if self._rules.maxfail else max(len(cases), 1)
        try:
            for first in range(0, len(cases), size):
                if first == 0 or not self._enough:
                    some = cases[first : first + size]
                    await play_all(some, self._rules.in_flight, self._done, doubtful=_doubtful)
        except Exception as error:
            trouble = _cause(error)
        for future in (self._futures[case.name] for case in cases):
            if not future.done():
                future.set_exception(trouble)

    def _done(self, case: Case, transcript: Transcript) -> bool:
        outcome = judged(transcript, case.target.profile, ledger_only().requirements)
        outcome = against(outcome, self._rules.baseline, datetime.now(UTC).date())
        self._futures[case.name].set_result((outcome, transcript))
        self._failures += outcome.kind in self._rules.fail
        return self._enough


def _doubtful(case: Case, transcript: Transcript) -> bool:
    return judged(transcript, case.target.profile, ledger_only().requirements).by_chance


def read_file(path: Path, profiles: Sequence[Profile]) -> list[Found]:
    """
    The examples of the scenario in a file. Raises `DocumentsInvalid` with all of its problems.
    """
    loaded = read_scenario(path)
    problems = [
        *lint_against_ledger(loaded, _ledger()),
        *(problem for profile in profiles for problem in missing_operations(loaded, profile)),
    ]
    if problems:
        raise DocumentsInvalid(problems)
    scenario = loaded.scenario
    level = requirement_of(scenario, ledger_only().requirements).level
    every = [example for profile in profiles for example in examples(scenario, profile)]
    distinct = [example for place, example in enumerate(every) if example not in every[:place]]
    return [Found(case_name(scenario, example), level, scenario, example) for example in distinct]


@cache
def _ledger() -> Ledger:
    return load_ledger(shipped_ledger())


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@contextmanager
def _turn(lock: Path | None, scenario: Scenario) -> Iterator[None]:
    """
    Keep away from the scenarios of other processes, where they must not meet.

    That is an exclusive one, and one that says words without its canary: the witness tells turns apart by their
    words, and within one process `Saying` keeps the same words apart.
    """
    if lock is None:
        yield
        return
    import fcntl  # only where there are workers, and not on Windows

    alone = scenario.exclusive or re.search(r'"say":"(?![^"]*\$\{canary)', encode(scenario))
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
