"""
A few connections, lent to one reader at a time, each on a thread.

Both databases are read by their blocking drivers on at most four threads. That is one shape for SQLite and PostgreSQL,
works on any event loop (psycopg's async side refuses Windows' own), and the loop that stamps chunks never parses rows.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

__all__ = ["Lending"]

C = TypeVar("C")
T = TypeVar("T")
CONNECTIONS = 4  # a read takes milliseconds; a user's small database allows few connections


class Lending(Generic[C]):
    """
    Runs work on a connection: a used one where there is one, and once more on a fresh one if that was found cut.
    """

    def __init__(self, connect: Callable[[], C], close: Callable[[C], None], is_cut: Callable[[C], bool]) -> None:
        self._connect = connect
        self._close = close
        self._is_cut = is_cut
        self._idle: list[C] = []
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="threadgauge-store")

    async def run(self, work: Callable[[C], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._on_used, work)

    async def close(self) -> None:
        """
        Waits for what is running (bounded by the statement timeout), then closes all.
        """
        await asyncio.to_thread(self._threads.shutdown)
        self._drop_idle()

    def _on_used(self, work: Callable[[C], T]) -> T:
        with self._lock:
            # The last one in is the first one out: polls in a row share one connection.
            used = self._idle.pop() if self._idle else None
        if used is None:
            return self._on(self._connect(), work)
        try:
            return self._on(used, work)
        except Exception:
            if not self._is_cut(used):
                raise
        # What cut this one (a restart) has cut the others.
        self._drop_idle()
        return self._on(self._connect(), work)

    def _on(self, connection: C, work: Callable[[C], T]) -> T:
        try:
            return work(connection)
        finally:
            self._give_back(connection)

    def _give_back(self, connection: C) -> None:
        if self._is_cut(connection):
            self._close(connection)
        else:
            with self._lock:
                self._idle.append(connection)

    def _drop_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            self._close(connection)
