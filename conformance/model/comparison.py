"""
Runs side by side: what changed in verdicts and figures.
"""

from __future__ import annotations

from typing import Literal

from conformance.model.base import Model
from conformance.model.outcome import Kind
from conformance.model.requirement import Level
from conformance.model.suite import KillScore

__all__ = ["Comparison", "Direction", "FigureLine", "Run", "Tally", "Trend", "VerdictLine"]

Direction = Literal["worse", "better", "lost", "gained", "changed", "same"]
"""
The last run against the first. `worse` and `better` where both were judged, `lost` and `gained` where only the first or
only the last one was, `changed` where it only went to and fro, or something else than passing changed.
"""


class Run(Model, frozen=True, kw_only=True):
    """
    One run. `label` tells it from the others; `kill` is the kill score of the suite that judged it, null if unknown.
    """

    label: str
    tool: str
    started: str
    seed: int
    duration: float
    exit_code: int
    verdict: str
    counts: dict[Kind, int]
    targets: list[str]
    profiles: list[str]
    kill: KillScore | None = None


class VerdictLine(Model, frozen=True, kw_only=True):
    """
    One scenario in all runs; null where a run did not play it. `causes` say what of ours changed with it: without one,
    it is the server. `told` is the first difference of the last run in which it did not pass.
    """

    name: str
    profile: str
    title: str
    requirement: str
    level: Level
    area: str
    kinds: list[Kind | None]
    change: Direction
    causes: list[str] = []
    told: str | None = None


class FigureLine(Model, frozen=True, kw_only=True):
    """
    One figure in all runs, in `unit`. `ratio` is the last value through the first, above 1 where it got worse.
    """

    name: str
    profile: str
    what: str
    unit: str
    target: str
    values: list[float | None]
    held: list[bool | None]
    change: Direction
    ratio: float | None = None


class Trend(Model, frozen=True, kw_only=True):
    """
    All figures of one kind, run by run: the medians of the `of` figures that every run has measured. `ratio` as of one
    figure.
    """

    what: str
    unit: str
    of: int
    values: list[float]
    ratio: float | None = None


class Tally(Model, frozen=True, kw_only=True):
    """
    One area: how many of the judged scenarios passed, run by run.
    """

    area: str
    passed: list[int]
    judged: list[int]


class Comparison(Model, frozen=True, kw_only=True):
    """
    Two or more runs, the oldest first. `verdicts` and `figures` are those that are not the same in all; `conforms` is
    true exactly when `exit_code` is 0; 1 says that something got worse, 2 that the last run cannot tell. `trends` are
    of three runs or more.
    """

    runs: list[Run]
    conforms: bool
    exit_code: int
    summary: str
    areas: list[Tally]
    verdicts: list[VerdictLine]
    figures: list[FigureLine]
    trends: list[Trend] = []
    same: int
    notes: list[str] = []
