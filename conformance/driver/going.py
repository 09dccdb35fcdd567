"""
When a client goes, or has nothing more to wait for: what the upstream witness sees says so, and no clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from conformance.driver.parting import Parting
from conformance.driver.ports import UpstreamPort

__all__ = ["HELD", "at_rest", "going"]

HELD: Final = 5.0  # seconds until a turn must have reached its gate; healthy servers take milliseconds
LOOK: Final = 0.05  # seconds between two looks at the witness
STILL: Final = 6  # looks that show the same: 0.3 s, in which a server on a busy machine still moves some bytes
REST: Final = 15.0  # seconds until an answer must have stopped moving, or have ended
WRITTEN: Final = 0.15  # seconds for a server to store, and to write its last event after its model's last


@asynccontextmanager
async def going(parting: Parting, upstream: UpstreamPort, key: str) -> AsyncIterator[None]:
    """
    While an exchange is under way: tell its client to go, where the model's side says when.
    """
    task = asyncio.ensure_future(_told(parting, upstream, key)) if parting.at in ("held", "end") else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


async def _told(parting: Parting, upstream: UpstreamPort, key: str) -> None:
    if parting.at == "held":
        if await upstream.held(key, HELD):
            parting.goes.set()
        return
    while not any(call.ended_at is not None for call in await upstream.calls(key)):  # noqa: ASYNC110 # elsewhere perhaps
        await asyncio.sleep(LOOK)
    await asyncio.sleep(WRITTEN)
    parting.goes.set()


async def at_rest(upstream: UpstreamPort, key: str) -> bool:
    """
    Wait until the model's answer has ended, or nothing of it is taken any more; false where neither comes.
    """
    deadline, before, same = time.monotonic() + REST, -1, 0
    while time.monotonic() < deadline:
        calls = await upstream.calls(key)
        taken = sum(call.sent for call in calls)
        same = same + 1 if taken == before else 0
        before = taken
        if calls and (same >= STILL or all(call.ended_at is not None for call in calls)):
            return True
        await asyncio.sleep(LOOK)
    return False
