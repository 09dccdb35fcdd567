"""
The tables of docs/trust.md are those of the committed kill matrix, and the matrix is about this suite.
"""

from __future__ import annotations

from pathlib import Path

from conformance.commands.suspects import known_ids
from conformance.loading.ledger import load_ledger
from conformance.loading.places import shipped_ledger
from conformance.reporting.kills import parse_matrix, render_matrix
from conformance.reporting.trust import trust_text

CLONE = Path(__file__).parents[2]
PAGE = (CLONE / "docs" / "trust.md").read_text(encoding="utf-8")
TEXT = (CLONE / "reports" / "kill-matrix.json").read_text(encoding="utf-8")
MATRIX = parse_matrix(TEXT)
REQUIREMENTS = {one.id for one in load_ledger(shipped_ledger()).requirements}


def test_the_tables_are_those_of_the_matrix() -> None:
    assert trust_text(PAGE) == PAGE, "stale: run `python -m conformance.reporting.trust`"


def test_the_matrix_is_written_as_the_command_writes_it() -> None:
    assert render_matrix(MATRIX) == TEXT


def test_the_matrix_has_no_defect_and_no_requirement_that_is_gone() -> None:
    assert {row.defect for row in MATRIX.rows} - known_ids() == set()
    assert {one for row in MATRIX.rows for one in row.shown} - REQUIREMENTS == set()


def test_every_defect_in_the_matrix_is_shown_to_be_one() -> None:
    cells = [(row.defect, name, cell) for row in MATRIX.rows for name, cell in row.dialects.items()]

    assert [
        (defect, name) for defect, name, cell in cells if cell.verdict != "equivalent" and cell.witness is None
    ] == []


def test_nothing_tells_of_the_machine() -> None:
    assert not [word for word in ("/home/", "/root/", "/tmp/", "127.0.0.1") if word in TEXT]
