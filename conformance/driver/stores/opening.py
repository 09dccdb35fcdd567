"""
From a DSN to the store that reads it.
"""

from __future__ import annotations

from pathlib import Path

from conformance.driver.stores.errors import UnknownStore
from conformance.driver.stores.postgres import PostgresStore
from conformance.driver.stores.sqlite import SqliteStore
from conformance.driver.stores.store import TIME_LIMIT, Store

__all__ = ["open_store"]

KNOWN = "known are postgresql://user:password@host:port/name, sqlite:///relative.db and sqlite:////absolute.db"


def open_store(dsn: str, *, time_limit: float = TIME_LIMIT) -> Store:
    """
    A store that connects on first use; one statement may take `time_limit` seconds.

    SQLAlchemy's spelling works as well: `sqlite+aiosqlite:///`, `postgresql+psycopg://`.
    """
    scheme, found, rest = dsn.partition("://")
    kind = scheme.partition("+")[0].lower()
    if found and kind in ("postgresql", "postgres"):
        return PostgresStore(f"postgresql://{rest}", time_limit=time_limit)
    if found and kind == "sqlite":
        return SqliteStore(_file(rest), time_limit=time_limit)
    raise UnknownStore("the DSN", f'"{scheme}" is no kind of store that we read' if found else "it has no ://", KNOWN)


def _file(rest: str) -> Path:
    # Three slashes are a relative path, four an absolute one, as SQLAlchemy has it; options after `?` are for drivers.
    name = rest.removeprefix("/").partition("?")[0]
    if not name or name == ":memory:":
        raise UnknownStore(
            "the DSN", "a database in memory cannot be read by another process", "give the server a file"
        )
    return Path(name)
