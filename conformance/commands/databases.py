"""
The database of a run that nobody has yet: `--db postgres` is a throw-away PostgreSQL for a target that we start.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from conformance.errors import UsageError

__all__ = ["THROW_AWAY", "check_own_database", "throw_away"]

THROW_AWAY = "postgres"


def check_own_database(db: str) -> None:
    """
    Raises `UsageError` for what the reference server cannot store in.
    """
    scheme, is_dsn, _ = db.partition("://")
    if db != THROW_AWAY and (not is_dsn or scheme.partition("+")[0].lower() not in ("postgresql", "sqlite")):
        told = f"does not store in {scheme}" if is_dsn else "is to store in it, and it is no DSN"
        raise UsageError(
            f"--db: the reference server {told}: give sqlite:///FILE, postgresql://..., or `{THROW_AWAY}` for a "
            "throw-away PostgreSQL."
        )


async def throw_away(takes: bool, stack: AsyncExitStack) -> str:
    """
    The DSN of a PostgreSQL that lives as long as the stack. Raises `UsageError` where the target `takes` no address.
    """
    if not takes:
        raise UsageError(
            f"--db {THROW_AWAY} starts a throw-away PostgreSQL, and nothing tells your server to store there: give "
            "the DSN of its own database, or {db} in --target-cmd."
        )
    from conformance.driver.postgres import start  # 15 ms, and most runs have another database

    server = await asyncio.to_thread(start)
    stack.callback(server.stop)
    return server.url
