"""
The kill matrix on a terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from conformance.model.matrix import KillMatrix, Row
from conformance.model.requirement import Requirement
from conformance.reporting.kills import proofs, unshown

__all__ = ["proof_lines", "result_lines", "told"]


def told(row: Row) -> str:
    """
    A defect in one line.
    """
    by = ", ".join(row.shown) or "nothing"
    return f"{row.verdict:<16} {row.defect:<40} {by}"


def result_lines(played: KillMatrix, whole: KillMatrix, worse: Sequence[str], seconds: float) -> Iterator[str]:
    """
    What was played now, what is known in all, and what is wrong with it.
    """
    rows = [row for row in played.rows if row.verdict != "equivalent"]
    caught = sum(row.verdict == "caught" for row in rows)
    pairs = Counter(name for row in rows for name in row.dialects)
    yield f"{caught} of {len(rows)} defects caught by a requirement that they name, in {seconds:.0f} s"
    yield from (f"  {name}: {pairs[name]}" for name in sorted(pairs))
    same = sum(cell.verdict == "equivalent" for row in played.rows for cell in row.dialects.values())
    if same:
        yield f"  equivalent: {same}"
    yield f"{len(proofs(whole))} requirements proven, {len(whole.unproven)} not"
    yield from (f"  unproven: {one}" for one in whole.unproven)
    now = {row.defect for row in rows}
    for row in whole.rows:
        if row.defect in now and row.verdict == "caught" and (blind := unshown(row)):
            yield f"  not seen by all that it names: {row.defect}, {', '.join(blind)}"
    yield from (f"WORSE {one}" for one in worse)


def proof_lines(matrix: KillMatrix, requirements: Iterable[Requirement]) -> Iterator[str]:
    """
    By requirement, the defects that were seen to break it.
    """
    proven = proofs(matrix)
    for one in requirements:
        by = ", ".join(proven.get(one.id, [])) or (f"not tested: {one.untested}" if one.untested else "UNPROVEN")
        yield f"{one.id:<50} {by}"
