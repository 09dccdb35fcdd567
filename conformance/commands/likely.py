"""
A verdict with its suspects, the likeliest first: of the defects that break a requirement, those that were seen to break
it in this very scenario. The kill matrix knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache

from msgspec import structs

from conformance.driver.folder import transcript_path
from conformance.engine.judge import judge
from conformance.model.outcome import Outcome
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement, SuspectDefect
from conformance.model.transcript import Transcript
from conformance.reporting.kills import shipped_matrix

__all__ = ["judged", "likeliest"]


def judged(transcript: Transcript, profile: Profile, requirements: Mapping[str, Requirement]) -> Outcome:
    """
    The outcome of a transcript, which knows where in the run folder that lies.
    """
    outcome = judge(transcript, profile, requirements)
    if outcome.suspects:
        outcome = structs.replace(outcome, suspects=likeliest(outcome, _caught()))
    return structs.replace(outcome, transcript=transcript_path(transcript.profile, transcript.name))


def likeliest(outcome: Outcome, caught: Mapping[str, Collection[str]]) -> list[SuspectDefect]:
    """
    The suspects in another order; `caught` are the scenarios that caught each defect. Of two that are as likely, the
    ledger's first stays first.
    """
    return sorted(outcome.suspects, key=_distance(outcome, caught))


def _distance(outcome: Outcome, caught: Mapping[str, Collection[str]]) -> Callable[[SuspectDefect], int]:
    def distance(suspect: SuspectDefect) -> int:
        # In whichever dialect: only the first scenario that caught a defect is known of each.
        by = caught.get(suspect.id, frozenset())
        if outcome.name in by:
            return 0
        return 1 if outcome.scenario in {name.partition("[")[0] for name in by} else 2

    return distance


@cache
def _caught() -> Mapping[str, Collection[str]]:
    """
    Nothing where the matrix is not installed.
    """
    matrix = shipped_matrix()
    rows = matrix.rows if matrix is not None else []
    return {row.defect: {cell.scenario for cell in row.dialects.values() if cell.scenario is not None} for row in rows}
