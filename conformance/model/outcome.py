"""
An outcome: the verdict on one scenario played against one profile.
"""

from __future__ import annotations

from typing import Any, Literal

from conformance.model.base import Model
from conformance.model.requirement import Level, SuspectDefect
from conformance.model.transcript import Unseen

__all__ = ["CONFORMING", "KINDS", "LATE", "Difference", "Figure", "Kind", "Outcome"]

Kind = Literal["passed", "failed", "known failure", "fixed", "deviation", "unsupported", "inconclusive", "error"]

KINDS: tuple[Kind, ...] = (
    "failed",
    "error",
    "fixed",
    "deviation",
    "known failure",
    "inconclusive",
    "unsupported",
    "passed",
)
"""
All kinds, the most urgent first: the order of every summary.
"""

CONFORMING: frozenset[Kind] = frozenset({"passed", "known failure", "deviation", "unsupported", "inconclusive"})
LATE = 1.0  # seconds; a busy machine makes our loop 0.05 to 0.5 s late, and gates open by themselves after 10 s
_SHARED = frozenset({"timing", "metrics"})  # checks of what others have a part in
_UNDONE: frozenset[Kind] = frozenset({"failed", "deviation", "inconclusive"})


class Difference(Model, frozen=True, kw_only=True):
    """
    One expectation that was observed not to hold.

    `at` is the place inside the observation (`messages[1].text`), `witness` where it was seen. `lines` is the same in
    words, ready to print; `expected` and `actual` are plain JSON values (texts may be shortened around the difference).
    """

    check: str
    step: str
    at: str
    witness: str
    lines: list[str]
    expected: Any = None
    actual: Any = None


class Figure(Model, frozen=True, kw_only=True):
    """
    One thing measured against a target: `value` in `unit` (`s`, or `per second`), and whether it held; null where our
    own lateness or the model's could explain that it did not. `of` counts the steps of which it is the worst, and
    `every` has the values of those, the smallest first.
    """

    name: str
    value: float
    unit: str
    target: str
    held: bool | None = None
    of: int = 1
    every: list[float] = []


class Outcome(Model, frozen=True, kw_only=True):
    """
    What was found. `name` is the scenario's id with its example; `steps` maps a step's index to its title.

    `reason` explains every kind but `passed` and `failed` in one sentence. `also` says where else the same fact was
    seen (which of the four witnesses still had it). `again` is the command that repeats it. `standing` says which
    of the rules that hold in every scenario this one showed kept or broken. `known` are the entries of the baseline
    that expect its differences. `late`: by how many seconds our own event loop was late. `lacking` is all that the
    profile must declare for the scenario to be played.
    """

    kind: Kind
    scenario: str
    name: str
    title: str
    profile: str
    requirement: str
    level: Level
    sentence: str
    area: str
    differences: list[Difference] = []
    unseen: list[Unseen] = []
    reason: str | None = None
    also: str | None = None
    standing: dict[str, Kind] = {}
    suspects: list[SuspectDefect] = []
    steps: dict[str, str] = {}
    duration: float = 0.0
    lag: float = 0.0
    late: float = 0.0
    figures: list[Figure] = []
    transcript: str | None = None
    again: str | None = None
    known: list[str] = []
    lacking: list[str] = []

    @property
    def by_chance(self) -> bool:
        """
        Whether another time may tell otherwise: nothing but time was missed, or figures of the whole server, which
        count what other scenarios have left under way too; what did not come about may then; or we were too late
        ourselves for anything to be sure. A server that looks at its model, and is not answered in time by ours, says
        with reason that it is not well.
        """
        if self.late > LATE and self.kind in _UNDONE:
            return True
        missed = any(one.check not in _SHARED for one in self.differences)
        unseen = any(not one.by_chance for one in self.unseen)
        return bool(self.differences or self.unseen) and self.kind in _UNDONE and not (missed or unseen)
