"""
The two canonical tables that every store is read into, and what may stand in them.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from conformance.driver.stores.errors import MappingWrong
from conformance.model.columns import COLUMNS, NUMBERS, REQUIRED, TableName

__all__ = [
    "COLUMNS",
    "KEYS",
    "REQUIRED",
    "CanonicalRows",
    "Table",
    "TableName",
    "canonical_table",
    "check_columns",
    "plain",
    "storable",
]

# Which column says that a row is of this run, and which one is searched for canaries.
KEYS: Mapping[TableName, tuple[str, str]] = {"threads": ("id", "title"), "messages": ("thread_id", "text")}


@dataclass(frozen=True, slots=True)
class Table:
    """
    One canonical table: the columns that the mapping gives, and this run's rows in the mapping's own order.
    """

    name: TableName
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]


@dataclass(frozen=True, slots=True)
class CanonicalRows:
    """
    What the store holds of this run, seen at one moment.
    """

    threads: Table
    messages: Table


def check_columns(name: TableName, columns: Sequence[str]) -> None:
    """
    Raises `MappingWrong` where a mapping lacks a column that must be there, doubles one, or gives one nobody asks for.
    """
    place = f"the profile's store mapping for {name}"
    for column in REQUIRED[name]:
        if column not in columns:
            raise MappingWrong(place, f'it gives no column "{column}"', f"add it with `... AS {column}`")
    for at, column in enumerate(columns):
        if column not in COLUMNS[name]:
            raise MappingWrong(place, f'"{column}" is no column of {name}', _suggestion(column, COLUMNS[name]))
        if column in columns[:at]:
            raise MappingWrong(place, f'it gives "{column}" twice', "name each column once")


def storable(ids: Iterable[str], without: str = "") -> list[str]:
    """
    The ids that a store can hold at all: no lone surrogates, and none of the characters `without`.
    """
    return [one for one in ids if not set(one) & set(without) and one.encode("utf-8", "ignore").decode() == one]


def _suggestion(column: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(column, known, n=1)
    meant = f"did you mean `{close[0]}`? " if close else ""
    return f"{meant}leave it out or rename it with AS; there are {', '.join(known)}"


def canonical_table(name: TableName, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """
    Rows of a store as canonical rows; messages without a `position` are counted in the order they came in, from 1.
    """
    check_columns(name, columns)
    place = f"the profile's store mapping for {name}"
    cells = [tuple(_cell(value, place, at) for value, at in zip(row, columns, strict=True)) for row in rows]
    if name == "messages" and "position" not in columns:
        return Table(name, ("position", *columns), tuple((at, *row) for at, row in enumerate(cells, start=1)))
    return Table(name, tuple(columns), tuple(cells))


def _cell(value: object, place: str, column: str) -> str | int | None:
    value = plain(value, place, column)
    if value is None:
        return None
    if column in NUMBERS:
        return _whole(value, place, column)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _whole(value: object, place: str, column: str) -> int:
    if column == "archived" and value in (0, 1):
        return int(value == 1)
    # JavaScript has one kind of number, and stores that keep it give 3 as 3.0.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    # A bool is an int for Python, never a place in an order.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    told = f"map a column of {'booleans' if column == 'archived' else 'whole numbers'} `AS {column}`"
    raise MappingWrong(place, f'"{column}" is {value!r}', told)


def plain(value: object, place: str, column: str) -> object:
    """
    A database's value as JSON has it: times as ISO 8601 in UTC with six digits (so that texts sort), ids as text.

    A time without a zone is taken as UTC. Bytes are refused: which text they are is not ours to guess.
    """
    if value is None or isinstance(value, str | bool | int | float | dict | list):
        return value
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        raise MappingWrong(place, f'"{column}" holds bytes', "decode it in the SELECT, to text or to hex")
    return str(value)


def _instant(moment: datetime) -> str:
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
