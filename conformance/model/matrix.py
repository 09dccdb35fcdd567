"""
The kill matrix: what the suite made of every known defect, dialect by dialect. Nothing in it tells of a machine.
"""

from __future__ import annotations

from typing import Literal

from conformance.model.base import Model

__all__ = ["Cell", "Contrast", "KillMatrix", "KillVerdict", "Row", "Suspect", "Witness"]

KillVerdict = Literal["caught", "caught elsewhere", "survived", "equivalent"]
"""
`caught` by a requirement that the defect names, `caught elsewhere` by another one only, `survived`: by none;
`equivalent` where nobody could see a difference, for the reason given.
"""


class Suspect(Model, frozen=True, kw_only=True):
    """
    A defect as the reference server lists it. `equivalent` is the reason by dialect; `store` is the database on which
    it can be seen.
    """

    id: str
    seam: str = ""
    group: str = ""
    sentence: str
    dialects: list[str]
    caught_by: list[str] = []
    equivalent: dict[str, str] = {}
    store: Literal["any", "postgresql"] = "any"


class Contrast(Model, frozen=True, kw_only=True):
    """
    The first thing that was observed to differ: `at` its place in `step`, in words short enough to be read.
    """

    step: str
    at: str
    healthy: str
    broken: str


class Witness(Model, frozen=True, kw_only=True):
    """
    The evidence that a defect is one: `seen` differs between the healthy server and it, in the same scenario.
    """

    scenario: str
    seen: Contrast


class Cell(Model, frozen=True, kw_only=True):
    """
    One defect in one dialect. `shown` are the requirements it names that failed, `also` others that did; `scenario` is
    the one that caught it, and is played first the next time. `reason` is why it is equivalent.
    """

    verdict: KillVerdict
    shown: list[str] = []
    also: list[str] = []
    scenario: str | None = None
    reason: str | None = None
    witness: Witness | None = None


class Row(Model, frozen=True, kw_only=True):
    """
    One defect. `named` are the requirements that must catch it.
    """

    defect: str
    group: str
    seam: str
    sentence: str
    named: list[str]
    dialects: dict[str, Cell]

    @property
    def verdict(self) -> KillVerdict:
        """
        The worst of its dialects; equivalent only where it is in all.
        """
        found = [cell.verdict for cell in self.dialects.values()]
        order: list[KillVerdict] = ["survived", "caught elsewhere", "caught", "equivalent"]
        return next((one for one in order if one in found), "survived")

    @property
    def witness(self) -> Witness | None:
        return next((cell.witness for cell in self.dialects.values() if cell.witness is not None), None)

    @property
    def shown(self) -> list[str]:
        """
        The requirements that it was seen to break, named or not.
        """
        return sorted({one for cell in self.dialects.values() for one in (*cell.shown, *cell.also)})


class KillMatrix(Model, frozen=True, kw_only=True):
    """
    `false_alarms` are scenarios, with their dialect, that failed on the server with the identity twins of all defects;
    `unproven` are the requirements that have a scenario and that no defect was seen to break.
    """

    rows: list[Row]
    false_alarms: list[str] = []
    unproven: list[str] = []

    @property
    def score(self) -> float:
        """
        The part of the defects that are not equivalent that is caught by a requirement they name.
        """
        told = [row for row in self.rows if row.verdict != "equivalent"]
        return sum(row.verdict == "caught" for row in told) / len(told) if told else 1.0
