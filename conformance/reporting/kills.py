"""
The kill matrix as JSON, against an earlier one, and read the other way: which defects prove a requirement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Final

import msgspec
from msgspec import structs

from conformance.model.matrix import Cell, KillMatrix, Row
from conformance.model.requirement import Requirement
from conformance.reporting.templates import templates_folder

__all__ = [
    "MATRIX",
    "links",
    "merged",
    "parse_matrix",
    "proofs",
    "regressions",
    "render_matrix",
    "shipped_matrix",
    "unproven",
    "unshown",
    "wrongs",
]

MATRIX: Final = "kill-matrix.json"


def render_matrix(matrix: KillMatrix) -> str:
    """
    The same text for the same verdicts, one defect after the other, so that a change can be read as a difference.
    """
    ordered = structs.replace(matrix, rows=sorted(matrix.rows, key=lambda row: row.defect))
    return msgspec.json.format(msgspec.json.encode(ordered), indent=1).decode() + "\n"


@cache
def shipped_matrix() -> KillMatrix | None:
    """
    What the suite's own test found, or nothing where it is not installed.
    """
    file = templates_folder() / MATRIX
    return parse_matrix(file.read_text(encoding="utf-8")) if file.is_file() else None


def parse_matrix(text: str) -> KillMatrix:
    return msgspec.json.decode(text, type=KillMatrix)


def merged(before: KillMatrix, now: KillMatrix, known: Collection[str], healthy: bool = True) -> KillMatrix:
    """
    What was played now over what was known before; defects that are no longer there are left out. Without `healthy`,
    the healthy server was not played now.
    """
    rows = {row.defect: row for row in before.rows if row.defect in known}
    for row in now.rows:
        old = rows.get(row.defect)
        kept = {} if old is None else {name: cell for name, cell in old.dialects.items() if name not in row.dialects}
        rows[row.defect] = structs.replace(row, dialects=dict(sorted({**kept, **row.dialects}.items())))
    alarms = now.false_alarms if healthy else before.false_alarms
    return KillMatrix(rows=[rows[name] for name in sorted(rows)], false_alarms=alarms)


def proofs(matrix: KillMatrix) -> dict[str, list[str]]:
    """
    By requirement, the defects that were seen to break it.
    """
    found: dict[str, list[str]] = {}
    for row in matrix.rows:
        for requirement in row.shown:
            found.setdefault(requirement, []).append(row.defect)
    return dict(sorted(found.items()))


def unproven(matrix: KillMatrix, requirements: Iterable[Requirement]) -> list[str]:
    """
    Requirements that have a scenario and that nothing was seen to break.
    """
    proven = proofs(matrix)
    return sorted(one.id for one in requirements if one.untested is None and one.id not in proven)


def unshown(row: Row) -> list[str]:
    """
    Requirements that a defect names and that did not see it, in any dialect.
    """
    return [one for one in row.named if one not in row.shown]


def regressions(before: KillMatrix, now: KillMatrix, known: Collection[str], whole: bool) -> Iterator[str]:
    """
    What was better before: a defect caught then and not now, a defect that is gone, a requirement that nothing proves
    any more. Only what was played now is compared; where that is not the whole, nothing is said of what was not.
    """
    rows = {row.defect: row for row in now.rows}
    for old in before.rows:
        if old.defect not in known:
            yield f"{old.defect} is gone: it was a defect that was {old.verdict}"
        elif old.defect in rows:
            yield from _worse(old, rows[old.defect])
    if whole:
        yield from (f"no defect breaks {one} any more" for one in now.unproven if one in proofs(before))
        if round(now.score, 4) < round(before.score, 4):
            yield f"the kill score fell from {before.score:.1%} to {now.score:.1%}"


def _worse(old: Row, new: Row) -> Iterator[str]:
    for dialect, cell in new.dialects.items():
        before = old.dialects.get(dialect)
        if before is not None and before.verdict == "caught" and cell.verdict != "caught":
            by = f" by {', '.join(before.shown)} ({before.scenario})" if before.shown else ""
            yield f"{old.defect} was caught in {dialect}{by}, and is {_now(cell)}"


def _now(cell: Cell) -> str:
    by = f" by {', '.join(cell.also)}" if cell.also else ""
    why = f": {cell.reason}" if cell.reason else ""
    return f"{cell.verdict}{by}{why}"


def wrongs(matrix: KillMatrix) -> Iterator[str]:
    """
    Why this matrix is not green, a sentence each.
    """
    yield from (f"false alarm: {one}" for one in matrix.false_alarms)
    for row in matrix.rows:
        for dialect, cell in row.dialects.items():
            yield from _wrong(row, dialect, cell)


def _wrong(row: Row, dialect: str, cell: Cell) -> Iterator[str]:
    if cell.verdict in ("survived", "caught elsewhere"):
        names = ", ".join(row.named)
        by = f" by {', '.join(cell.also)}" if cell.also else ""
        yield f"{row.defect} in {dialect}: {cell.verdict}{by}; it names {names}. {row.sentence}"
    if cell.verdict != "equivalent" and cell.witness is None:
        yield f"{row.defect} in {dialect}: nothing differs from the healthy server, so it is not shown to be broken"


def links(row: Row, requirements: Mapping[str, Requirement]) -> list[str]:
    """
    The public reports that the ledger gives for the defect.
    """
    named = (requirements[name] for name in row.named if name in requirements)
    return sorted({one.report for each in named for one in each.defects if one.id == row.defect and one.report})
