"""
PostgreSQL as a store: the target's own database, read in short read-only transactions.

Nothing outlives a transaction (no prepared statement, no SET but SET LOCAL), so a pooler in transaction mode may stand
between: with psycopg's defaults the sixth execution through PgBouncer fails with 42P05.
"""

from __future__ import annotations

import urllib.parse
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

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
    UnsafeSql,
)
from conformance.driver.stores.guard import bare_select
from conformance.driver.stores.lending import Lending
from conformance.driver.stores.mapping import sql_of
from conformance.driver.stores.placeholders import bind
from conformance.driver.stores.results import all_rows, named_rows
from conformance.driver.stores.store import ROW_LIMIT, TIME_LIMIT
from conformance.model.profile import StoreMapping

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["PostgresStore"]

T = TypeVar("T")
CONNECT_LIMIT = 5  # seconds; also libpq's patience with a host that drops packets

# One round trip. REPEATABLE READ: threads and messages of one moment, or a thread that is just being made would leave
# orphans. row_security = off: rows that a policy hides would look as if they were never stored; now they are an error.
BEGIN = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
    "SET LOCAL statement_timeout = {milliseconds}; SET LOCAL row_security = off"
)

UUID_TYPE = 2950
WHOLE_TYPES = frozenset({20, 21, 23})  # int8, int2, int4
TEXT_TYPES = frozenset({25, 1043})  # text, varchar
LARGEST = 2**63 - 1

_CONNECTED = """
SELECT count(*) AS open FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> 'threadgauge'
"""


class PostgresStore:
    """
    A database behind a DSN. An id is sent in its column's own type, so that the user's index is used.
    """

    def __init__(self, dsn: str, *, time_limit: float = TIME_LIMIT) -> None:
        self.warnings: list[str] = []
        self._begin = BEGIN.format(milliseconds=int(time_limit * 1000)).encode()
        self._dsn = dsn
        self._place = _without_secrets(dsn)
        self._types: dict[tuple[TableName, str], dict[str, int]] = {}
        self._lending: Lending[Connection] = Lending(self._connect, _close, is_cut=lambda used: used.closed)

    async def rows(self, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]) -> CanonicalRows:
        # PostgreSQL holds no NUL in a text, so no row has such an id.
        wanted, planted = storable(ids, without="\0"), storable(canaries, without="\0")
        return await self._read(lambda connection: self._rows(connection, mapping, wanted, planted))

    async def native(self, sql: str, parameters: Mapping[str, object]) -> list[dict[str, object]]:
        text = bind(bare_select(sql, "postgres"), parameters, lambda name: f"%({name})s", _percent)
        return await self._read(lambda connection: _native(connection, text, parameters))

    async def connections(self) -> int:
        (row,) = await self.native(_CONNECTED, {})
        return int(str(row["open"]))

    async def check(self, mapping: StoreMapping | None = None) -> None:
        (row,) = await self.native("SELECT current_setting('is_superuser') AS superuser, current_user AS role", {})
        self.warnings = [_SUPERUSER.format(place=self._place, **row)] if row["superuser"] == "on" else []
        if mapping is not None:
            await self.rows(mapping, (), ())

    async def close(self) -> None:
        await self._lending.close()

    def _connect(self) -> Connection:
        import psycopg  # 60 ms, and many runs have no PostgreSQL

        try:
            return psycopg.connect(
                self._dsn,
                autocommit=True,  # we say BEGIN ourselves, with what belongs to it
                prepare_threshold=None,
                connect_timeout=CONNECT_LIMIT,
                client_encoding="utf8",  # in an SQL_ASCII database texts would come as bytes
                application_name="threadgauge",
            )
        except psycopg.Error as problem:
            text = " ".join(str(problem).replace(self._dsn, self._place).split())
            raise StoreUnreachable(self._place, text, "start the database, or fix the DSN") from None

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await self._lending.run(lambda connection: self._in_transaction(connection, work))

    def _in_transaction(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        import psycopg

        try:
            connection.execute(self._begin)
            return work(connection)
        except psycopg.Error as problem:
            raise _explained(self._place, problem) from None
        except UnicodeEncodeError:
            raise QueryWrong("the sql step", "a parameter holds a lone surrogate", "no store can hold one") from None
        finally:
            with suppress(psycopg.Error):  # a connection that is cut has ended its transaction already
                connection.commit()

    def _rows(
        self, connection: Connection, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]
    ) -> CanonicalRows:
        read = partial(self._table, connection, ids=ids, canaries=canaries)
        return CanonicalRows(read("threads", sql_of(mapping, "threads")), read("messages", sql_of(mapping, "messages")))

    def _table(
        self, connection: Connection, name: TableName, mapped: str, ids: Sequence[str], canaries: Sequence[str]
    ) -> Table:
        inner = _percent(bare_select(mapped, "postgres"))
        types = self._types_of(connection, name, inner)
        where, values = _of_this_run(name, types, ids, canaries)
        text = f"SELECT * FROM ({inner}\n) AS m WHERE {where} LIMIT %(row_cap)s"
        cursor = connection.execute(text.encode(), {**values, "row_cap": ROW_LIMIT + 1})
        return canonical_table(
            name, list(types), all_rows(cursor, ROW_LIMIT, f"the profile's store mapping for {name}")
        )

    def _types_of(self, connection: Connection, name: TableName, inner: str) -> dict[str, int]:
        known = self._types.get((name, inner))
        if known is None:
            cursor = connection.execute(f"SELECT * FROM ({inner}\n) AS m LIMIT %s".encode(), (0,))
            columns = cursor.description or ()
            check_columns(name, [column.name for column in columns])
            known = {column.name: column.type_code for column in columns}
            self._types[name, inner] = known
        return known


