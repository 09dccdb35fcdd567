"""
The results of one run: everything that a report needs but the transcripts.
"""

from __future__ import annotations

from typing import Final

from conformance.model.base import Model
from conformance.model.baseline import Entry
from conformance.model.outcome import Kind, Outcome
from conformance.model.requirement import Level
from conformance.model.suite import Suite
from conformance.model.transcript import Witness

__all__ = ["FORMAT", "Coverage", "Results", "TargetSeen"]

FORMAT: Final = 1
"""
Version of results.json; it grows when a field changes its meaning or goes away, not when one is added.
"""


class TargetSeen(Model, frozen=True, kw_only=True):
    """
    A server that was tested. `witnesses` are those that could be looked at; `url` holds no secret.
    """

    profile: str
    url: str
    title: str = ""
    witnesses: list[Witness] = []


class Coverage(Model, frozen=True, kw_only=True):
    """
    One requirement, and whether this run judged it: `profiles` are those for which it passed, failed or deviated.

    `untested` says why no scenario can show it.
    """

    requirement: str
    level: Level
    sentence: str
    judged: bool
    profiles: list[str] = []
    source: list[str] = []
    untested: str | None = None


class Results(Model, frozen=True, kw_only=True):
    """
    One run. `started` is ISO 8601 in UTC, `duration` seconds; `counts` has every outcome kind, zeros too.

    `baseline` are the known failures that it was held against, and what it made of each. `suite` is what judged it.
    `live`: a real model has answered, so less could be judged; `unplayed` names what was beyond `--max-turns`.
    `conforms` is true exactly when `exit_code` is 0; 1 says that the target does not, 2 that it could not be told.
    """

    format: int
    tool: str
    started: str
    duration: float
    seed: int
    conforms: bool
    exit_code: int
    counts: dict[Kind, int]
    targets: list[TargetSeen]
    outcomes: list[Outcome]
    coverage: list[Coverage] = []
    strict: bool = False
    require_conclusive: bool = False
    notes: list[str] = []
    baseline: list[Entry] = []
    suite: Suite | None = None
    live: bool = False
    unplayed: list[str] = []
