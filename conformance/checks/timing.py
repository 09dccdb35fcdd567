"""
How long it took, against what is expected of the server alone.

Not the server's fault are the time for which its model was held, the lateness of our own event loop, and what a busy
machine let the target's processes wait: a bound that could have been missed because of these is unseen, neither kept
nor broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from conformance.checks.conditions import NoCondition
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.model.outcome import Figure
from conformance.model.scenario import TimingMatch
from conformance.model.transcript import Exchange, Unseen, UpstreamCall, Witness

__all__ = ["figures", "timing"]

_BOUND: Final = re.compile(r"(<=?|>=?) *(\d+(?:\.\d+)?) *(ms|s)?")


@dataclass(frozen=True, slots=True)
class Taken:
    """
    What was measured: so many pieces in so many seconds, and how to say it. `doubt` is a part that may not be the
    server's and cannot be told from it.
    """

    seconds: float
    line: str
    pieces: int | None = None
    doubt: str | None = None

    @property
    def value(self) -> float:
        """
        What is reported: seconds, or pieces in a second.
        """
        return self.seconds if self.pieces is None else self.pieces / max(self.seconds, 1e-6)


@dataclass(frozen=True, slots=True)
class Measured:
    """
    One bound, what it was held against, and why that says nothing, if so.
    """

    name: str
    wanted: str
    taken: Taken | None
    within: bool = False
    excuse: str | None = None

    @property
    def held(self) -> bool | None:
        return True if self.within else None if self.excuse else False


def timing(want: TimingMatch, seen: Seen) -> Iterator[Finding]:
    """
    Every bound that was missed, each by itself.
    """
    for one in _measured(want, seen):
        if one.held is None:
            yield Unseen(witness=_witness(one.name, seen), reason=f"timing.{one.name}: {one.excuse}", by_chance=True)
        elif not one.held and one.taken is not None:
            line = f"{one.taken.line}, expected {one.wanted}"
            at, witness = f"timing.{one.name}", _witness(one.name, seen)
            yield seen.differs("timing", witness, at, [line], one.wanted, round(one.taken.value, 4))


def figures(want: TimingMatch, seen: Seen) -> Iterator[Figure]:
    """
    What was measured, whether the bounds hold or not.
    """
    for one in _measured(want, seen):
        if one.taken is not None:
            unit = "s" if one.taken.pieces is None else "per second"
            value = round(one.taken.value, 6)
            yield Figure(name=one.name, value=value, unit=unit, target=one.wanted, held=one.held)


def _measured(want: TimingMatch, seen: Seen) -> Iterator[Measured]:
    for name, measure in _MEASURES.items():
        wanted = getattr(want, name)
        if wanted is not None:
            condition = seen.string(wanted)
            taken = measure(seen)
            if taken is None:
                yield Measured(name, condition, None, excuse="there is nothing to measure")
            else:
                yield _judged(name, condition, taken, seen)


def _judged(name: str, condition: str, taken: Taken, seen: Seen) -> Measured:
    shape = _BOUND.fullmatch(condition.strip())
    if shape is None:
        raise NoCondition(f'{condition!r} is no bound: write "< 50ms", "< 1s", or ">= 10" for a rate')
    number = float(shape[2]) / (1000 if shape[3] == "ms" else 1)
    each = number if taken.pieces is None else 1 / number if number else 0.0
    allowed = each * (taken.pieces or 1)
    within = taken.seconds <= allowed if shape[1].endswith("=") else taken.seconds < allowed
    if within:
        return Measured(name, condition, taken, within=True)
    excuse = taken.doubt
    if seen.late >= each or taken.seconds - seen.late <= allowed:
        excuse = f"{taken.line}, but our own event loop was {seen.late:.3f} s late"
    elif taken.seconds - seen.waited <= allowed:
        excuse = f"{taken.line}, but this machine was busy: this run's processes waited {seen.waited:.3f} s for a core"
    return Measured(name, condition, taken, excuse=excuse)


def _first_text(seen: Seen) -> Taken | None:
    """
    From the request to the first text, less the time for which the model was held before it.
    """
    exchange = seen.exchange
    if exchange is None or exchange.first_text_at is None:
        return None
    held = sum(_held_before(exchange.first_text_at, call) for call in seen.record.calls or [])
    seconds = max(exchange.first_text_at - exchange.started - held, 0.0)
    unknown = f"the first text came after {_shown(seconds)}, and how much of it the model took was not seen"
    less = f", the model's {_shown(held)} not counted" if held else ""
    line = f"the first text came after {_shown(seconds)}{less}"
    return Taken(seconds, line, doubt=unknown if seen.record.calls is None else None)


def _held_before(moment: float, call: UpstreamCall) -> float:
    held = (min(moment, gate.released_at or moment) - gate.held_at for gate in call.gates)
    return sum(max(one, 0.0) for one in held)


def _rate(seen: Seen) -> Taken | None:
    """
    Pieces of text from the first to the last. An answer in one piece has no rate.
    """
    exchange = seen.exchange
    if exchange is None or exchange.first_text_at is None or exchange.delta_count < 2:
        return None
    seconds = _last_at(exchange) - exchange.first_text_at
    pieces = exchange.delta_count - 1
    return Taken(seconds, f"{pieces + 1} pieces of text came in {_shown(seconds)}", pieces=pieces)


def _last_at(exchange: Exchange) -> float:
    return exchange.arrivals[-1].at if exchange.arrivals else exchange.ended_at


def _took(seen: Seen) -> Taken | None:
    if not seen.record.exchanges:
        return None
    seconds = max(one.ended_at - one.started for one in seen.record.exchanges)
    return Taken(seconds, f"{seen.record.action} took {_shown(seconds)}")


def _lag(seen: Seen) -> Taken:
    """
    From the first look to the one that showed what was expected.
    """
    seconds = seen.record.lag
    return Taken(seconds, f"it took {_shown(seconds)} and {seen.record.attempts} looks until it could be read")


_MEASURES: Final[Mapping[str, Callable[[Seen], Taken | None]]] = {
    "first_text": _first_text,
    "rate": _rate,
    "took": _took,
    "lag": _lag,
}


def _witness(name: str, seen: Seen) -> Witness:
    if name != "lag":
        return "wire"
    return "store" if seen.record.action in ("query", "sql") else "api"


def _shown(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
