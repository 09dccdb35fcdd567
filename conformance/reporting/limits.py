"""
What a run could not judge by the way it was played, said where the verdict is.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.model.results import Results
from conformance.reporting.visible import inline

__all__ = ["limits_of"]

NAMED = 3


def limits_of(results: Results) -> Iterator[str]:
    """
    A sentence for each limit; none for a run that had all.
    """
    if results.live:
        untold = results.counts.get("inconclusive", 0)
        yield (
            "Live: a real model answered. What it was told was not seen, and its words were not judged: "
            f"{untold} of {len(results.outcomes)} scenarios could not be told."
        )
    if results.unplayed:
        first = ", ".join(inline(name) for name in results.unplayed[:NAMED])
        more = ", ..." if len(results.unplayed) > NAMED else ""
        yield f"Not played, beyond --max-turns: {len(results.unplayed)} ({first}{more}; all are in results.json)."
