"""
How often a caller may begin a turn.
"""

from __future__ import annotations

import time
from math import ceil

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from reference_server.core.errors import Limited
from reference_server.core.people import Principal
from reference_server.core.tables import calls

__all__ = ["Limits"]

MINUTE = 60


class Limits:
    """
    So many turns a minute, counted in the database by minutes of the clock: several processes count together.

    A minute that has just begun is weighted with the one before, by what of it is still within the last 60 seconds: who
    has used up one minute at its end has not the next one at once.
    """

    def take(self, connection: Connection, who: Principal | None) -> None:
        """
        Count one turn of the caller. Raises `Limited`, and then nothing is stored: the transaction is undone.
        """
        if who is None or who.limit is None:
            return
        now = self.clock()
        before, count = self.counted(connection, who, int(now // MINUTE))
        if weighted(before, count, now) > who.limit:
            raise Limited("too many requests: wait, then try again", self.wait(before, count - 1, who.limit, now))

    def counted(self, connection: Connection, who: Principal, minute: int) -> tuple[int, int]:
        """
        The turns of the minute before, and those of this one with the one that begins.
        """
        caller = f"{who.tenant}/{who.user}"
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        adding = dialect.insert(calls).values(caller=caller, minute=minute, count=1)
        counting = adding.on_conflict_do_update(
            index_elements=[calls.c.caller, calls.c.minute], set_={"count": calls.c.count + 1}
        )
        count = int(connection.execute(counting.returning(calls.c.count)).scalar_one())
        earlier = (calls.c.caller == caller) & (calls.c.minute == minute - 1)
        return int(connection.scalar(select(calls.c.count).where(earlier)) or 0), count

    def wait(self, before: int, taken: int, limit: int, now: float) -> int:
        """
        Whole seconds until one more turn is within the limit, at least one; `taken` are those of this minute.
        """
        into = now % MINUTE
        if taken < limit:
            return max(1, ceil(MINUTE * (1 - (limit - 1 - taken) / before) - into)) if before else 1
        return ceil(MINUTE - into + MINUTE * max(0.0, 1 - (limit - 1) / taken))

    def clock(self) -> float:
        return time.time()


def weighted(before: int, count: int, now: float) -> float:
    """
    The turns of the last 60 seconds, if those of the minute before were spread evenly.
    """
    return before * (1 - now % MINUTE / MINUTE) + count
