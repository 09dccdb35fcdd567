"""
Servers that are not ready when they say that they are.
"""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, inspect

from reference_server.core.records import NewThread, Thread
from reference_server.core.threads import Threads

LOOKING = 0.05  # seconds between the look for a table and its making; all requests of one moment have looked by then


class ColdStartRace(Threads):
    """
    A table is made when it is first wanted: of several first requests at once, all find it missing and one can make it.
    """

    id = "cold-start-race"
    group = "concurrency"
    seam = "threads"
    dialects = ("anita", "guide", "completions")
    caught_by = ("durability/first-requests-at-once",)

    async def create(self, new: NewThread) -> Thread:
        if not await self.database.run(_there, write=False):
            await asyncio.sleep(LOOKING)
            await self.database.run(_make, write=True)
        return await super().create(new)


def _there(connection: Connection) -> bool:
    return inspect(connection).has_table("first_wanted")


def _make(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE first_wanted (id INTEGER)")
