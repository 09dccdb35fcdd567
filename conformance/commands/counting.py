"""
How far a run is: what is under way, what came of the rest, how long it may still take. No clock and no terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from conformance.driver.scheduling import Case, weight
from conformance.engine.support import own_process, unsupported
from conformance.model.outcome import KINDS, Kind, Outcome
from conformance.model.text import EDGE, Text
from conformance.model.transcript import Exchange
from conformance.reporting.visible import inline
from conformance.text.excerpt import shown

__all__ = ["Counting", "first_words", "told"]

ALONE: Final = 4  # a scenario that is played alone holds up so many others (80 steps took 3.8 s, 2233 others 25 s)
EARLY: Final = 0.05  # of the work: before that an estimate is a guess
SHOWN: Final = 72  # characters of a body

Key = tuple[str, str]


@dataclass(slots=True)
class Counting:
    """
    The counts of one run. Times are seconds on a monotonic clock.
    """

    total: int = 0
    done: int = 0
    counts: Counter[Kind] = field(default_factory=Counter)
    under_way: dict[Key, float] = field(default_factory=dict)
    began: float = 0.0
    _work: float = 0.0
    _worked: float = 0.0

    def start(self, cases: Sequence[Case], now: float) -> None:
        self.total, self.began = len(cases), now
        self._work = sum(map(_cost, cases))

    def begun(self, case: Case, now: float) -> None:
        self.under_way[_key(case)] = now

    def ended(self, case: Case, kind: Kind) -> None:
        self.under_way.pop(_key(case), None)
        self.counts[kind] += 1
        self.done += 1
        self._worked += _cost(case)

    def rest(self, now: float) -> float | None:
        """
        Seconds that it may still take, by the work that is done; nothing while that is too little to tell.
        """
        if self._worked < EARLY * self._work or not self._worked:
            return None
        return (now - self.began) * (self._work - self._worked) / self._worked

    @property
    def summary(self) -> str:
        return ", ".join(f"{self.counts[kind]} {kind}" for kind in KINDS if self.counts[kind])

    def longest(self, now: float, most: int) -> list[str]:
        """
        What has been under way for longest. Asked by another thread than the one that counts, hence of a copy.
        """
        running = sorted(self.under_way.copy().items(), key=lambda one: one[1])[:most]
        return [f"{profile} {inline(name)} ({now - since:.0f} s)" for (profile, name), since in running]

    def line(self, now: float) -> str:
        """
        All of it in one line.
        """
        rest = self.rest(now)
        after = f", about {clock(rest)} left" if rest is not None and self.done < self.total else ""
        return f"{self.done} of {self.total}: {self.summary}{after}"


def clock(seconds: float) -> str:
    """
    Minutes and seconds.
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def first_words(outcome: Outcome) -> str:
    """
    Why, in the first line of many.
    """
    lines = (line for one in outcome.differences for line in one.lines)
    return inline(next(lines, None) or outcome.reason or outcome.title).strip()


def told(case: Case, exchange: Exchange, clean: Callable[[str], str]) -> Iterator[str]:
    """
    An exchange in two lines, for who follows a run. Bodies are rid of secrets before they are shortened and escaped:
    half of one, or one in other letters, would be known by nobody any more.
    """
    name, request = f"{case.target.profile.profile} {inline(case.name)}", exchange.request
    path = request.url.removeprefix(case.target.wire.base)
    yield f"{name} > {request.method} {inline(clean(path))} {_start(request.body, clean)}".rstrip()
    took = f"{(exchange.ended_at - exchange.started) * 1000:.0f} ms"
    if exchange.status is None:
        yield f"{name} < {exchange.ended} after {took}: {inline(clean(exchange.trouble or 'no answer'))}"
        return
    ending = "" if exchange.ended == "clean" else f", {exchange.ended}"
    body = exchange.text if exchange.text is not None and exchange.text.length else exchange.body
    yield f"{name} < {exchange.status} {took}, {exchange.body_bytes} bytes{ending} {_start(body, clean)}".rstrip()


def _start(text: Text | None, clean: Callable[[str], str]) -> str:
    if text is None or not text.length:
        return ""
    whole = clean((text.whole if text.whole is not None else text.head)[:EDGE])
    return f'"{shown(whole[:SHOWN])}"{"..." if len(whole) > SHOWN else ""}'


def _key(case: Case) -> Key:
    return case.target.profile.profile, case.name


def _cost(case: Case) -> float:
    """
    Roughly what a case adds to the time of the whole. Those with processes of their own go on beside the others.
    """
    made = case.scenario.examples_from is not None  # then its steps are not known before it is played
    if own_process(case.scenario) or (not made and unsupported(case.scenario, case.target.profile) is not None):
        return 0.0
    return float(weight(case.scenario) * (ALONE if case.scenario.exclusive else 1))
