"""
The tables of docs/trust.md that come from the kill matrix. The words around them are written by hand.

`python -m conformance.reporting.trust` writes them anew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path as File
from typing import Final

import msgspec

from conformance.loading.ledger import load_ledger
from conformance.loading.places import ROOT, shipped_ledger
from conformance.model.catalogue import NotShown
from conformance.model.matrix import KillMatrix
from conformance.model.requirement import Ledger
from conformance.reporting.kill_page import by_group
from conformance.reporting.kills import MATRIX, parse_matrix, proofs, unproven
from conformance.reporting.templates import templates_folder

__all__ = ["FILE", "TABLES", "filled", "not_shown", "trust_text"]

FILE: Final = ROOT / "docs" / "trust.md"
_MARKUP: Final = re.compile(r"([|<>])")
_ESCAPED: Final = r"\\\1"
_REGION: Final = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

Table = Callable[[KillMatrix, Ledger], Iterator[str]]


def trust_text(page: str) -> str:
    """
    The page with the tables of the committed matrix.
    """
    matrix = parse_matrix((templates_folder() / MATRIX).read_text(encoding="utf-8"))
    return filled(page, matrix, load_ledger(shipped_ledger()))


def filled(page: str, matrix: KillMatrix, ledger: Ledger) -> str:
    """
    A page whose regions between `<!-- table: NAME -->` and `<!-- end -->` hold the tables of those names.
    """

    def table(found: re.Match[str]) -> str:
        if found[2] not in TABLES:
            return found[0]  # another generator's
        return found[1] + "\n" + "\n".join(TABLES[found[2]](matrix, ledger)) + "\n\n" + found[3]

    return _REGION.sub(table, page)


def _summary(matrix: KillMatrix, _ledger: Ledger) -> Iterator[str]:
    verdicts = Counter(row.verdict for row in matrix.rows)
    cells = Counter(cell.verdict for row in matrix.rows for cell in row.dialects.values())
    yield from _head("verdict", "defects", "defects in dialects")
    for verdict in ("caught", "caught elsewhere", "survived", "equivalent"):
        yield _line(verdict, verdicts[verdict], cells[verdict])


def _groups(matrix: KillMatrix, _ledger: Ledger) -> Iterator[str]:
    yield from _head("group", "defects", "caught", "in dialects")
    for one in by_group(matrix.rows):
        yield _line(one.name, one.defects, one.caught, one.pairs)


def _dialects(matrix: KillMatrix, _ledger: Ledger) -> Iterator[str]:
    cells = Counter((name, cell.verdict) for row in matrix.rows for name, cell in row.dialects.items())
    yield from _head("dialect", "defects", "caught")
    for name in sorted({name for name, _ in cells}):
        played = sum(
            count for (dialect, verdict), count in cells.items() if dialect == name and verdict != "equivalent"
        )
        yield _line(name, played, cells[name, "caught"])


def _survivors(matrix: KillMatrix, _ledger: Ledger) -> Iterator[str]:
    lines = [
        _line(f"`{row.defect}`", dialect, cell.verdict, cell.reason or row.sentence)
        for row in matrix.rows
        for dialect, cell in row.dialects.items()
        if cell.verdict != "caught"
    ]
    yield from [*_head("defect", "dialect", "verdict", "why"), *lines] if lines else ["None."]


def not_shown() -> list[NotShown]:
    """
    What reports/catalogue.yaml lists.
    """
    return msgspec.yaml.decode((templates_folder() / "catalogue.yaml").read_bytes(), type=list[NotShown])


def _missing(_matrix: KillMatrix, _ledger: Ledger) -> Iterator[str]:
    yield from _head("defect", "group", "tier", "why")
    for one in not_shown():
        yield _line(f"`{one.id}`", one.group, one.tier, one.reason)


def _areas(matrix: KillMatrix, ledger: Ledger) -> Iterator[str]:
    proven = proofs(matrix)
    yield from _head("area", "requirements", "with a scenario", "that a defect breaks", "defects")
    for area in dict.fromkeys(one.area for one in ledger.requirements):
        mine = [one for one in ledger.requirements if one.area == area]
        tested = [one for one in mine if one.untested is None]
        breaking = {defect for one in mine for defect in proven.get(one.id, [])}
        yield _line(area, len(mine), len(tested), sum(one.id in proven for one in tested), len(breaking))


def _requirements(matrix: KillMatrix, ledger: Ledger) -> Iterator[str]:
    proven: Mapping[str, Sequence[str]] = proofs(matrix)
    yield from _head("requirement", "broken by")
    for one in ledger.requirements:
        names = ", ".join(f"`{name}`" for name in proven.get(one.id, []))
        yield _line(one.id, names or (f"not tested: {one.untested}" if one.untested else "**nothing yet**"))


def _unproven(matrix: KillMatrix, ledger: Ledger) -> Iterator[str]:
    found = unproven(matrix, ledger.requirements)
    yield from [f"* {one}" for one in found] or ["None."]


def _head(*names: str) -> tuple[str, str]:
    return _line(*names), _line(*("---" for _ in names))


def _line(*cells: object) -> str:
    return f"| {' | '.join(_MARKUP.sub(_ESCAPED, ' '.join(str(cell).split())) for cell in cells)} |"


TABLES: Final[Mapping[str, Table]] = {
    "summary": _summary,
    "groups": _groups,
    "dialects": _dialects,
    "survivors": _survivors,
    "missing": _missing,
    "areas": _areas,
    "unproven": _unproven,
    "requirements": _requirements,
}


def write(file: File = FILE) -> None:
    file.write_text(trust_text(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write()
