"""
What was measured as small plots: all figures of one kind on one axis, with the targets drawn in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from conformance.model.results import Results
from conformance.reporting.figures import Row, rows

__all__ = ["HEIGHT", "TITLES", "WIDTH", "Panel", "Plotted", "panels"]

WIDTH: Final = 300
HEIGHT: Final = 22
EDGE: Final = 8

TITLES: Final = {
    "first_text": "Until the first text",
    "rate": "Pieces of text in a second",
    "lag": "From the end of the stream until it could be read",
    "took": "List and get: one exchange",
}
_LEAST: Final = {"s": 0.001}  # what is faster than a millisecond is drawn there: the clock tells no better
_BOUND: Final = re.compile(r"(<=?|>=?) *(\d+(?:\.\d+)?) *(ms|s)?")


@dataclass(frozen=True, slots=True)
class Plotted:
    """
    One figure on the axis of its panel. `others` is an SVG path of the values of which it is the worst; `missed` is
    where a value misses the target, from one x to another.
    """

    row: Row
    x: float
    others: str
    target: float | None
    missed: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """
    All figures of one kind. The axis is logarithmic; `ticks` are its decades.
    """

    title: str
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[Plotted, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """
    From one power of ten to another.
    """

    low: int
    high: int
    unit: str

    def x(self, value: float) -> float:
        share = (math.log10(max(value, 10.0**self.low)) - self.low) / (self.high - self.low)
        return round(EDGE + (WIDTH - 2 * EDGE) * min(share, 1.0), 1)


def panels(results: Results) -> Iterator[Panel]:
    """
    One panel for each kind of figure that this run has, in the order in which an answer is made.
    """
    found = sorted(rows(results), key=lambda row: _place(row.figure.name))
    for name, group in groupby(found, key=lambda row: row.figure.name):
        same = list(group)
        axis = _axis(same)
        plotted = tuple(_plotted(row, axis) for row in same)
        yield Panel(TITLES.get(name, name), tuple(_ticks(axis)), plotted)


def _place(name: str) -> tuple[int, str]:
    order = list(TITLES)
    return (order.index(name) if name in order else len(order)), name


def _axis(same: Sequence[Row]) -> Axis:
    unit = same[0].figure.unit
    values = [value for row in same for value in _values(row)]
    least = _LEAST.get(unit, 1.0)
    low = math.floor(math.log10(max(min(values), least)))
    return Axis(low, max(math.ceil(math.log10(max(*values, least))), low + 1), unit)


def _values(row: Row) -> Iterator[float]:
    yield row.figure.value
    yield from row.figure.every
    bound = _bound(row)
    if bound is not None:
        yield bound[1]


def _bound(row: Row) -> tuple[str, float] | None:
    shape = _BOUND.fullmatch(row.target.strip())
    return (shape[1], float(shape[2]) / (1000 if shape[3] == "ms" else 1)) if shape else None


def _plotted(row: Row, axis: Axis) -> Plotted:
    bound = _bound(row)
    target = axis.x(bound[1]) if bound else None
    missed = (0.0, 0.0)
    if bound is not None and target is not None:
        missed = (target, float(WIDTH)) if bound[0].startswith("<") else (0.0, target)
    return Plotted(row, axis.x(row.figure.value), _others(row.figure.every, axis), target, missed)


def _others(values: Iterable[float], axis: Axis) -> str:
    return "".join(f"M{x:g} 6v10" for x in sorted({round(axis.x(value)) for value in values}))


def _ticks(axis: Axis) -> Iterator[tuple[float, str]]:
    for power in range(axis.low, axis.high + 1):
        yield axis.x(10.0**power), _label(power, axis.unit)


def _label(power: int, unit: str) -> str:
    if unit != "s":
        return f"{10.0**power:g}"
    return f"{10 ** (power + 3):g} ms" if power < 0 else f"{10**power:g} s"
