"""
The engine: SQLite or PostgreSQL by URL, work done in threads, a transaction per hop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from reference_server.core.cache import Cache
from reference_server.migrations import upgrade

__all__ = ["Database"]

CONNECTIONS: Final = 8  # for threads that read; each has one while it works, and waits in the executor else
T = TypeVar("T")


class Database:
    """
    Connections to one database. No connection is held while an answer streams: each call is one transaction.

    `cache` is told of every commit.
    """

    def __init__(self, url: str) -> None:
        self.cache = Cache()
        self.engine = _engine(url)
        self._readers = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="store")
        # SQLite has one writer at a time; others would sleep, for up to 100 ms, and look again. Here they queue.
        alone = url.startswith("sqlite")
        self._writers = ThreadPoolExecutor(1, thread_name_prefix="writer") if alone else self._readers

    def create(self) -> None:
        """
        Bring the tables up to date.
        """
        self.transaction(upgrade, True)

    async def run(self, work: Callable[[Connection], T], *, write: bool) -> T:
        """
        Do work in one transaction, in a thread.
        """
        threads = self._writers if write else self._readers
        return await asyncio.get_running_loop().run_in_executor(threads, self.transaction, work, write)

    async def alive(self) -> bool:
        try:
            return await self.run(lambda connection: connection.exec_driver_sql("SELECT 1").scalar() == 1, write=False)
        except SQLAlchemyError:
            return False

    def close(self) -> None:
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._writers.shutdown(wait=False, cancel_futures=True)
        self.engine.dispose()

    def transaction(self, work: Callable[[Connection], T], write: bool) -> T:
        """
        Do work in one transaction, in this thread.
        """
        with self._begun(write) as connection:
            result = work(connection)
            touched = self.cache.committing(connection)
        # In the thread of the transaction: a caller that goes away must not keep this from happening.
        self.cache.committed(touched)
        return result

    @contextmanager
    def _begun(self, write: bool) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            connection = connection.execution_options(writes=write)
            self.cache.beginning(connection)
            with connection.begin():
                yield connection


def _engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        return _sqlite(url)
    url = url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1)
    # No prepared statements: they fail behind a pooler in transaction mode, at the sixth execution.
    return create_engine(
        url, pool_size=CONNECTIONS, max_overflow=0, pool_pre_ping=True, connect_args={"prepare_threshold": None}
    )


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url, pool_size=CONNECTIONS + 1, max_overflow=0, pool_timeout=30, connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer must take its lock at once: one that begins as a reader cannot always become a writer.
        writes = connection.get_execution_options().get("writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
