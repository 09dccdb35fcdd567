"""
What every document store is asked, in one place: the same rows and the same questions as the databases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from schema_rows import CANARY, Made, MadeMessage, MadeThread

from conformance.driver.stores import CanonicalRows, Store, open_store
from conformance.driver.stores.store import TIME_LIMIT
from conformance.model.profile import StoreMapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FilledStore:
    """
    A document store, and what was put into it.
    """

    dsn: str
    made: Made
    mapping: StoreMapping

    def rows(self, mapping: StoreMapping | None = None) -> CanonicalRows:
        return using(self.dsn, lambda store: store.rows(mapping or self.mapping, self.made.ids, [CANARY]))


def using(dsn: str, work: Callable[[Store], Awaitable[T]], time_limit: float = TIME_LIMIT) -> T:
    async def opened() -> T:
        store = open_store(dsn, time_limit=time_limit)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())


def thread_document(made: MadeThread) -> dict[str, Any]:
    return {
        "title": made.title,
        "user_id": made.owner,
        "created_at": made.created_at,
        "updated_at": made.updated_at,
        "metadata": made.metadata,
    }


def message_document(made: MadeMessage) -> dict[str, Any]:
    return {
        "thread_id": made.thread_id,
        "role": made.role,
        "content": made.text,
        "created_at": made.created_at,
        "metadata": made.metadata,
    }
