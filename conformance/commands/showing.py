"""
What it takes to see a defect of the reference server: a dialect, a database, a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from conformance.commands.databases import THROW_AWAY
from conformance.engine.support import own_process
from conformance.loading.places import shipped_scenarios
from conformance.loading.scenarios import load_scenarios
from conformance.model.matrix import Row
from conformance.reporting.kills import shipped_matrix

__all__ = ["conditions", "known_rows", "look_at", "started_alone"]

Defect = Mapping[str, Any]


def known_rows() -> dict[str, Row]:
    """
    What the kill matrix knows of each defect; nothing where there is no matrix.
    """
    matrix = shipped_matrix()
    return {row.defect: row for row in matrix.rows} if matrix is not None else {}


def started_alone() -> frozenset[str]:
    """
    The scenarios that do something to the target's process, or to its way to the store.
    """
    every = (one.scenario for one in load_scenarios([shipped_scenarios()]))
    return frozenset(one.id for one in every if own_process(one))


def conditions(defect: Defect, row: Row | None, alone: Set[str]) -> Iterator[str]:
    """
    Each condition without which nothing is seen in any dialect, in words.
    """
    if defect["store"] == "postgresql":
        yield f"with PostgreSQL (--db {THROW_AWAY})"
    if _is_alone(row, alone):
        yield "where threadgauge starts the server (no URL, or --target-cmd)"


def look_at(defect: Defect, row: Row | None, alone: Set[str]) -> Iterator[str]:
    """
    The commands that show it.
    """
    name, db = defect["id"], f" --db {THROW_AWAY}" if defect["store"] == "postgresql" else ""
    dialect, scenario = _shown(defect, row)
    chosen = f" --profile {dialect}" + (f" --select {scenario}" if scenario else "")
    yield f"threadgauge run{chosen} --defect {name}{db}"
    if not _is_alone(row, alone):
        yield f"threadgauge serve --dialect {dialect} --defect {name}{db}"


def _is_alone(row: Row | None, alone: Set[str]) -> bool:
    showing = [one.scenario for one in row.dialects.values() if one.scenario] if row is not None else []
    return bool(showing) and all(name.partition("[")[0] in alone for name in showing)


def _shown(defect: Defect, row: Row | None) -> tuple[str, str | None]:
    """
    A dialect in which it was seen, and the scenario; else one in which it can be.
    """
    cells = row.dialects if row is not None else {}
    seen = [(name, cells[name].scenario) for name in defect["dialects"] if name in cells and cells[name].scenario]
    dialect, scenario = next(iter(seen), (defect["dialects"][0], None))
    return dialect, scenario.partition("[")[0] if scenario else None
