"""
The requirements of which a run has told nothing, each with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.model.results import Coverage, Results

__all__ = ["Unjudged", "unjudged", "unjudged_line"]

NAMED: Final = 8  # on a terminal: more is read in a report


@dataclass(frozen=True, slots=True)
class Unjudged:
    """
    A requirement, and why it was not judged.
    """

    coverage: Coverage
    reason: str


def unjudged(results: Results) -> list[Unjudged]:
    """
    All of them, in the order of the ledger.
    """
    reasons = {one.requirement: one.reason for one in reversed(results.outcomes) if one.reason}
    return [
        Unjudged(one, one.untested or reasons.get(one.requirement) or "no scenario of it was played")
        for one in results.coverage
        if not one.judged
    ]


def unjudged_line(results: Results) -> Iterator[str]:
    """
    Their names on one line; nothing where they are the larger part, as where only some scenarios were chosen.
    """
    names = [one.requirement for one in results.coverage if not one.judged]
    if names and 2 * len(names) <= len(results.coverage):
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"not judged (the report says why): {', '.join(names[:NAMED])}{more}"
