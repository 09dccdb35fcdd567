"""
A baseline: the failures of a target that are known, each with a reason.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from msgspec import Meta

from conformance.model.base import Model

__all__ = ["STALE", "Baseline", "Entry", "EntryState", "Known"]

EntryState = Literal["known", "fixed", "expired", "matches nothing", "not judged", "not played"]

STALE: Final[frozenset[EntryState]] = frozenset({"fixed", "expired", "matches nothing"})
"""
What fails a run: an entry that is kept for ever hides the next failure of the same scenario.
"""


class Known(Model, frozen=True, kw_only=True):
    """
    One known failure. `fails` is `scenario[@dialect][#check]`, each with `*` and `?`; `expires` is the last day.
    """

    fails: Annotated[str, Meta(min_length=1)]
    reason: Annotated[str, Meta(min_length=3)]
    link: Annotated[str, Meta(pattern=r"^https?://")] | None = None
    expires: date | None = None


class Baseline(Model, frozen=True, kw_only=True):
    """
    The file.
    """

    known: list[Known]


class Entry(Model, frozen=True, kw_only=True):
    """
    An entry and what a run made of it. `place` is `file:line`, `told` one sentence, `outcomes` how many it explains.
    """

    fails: str
    reason: str
    place: str
    state: EntryState = "not played"
    told: str = ""
    outcomes: int = 0
    link: str | None = None
    expires: date | None = None
