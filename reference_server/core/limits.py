"""
How often a caller may begin a turn.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from reference_server.core.errors import Limited
from reference_server.core.people import Principal
from reference_server.core.tables import calls

__all__ = ["Limits"]

MINUTE = 60


class Limits:
    """
    So many turns in each minute of the clock, counted in the database: several processes count together.
    """

    def take(self, connection: Connection, who: Principal | None) -> None:
        """
        Count one turn of the caller. Raises `Limited`, and then nothing is stored: the transaction is undone.
        """
        if who is None or who.limit is None:
            return
        now = self.clock()
        if self.counted(connection, who, int(now // MINUTE)) > who.limit:
            raise Limited("too many requests: wait, then try again", self.wait(now))

    def counted(self, connection: Connection, who: Principal, minute: int) -> int:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        adding = dialect.insert(calls).values(caller=f"{who.tenant}/{who.user}", minute=minute, count=1)
        counting = adding.on_conflict_do_update(
            index_elements=[calls.c.caller, calls.c.minute], set_={"count": calls.c.count + 1}
        )
        return int(connection.execute(counting.returning(calls.c.count)).scalar_one())

    def wait(self, now: float) -> int:
        """
        Whole seconds until the next minute, at least one.
        """
        return max(1, MINUTE - int(now % MINUTE))

    def clock(self) -> float:
        return time.time()
