"""
Checks of what the database holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.checks.finding import Finding, excerpt, plain
from conformance.checks.seen import Seen
from conformance.model.text import Text
from conformance.text.diff import describe, first_difference

__all__ = ["rows"]


def rows(want: list[dict[str, Any]], seen: Seen) -> Iterator[Finding]:
    """
    Exactly these rows, in this order; columns that are not named do not matter.
    """
    if (unseen := seen.unseen("store")) is not None:
        yield unseen
        return
    actual = seen.record.rows or []
    lines = list(_lines(want, actual, seen))
    if lines:
        expected = [{key: plain(seen.fill(value)) for key, value in row.items()} for row in want]
        found = [{key: plain(value) for key, value in row.items()} for row in actual[:20]]
        yield seen.differs("rows", "store", "rows", lines, expected, found)


def _lines(want: list[dict[str, Any]], actual: list[dict[str, Any]], seen: Seen) -> Iterator[str]:
    if len(want) != len(actual):
        yield f"the store has {len(actual)} rows, expected {len(want)}"
        yield from (f"  found     {_row(row)}" for row in actual[:6])
    for place, (row, found) in enumerate(zip(want, actual, strict=False)):
        for column, value in row.items():
            for line in _cell(column, _wanted(value, seen), found):
                yield f"  row {place}: {line}"


def _wanted(value: Any, seen: Seen) -> Any:
    """
    A number stays one; what an earlier step did not show is no NULL.
    """
    filled = seen.fill(value)
    return seen.text(value) if filled is None and isinstance(value, str) else filled


def _cell(column: str, wanted: Any, found: dict[str, Any]) -> Iterator[str]:
    if column not in found:
        yield f"there is no column {column}; the query gives {', '.join(found)}"
        return
    actual = found[column]
    if isinstance(wanted, str | Text) and isinstance(actual, str):
        if (divergence := first_difference(wanted, actual)) is not None:
            yield f"{column} {describe(divergence)}"
    elif wanted != actual:
        yield f"{column} is {excerpt(actual)}, expected {excerpt(wanted)}"


def _row(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {excerpt(value)}" for name, value in row.items())
