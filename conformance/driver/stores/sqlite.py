"""
SQLite as a store: the target's own file, opened read-only beside the server that writes it.
"""

from __future__ import annotations

import sqlite3
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from conformance.driver.stores.canonical import (
    KEYS,
    CanonicalRows,
    Table,
    TableName,
    canonical_table,
    check_columns,
    storable,
)
from conformance.driver.stores.errors import (
    LimitReached,
    QueryWrong,
    StoreError,
    StoreUnreachable,
    TableMissing,
)
from conformance.driver.stores.guard import bare_select
from conformance.driver.stores.lending import Lending
from conformance.driver.stores.mapping import sql_of
from conformance.driver.stores.placeholders import bind
from conformance.driver.stores.results import all_rows, named_rows
from conformance.driver.stores.sqlite_fence import only_reads
from conformance.driver.stores.store import ROW_LIMIT, TIME_LIMIT
from conformance.model.profile import StoreMapping

__all__ = ["SqliteStore"]

T = TypeVar("T")
BUSY_LIMIT = 5.0  # seconds; a writer in rollback-journal mode was measured to keep readers out for 1.3


class SqliteStore:
    """
    An SQLite file; every read is a transaction of its own, for an open one would keep seeing its first moment.
    """

    def __init__(self, path: Path, *, time_limit: float = TIME_LIMIT) -> None:
        self.warnings: list[str] = []
        self._path = path
        self._time_limit = time_limit
        self._lending = Lending(self._connect, sqlite3.Connection.close, is_cut=lambda _: False)

    async def rows(self, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]) -> CanonicalRows:
        read = partial(self._rows, mapping=mapping, ids=ids, canaries=canaries)
        return await self._lending.run(lambda connection: self._within_limits(connection, read))

    async def native(self, sql: str, parameters: Mapping[str, object]) -> list[dict[str, object]]:
        read = partial(self._native, sql=bare_select(sql, "sqlite"), parameters=parameters)
        return await self._lending.run(lambda connection: self._within_limits(connection, read))

    async def check(self, mapping: StoreMapping | None = None) -> None:
        if mapping is None:
            await self.native("SELECT count(*) AS tables FROM sqlite_master", {})
        else:
            await self.rows(mapping, (), ())

    async def close(self) -> None:
        await self._lending.close()

    def _connect(self) -> sqlite3.Connection:
        if not self._path.is_file():
            raise StoreUnreachable(f"sqlite {self._path}", "there is no such file", self._absolute_hint())
        uri = f"file:{urllib.parse.quote(str(self._path.absolute()))}?mode=ro"
        # Lent to one thread at a time, and closed by another than made it.
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_LIMIT, check_same_thread=False)
        only_reads(connection)
        return connection

    def _absolute_hint(self) -> str:
        if not self._path.is_absolute() and (Path("/") / self._path).is_file():
            return f"an absolute path has four slashes: sqlite:////{self._path}"
        return "start the server first, or fix the DSN: sqlite:///relative.db, sqlite:////absolute.db"

    def _within_limits(self, connection: sqlite3.Connection, read: Callable[[sqlite3.Connection], T]) -> T:
        deadline = time.monotonic() + self._time_limit
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        try:
            connection.execute("BEGIN")
            return read(connection)
        except sqlite3.Error as problem:
            raise self._explained(connection, problem) from None
        except UnicodeEncodeError:
            raise QueryWrong("the sql step", "a parameter holds a lone surrogate", "no store can hold one") from None
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")

    def _rows(
        self, connection: sqlite3.Connection, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]
    ) -> CanonicalRows:
        read = partial(_read, connection, ids=storable(ids), canaries=storable(canaries))
        return CanonicalRows(read("threads", sql_of(mapping, "threads")), read("messages", sql_of(mapping, "messages")))

    def _native(
        self, connection: sqlite3.Connection, sql: str, parameters: Mapping[str, object]
    ) -> list[dict[str, object]]:
        cursor = connection.execute(bind(sql, parameters, lambda name: f":{name}"), dict(parameters))
        return named_rows(cursor, ROW_LIMIT, "the sql step")

    def _explained(self, connection: sqlite3.Connection, problem: sqlite3.Error) -> StoreError:
        place, text = f"sqlite {self._path}", str(problem)
        if text.startswith("no such table"):
            return TableMissing(
                place, text, f"there are {_tables(connection)}; migrate the database or fix the mapping"
            )
        if text == "interrupted":
            return LimitReached(place, f"a read took more than {self._time_limit:g} s", "narrow it, or add an index")
        if isinstance(problem, sqlite3.ProgrammingError) or text.startswith(("no such", "near", "ambiguous", "wrong")):
            return QueryWrong(place, text, "fix the mapping's SELECT, or the step's")
        return StoreUnreachable(place, text, "see that it is an SQLite file, readable, and not locked for long")


def _read(
    connection: sqlite3.Connection, name: TableName, mapped: str, ids: Sequence[str], canaries: Sequence[str]
) -> Table:
    inner = bare_select(mapped, "sqlite")
    columns = [column[0] for column in connection.execute(f"SELECT * FROM ({inner}\n) AS m LIMIT 0").description]
    check_columns(name, columns)
    where, values = _of_this_run(name, columns, ids, canaries)
    cursor = connection.execute(f"SELECT * FROM ({inner}\n) AS m WHERE {where}", values)
    return canonical_table(name, columns, all_rows(cursor, ROW_LIMIT, f"the profile's store mapping for {name}"))


def _of_this_run(
    name: TableName, columns: Sequence[str], ids: Sequence[str], canaries: Sequence[str]
) -> tuple[str, list[str]]:
    """
    The condition and its values. `instr`, not LIKE: LIKE takes `_` for any letter and "A" for "a".
    """
    key, searched = KEYS[name]
    conditions = [f'm."{key}" IN ({", ".join("?" * len(ids))})']
    planted = canaries if searched in columns else ()
    # Not json_each: SQLite asks the authorizer for an UPDATE before it lets that be used.
    conditions += [f'instr(m."{searched}", ?) > 0'] * len(planted)
    return " OR ".join(conditions), [*ids, *planted]


def _tables(connection: sqlite3.Connection) -> str:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name LIMIT 20")
    return ", ".join(name for (name,) in names) or "no tables at all"
