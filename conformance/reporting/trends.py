"""
Figures over several runs: as bars of text, as a line to draw, and as one line for each kind of figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Final

from conformance.model.comparison import FigureLine, Trend

__all__ = ["FEWEST", "HEIGHT", "WIDTH", "Drawn", "bars", "drawn", "ratio_of", "trends"]

FEWEST: Final = 3  # runs; two numbers beside each other need no picture
WIDTH: Final = 120
HEIGHT: Final = 30
_EDGE: Final = 4
_BARS: Final = "▁▂▃▄▅▆▇█"
_GAP: Final = "·"


@dataclass(frozen=True, slots=True)
class Drawn:
    """
    Values in the order of the runs: SVG paths of what lies between, broken where a run has none, and the points, each
    with the place of its run.
    """

    line: str
    points: tuple[tuple[int, float, float], ...]


def trends(figures: Sequence[FigureLine]) -> Iterator[Trend]:
    """
    One for each kind of figure: the medians of those that every run has measured, so that like is held against like.
    """
    whole = sorted((one for one in figures if None not in one.values), key=lambda one: (one.what, one.unit))
    for (what, unit), group in groupby(whole, key=lambda one: (one.what, one.unit)):
        same = list(group)
        values = [median(column) for column in zip(*(_known(one) for one in same), strict=True)]
        ratio = ratio_of(values[0], values[-1], same[0].target)
        yield Trend(what=what, unit=unit, of=len(same), values=values, ratio=ratio)


def ratio_of(first: float | None, last: float | None, target: str) -> float | None:
    """
    Above 1 where it got worse: more seconds, or fewer a second.
    """
    if not first or not last:
        return None
    return first / last if target.startswith(">") else last / first


def bars(values: Sequence[float | None]) -> str:
    """
    A bar for each run. They stand on 0, so that a change is as high as it is large.
    """
    most = max(_some(values), default=0.0)
    return "".join(_GAP if value is None else _bar(value, most) for value in values)


def drawn(values: Sequence[float | None]) -> Drawn:
    """
    The same as a line from left to right, on 0 as well.
    """
    most = max(_some(values), default=0.0) or 1.0
    step = (WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    points = tuple(
        (run, round(_EDGE + run * step, 1), round(HEIGHT - _EDGE - (HEIGHT - 2 * _EDGE) * value / most, 1))
        for run, value in enumerate(values)
        if value is not None
    )
    return Drawn("".join(_to(points, place) for place in range(len(points))), points)


def _to(points: Sequence[tuple[int, float, float]], place: int) -> str:
    run, x, y = points[place]
    follows = place > 0 and points[place - 1][0] == run - 1
    return f"{'L' if follows else 'M'}{x:g} {y:g}"


def _bar(value: float, most: float) -> str:
    share = value / most if most else 0.0
    return _BARS[min(round(share * (len(_BARS) - 1)), len(_BARS) - 1)]


def _known(line: FigureLine) -> list[float]:
    return _some(line.values)


def _some(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]
