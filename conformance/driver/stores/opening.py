"""
From a DSN to the store that reads it.
"""

from __future__ import annotations

from pathlib import Path

from conformance.driver.stores.errors import ClientMissing, UnknownStore
from conformance.driver.stores.postgres import PostgresStore
from conformance.driver.stores.sqlite import SqliteStore
from conformance.driver.stores.store import TIME_LIMIT, Store

__all__ = ["open_store"]

# In brackets the place of a password is not taken for one: this text is rid of secrets like any other.
KNOWN = (
    "known are postgresql://[user:password@]host:port/name, sqlite:///relative.db and sqlite:////absolute.db, "
    "mongodb://[user:password@]host:port/name and firestore://project/database"
)


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
    if found and kind == "mongodb":
        return _mongo(dsn, time_limit)
    if found and kind == "firestore":
        return _firestore(rest, time_limit)
    raise UnknownStore("the DSN", f'"{scheme}" is no kind of store that we read' if found else "it has no ://", KNOWN)


def _mongo(dsn: str, time_limit: float) -> Store:
    try:
        from conformance.driver.stores.mongo import MongoStore  # its client is an extra
    except ModuleNotFoundError as missing:
        raise _client_missing("MongoDB", "mongo", missing) from None
    return MongoStore(dsn, time_limit=time_limit)


def _firestore(rest: str, time_limit: float) -> Store:
    project, _, database = rest.partition("?")[0].removesuffix("/").partition("/")
    if not project or "/" in database:
        raise UnknownStore("the DSN", "it does not name one project", "write firestore://PROJECT or .../DATABASE")
    try:
        from conformance.driver.stores.firestore import FirestoreStore  # its client is an extra, and takes 0.5 s
    except ModuleNotFoundError as missing:
        raise _client_missing("Firestore", "firestore", missing) from None
    return FirestoreStore(project, database or "(default)", time_limit=time_limit)


def _client_missing(kind: str, extra: str, missing: ModuleNotFoundError) -> ClientMissing:
    told = f"{kind} is read through the package {missing.name}, which is not installed"
    return ClientMissing("the DSN", told, f"pip install 'threadgauge[{extra}]'")


def _file(rest: str) -> Path:
    # Three slashes are a relative path, four an absolute one, as SQLAlchemy has it; options after `?` are for drivers.
    name = rest.removeprefix("/").partition("?")[0]
    if not name or name == ":memory:":
        raise UnknownStore(
            "the DSN", "a database in memory cannot be read by another process", "give the server a file"
        )
    return Path(name)
