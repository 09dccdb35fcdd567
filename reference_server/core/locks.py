"""
One writer per thread at a time; the others wait in the order they came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Locks"]


class Locks:
    """
    A lock per thread, forgotten when nobody wants it.
    """

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._wanted: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, thread_id: str) -> AsyncIterator[None]:
        """
        Hold the thread's lock.
        """
        key = self.key(thread_id)
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._wanted[key] = self._wanted.get(key, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._wanted[key] -= 1
            if not self._wanted[key]:
                del self._locks[key], self._wanted[key]

    def key(self, thread_id: str) -> str:
        return thread_id
