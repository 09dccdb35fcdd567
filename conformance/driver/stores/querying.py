"""
Runs a scenario's query over canonical rows, in an SQLite that lives in memory for that one query.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing

from conformance.driver.stores.canonical import COLUMNS, CanonicalRows, Table
from conformance.driver.stores.errors import ColumnNotMapped, LimitReached, QueryWrong, StoreError, UnsafeSql
from conformance.driver.stores.placeholders import bind, quoted_names
from conformance.driver.stores.results import named_rows
from conformance.driver.stores.sqlite_fence import only_reads
from conformance.model.columns import NUMBERS

__all__ = ["query"]

PLACE = "the query"
TIME_LIMIT = 2.0  # seconds; a thousand rows take a millisecond
ROW_LIMIT = 10_000
VALUE_LIMIT = 64 * 2**20  # bytes; stops randomblob(1e9) and the like, a message of 1 MiB is far below


def query(
    rows: CanonicalRows, sql: str, parameters: Mapping[str, object], *, time_limit: float = TIME_LIMIT
) -> list[dict[str, object]]:
    """
    The rows that `sql` selects from `threads` and `messages`; `:name` stands for `parameters["name"]`.

    `position` numbers the messages in the mapping's own order: `ORDER BY created_at, position` has no ties. A column
    that the profile does not map is not in the tables, so `SELECT *` leaves it out and naming it is `ColumnNotMapped`.
    """
    text = bind(sql, parameters, lambda name: f":{name}")
    _check_quoted_names(rows, text)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for table in (rows.threads, rows.messages):
            _load(connection, table)
        # Once it was used, the authorizer lets json_each pass; before, SQLite wants an UPDATE for it.
        connection.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_LIMIT)
        only_reads(connection)
        _end_after(connection, time_limit)
        return _answer(connection, rows, text, parameters)


def _load(connection: sqlite3.Connection, table: Table) -> None:
    kinds = (f'"{name}" {"INTEGER" if name in NUMBERS else "TEXT"}' for name in table.columns)
    connection.execute(f"CREATE TABLE {table.name} ({', '.join(kinds)})")
    marks = ", ".join("?" * len(table.columns))
    connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", table.rows)


def _check_quoted_names(rows: CanonicalRows, sql: str) -> None:
    # SQLite reads a name in double quotes that it does not know as a text, and compares with that.
    for name in quoted_names(sql):
        _check_mapped(rows, name)


def _check_mapped(rows: CanonicalRows, name: str) -> None:
    tables = (rows.messages, rows.threads)
    if any(name in table.columns for table in tables):
        return
    for table in tables:
        if name in COLUMNS[table.name]:
            raise ColumnNotMapped(name, table.name, table.columns)


def _end_after(connection: sqlite3.Connection, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)


def _answer(
    connection: sqlite3.Connection, rows: CanonicalRows, sql: str, parameters: Mapping[str, object]
) -> list[dict[str, object]]:
    try:
        return named_rows(connection.execute(sql, dict(parameters)), ROW_LIMIT, PLACE)
    except sqlite3.Error as problem:
        raise _explained(str(problem), rows) from None
    except UnicodeEncodeError:
        raise QueryWrong(
            PLACE, "a parameter holds a lone surrogate", "no store can hold one; compare the rest"
        ) from None


def _explained(problem: str, rows: CanonicalRows) -> StoreError:
    missing = re.fullmatch(r"no such column: (?:(\w+)\.)?(\w+)", problem)
    if missing:
        return _column_missing(missing[2], rows)
    if "not authorized" in problem or "prohibited" in problem:
        return UnsafeSql(PLACE, problem, "write exactly one SELECT")
    if problem == "interrupted":
        return LimitReached(PLACE, "it took too long", "select less")
    return QueryWrong(PLACE, problem, "it runs on SQLite, over the tables threads and messages")


def _column_missing(column: str, rows: CanonicalRows) -> StoreError:
    for table in (rows.messages, rows.threads):
        if column in COLUMNS[table.name] and column not in table.columns:
            return ColumnNotMapped(column, table.name, table.columns)
    known = ", ".join(f"{table.name}.{name}" for table in (rows.threads, rows.messages) for name in table.columns)
    return QueryWrong(PLACE, f'there is no column "{column}"', f"there are {known}")