_SUPERUSER = (
    "{place}: the role {role} is a superuser; reading is fenced, but give the harness a role that may only SELECT "
    "(GRANT SELECT ON threads, messages TO reader)"
)


def _native(connection: Connection, text: str, parameters: Mapping[str, object]) -> list[dict[str, object]]:
    # A parameter makes it the extended protocol, which takes one statement only; in parentheses nothing else fits.
    wrapped = f"SELECT * FROM ({text}\n) AS q LIMIT %(row_cap)s"
    cursor = connection.execute(wrapped.encode(), {**parameters, "row_cap": ROW_LIMIT + 1})
    return named_rows(cursor, ROW_LIMIT, "the sql step")


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _of_this_run(
    name: TableName, types: Mapping[str, int], ids: Sequence[str], canaries: Sequence[str]
) -> tuple[str, dict[str, object]]:
    key, searched = KEYS[name]
    where, wanted = _among(f'm."{key}"', types[key], ids)
    values: dict[str, object] = {"ids": wanted}
    if canaries and searched in types:
        where += f' OR m."{searched}"::text LIKE ANY(%(patterns)s::text[])'
        values["patterns"] = [f"%{_escaped(canary)}%" for canary in canaries]
    return where, values


def _among(column: str, type_code: int, ids: Sequence[str]) -> tuple[str, list[object]]:
    """
    An id that its column's type cannot hold (`thread-a` in a uuid column) is in no row; sending it would be an error.
    """
    if type_code == UUID_TYPE:
        return f"{column} = ANY(%(ids)s::uuid[])", [one for one in ids if _is_uuid(one)]
    if type_code in WHOLE_TYPES:
        return f"{column} = ANY(%(ids)s::bigint[])", [int(one) for one in ids if _is_whole(one)]
    cast = "" if type_code in TEXT_TYPES else "::text"
    return f"{column}{cast} = ANY(%(ids)s::text[])", list(ids)


def _is_uuid(text: str) -> bool:
    with suppress(ValueError):
        return bool(uuid.UUID(text))
    return False


def _is_whole(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20 and abs(int(text)) <= LARGEST


def _escaped(canary: str) -> str:
    return canary.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _close(connection: Connection) -> None:
    connection.close()


def _without_secrets(dsn: str) -> str:
    """
    Where the database is, for messages: neither user nor password.
    """
    try:
        parts = urllib.parse.urlsplit(dsn)
        return f"postgresql://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return "postgresql://?"


def _explained(place: str, problem: psycopg.Error) -> StoreError:
    from psycopg import errors

    text = problem.diag.message_primary or " ".join(str(problem).split())
    if isinstance(problem, errors.UndefinedTable | errors.InvalidSchemaName):
        return TableMissing(place, text, "migrate the database, name the schema (public.threads), or fix the mapping")
    if isinstance(problem, errors.QueryCanceled):
        return LimitReached(place, f"a read took too long ({text})", "narrow it, or add an index")
    if isinstance(problem, errors.ReadOnlySqlTransaction):
        return UnsafeSql(place, text, "a check only reads; the database has refused and nothing was changed")
    if isinstance(problem, errors.InsufficientPrivilege):
        return StoreUnreachable(place, text, "GRANT SELECT to the DSN's role; where row security is on, BYPASSRLS too")
    if isinstance(problem, errors.ProgrammingError | errors.DataError):
        return QueryWrong(place, text, "fix the mapping's SELECT, or the step's")
    return StoreUnreachable(place, text, "see that the database is up and the DSN right")
