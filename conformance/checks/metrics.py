"""
The server's own figures, against those of an earlier step: what a turn has added to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from conformance.checks.conditions import holds
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.model.scenario import MetricsMatch
from conformance.model.transcript import Unseen
from conformance.text.jsonpath import NOTHING, one

__all__ = ["metrics"]

_UNITS: Final = {"ms": 0.001, "s": 1.0}


def metrics(want: MetricsMatch, seen: Seen) -> Iterator[Finding]:
    """
    How much each figure has grown. The profile says under `fields` where it stands.
    """
    before = seen.fill(want.since)
    now = seen.exchange.value if seen.exchange else None
    for name, wanted in (("turns", want.turns), ("tokens", want.tokens)):
        if wanted is not None:
            yield from _grown(name, seen.string(wanted), before, now, seen)
    if want.seconds is not None:
        yield from _grown("seconds", want.seconds, before, now, seen)


def _grown(name: str, wanted: str, before: Any, now: Any, seen: Seen) -> Iterator[Finding]:
    path = seen.operation.fields.get(name) if seen.operation else None
    if path is None:
        yield Unseen(witness="wire", reason=f"metrics.{name}: the profile does not say where this figure is")
        return
    first, last = one(path, before), one(path, now)
    if first is NOTHING and isinstance(last, int | float):
        first = 0  # a series with labels is not there before it counts something
    if not isinstance(first, int | float) or not isinstance(last, int | float):
        line = f"{path} is no number, before or now: {first!r}, {last!r}"
        yield seen.differs("metrics", "wire", f"metrics.{name}", [line], wanted, None)
    elif not (_long_enough if name == "seconds" else _met)(wanted, last - first):
        moved = f"has grown by {last - first:.12g}, from {first:.12g} to {last:.12g}"
        line = f"{path} {moved}; expected {_wording(name, wanted)}"
        yield seen.differs("metrics", "wire", f"metrics.{name}", [line], wanted, round(last - first, 6))


def _met(condition: str, growth: float) -> bool:
    return growth == int(growth) and holds(condition, int(growth))


def _long_enough(duration: str, growth: float) -> bool:
    unit = "ms" if duration.endswith("ms") else "s"
    return growth >= float(duration.removesuffix(unit)) * _UNITS[unit]


def _wording(name: str, wanted: str) -> str:
    return f"at least {wanted}" if name == "seconds" else wanted
