"""
Rows of any DB-API cursor: all of them, or an error that says there are too many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.driver.stores.canonical import plain
from conformance.driver.stores.errors import LimitReached, QueryWrong

__all__ = ["all_rows", "named_rows"]


def all_rows(cursor: Any, limit: int, place: str) -> list[Sequence[object]]:
    """
    `LimitReached` beyond `limit`: a part of the rows would prove nothing, and nobody would notice.
    """
    rows: list[Sequence[object]] = cursor.fetchmany(limit + 1)
    if len(rows) > limit:
        raise LimitReached(place, f"more than {limit} rows", "narrow it to what this run made")
    return rows


def named_rows(cursor: Any, limit: int, place: str) -> list[dict[str, object]]:
    """
    The rows by column name, with values as JSON has them.
    """
    names = [column[0] for column in cursor.description or ()]
    if len(set(names)) < len(names):
        raise QueryWrong(place, f"two columns have one name among {', '.join(names)}", "name them with AS")
    rows = all_rows(cursor, limit, place)
    return [{name: plain(value, place, name) for name, value in zip(names, row, strict=True)} for row in rows]
