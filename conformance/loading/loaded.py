"""
What was loaded, with its places, so that later checks can point at them too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from conformance.loading.document import Document, Path, Places
from conformance.model.profile import Profile
from conformance.model.requirement import Ledger
from conformance.model.scenario import Scenario, Step

__all__ = ["LoadedLedger", "LoadedProfile", "LoadedScenario", "LocatedStep"]


@dataclass(frozen=True, slots=True)
class LocatedStep:
    """
    A step, the path to it, and what the file says there.
    """

    path: Path
    step: Step
    raw: dict[str, Any]

    def inner(self, key: str) -> list[LocatedStep]:
        """
        The steps within it: of `together` or `during`.
        """
        steps: list[Step] = getattr(self.step, key) or []
        return [LocatedStep((*self.path, key, n), step, self.raw[key][n]) for n, step in enumerate(steps)]


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """
    A scenario and the file that it stands in.
    """

    scenario: Scenario
    file: File
    positions: Document

    @property
    def steps(self) -> list[LocatedStep]:
        """
        The outer steps.
        """
        raw = self.positions.value["steps"]
        return [LocatedStep(("steps", n), step, raw[n]) for n, step in enumerate(self.scenario.steps)]

    def all_steps(self) -> Iterator[LocatedStep]:
        """
        All steps, those within steps too, in the order written.
        """
        for step in self.steps:
            yield from _with_inner(step)


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """
    A profile, with what it extends already in it.
    """

    profile: Profile
    positions: Places


@dataclass(frozen=True, slots=True)
class LoadedLedger:
    """
    The requirements and the file that they stand in.
    """

    ledger: Ledger
    positions: Places


def _with_inner(step: LocatedStep) -> Iterator[LocatedStep]:
    yield step
    for key in ("together", "during"):
        for inner in step.inner(key):
            yield from _with_inner(inner)
