"""
The kill matrix as one HTML file that needs nothing else, not even a script.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from markupsafe import Markup

from conformance.model.matrix import KillMatrix, KillVerdict, Row
from conformance.model.requirement import Requirement
from conformance.reporting.html import environment
from conformance.reporting.kills import links, proofs, wrongs
from conformance.reporting.reports import report_url
from conformance.reporting.templates import template

__all__ = ["Group", "by_group", "render_kill_page"]


@dataclass(frozen=True, slots=True)
class Group:
    """
    The defects of one kind; `pairs` are defects in dialects. What is equivalent is not counted.
    """

    name: str
    defects: int
    caught: int
    pairs: int


def by_group(rows: Sequence[Row]) -> list[Group]:
    told = [row for row in rows if row.verdict != "equivalent"]
    return [_group(name, [row for row in told if row.group == name]) for name in sorted({row.group for row in told})]


def _group(name: str, rows: Sequence[Row]) -> Group:
    pairs = sum(cell.verdict != "equivalent" for row in rows for cell in row.dialects.values())
    return Group(name, len(rows), sum(row.verdict == "caught" for row in rows), pairs)


def render_kill_page(matrix: KillMatrix, requirements: Mapping[str, Requirement]) -> str:
    """
    Defects by dialect, with what catches them, their public reports and what differs; then the other way round.
    """
    proven = proofs(matrix)
    verdicts = Counter(row.verdict for row in matrix.rows)
    rows = sorted(matrix.rows, key=lambda row: (row.verdict == "caught", row.group, row.defect))
    return (
        environment()
        .get_template("kills.html.j2")
        .render(
            matrix=matrix,
            wrongs=list(wrongs(matrix)),
            counts=[(one, verdicts[one]) for one in get_args(KillVerdict)],
            groups=by_group(matrix.rows),
            dialects=sorted({name for row in matrix.rows for name in row.dialects}),
            rows=[(row, links(row, requirements)) for row in rows],
            requirements=[(one, proven.get(one.id, [])) for one in requirements.values()],
            report_url=report_url,
            style=Markup(template("report.css")),
        )
    )
