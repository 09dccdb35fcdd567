"""
The event loop that we run on: uvloop where it installs, because it halves the CPU of an event (measured).
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

__all__ = ["new_event_loop", "run"]

T = TypeVar("T")
GARBAGE: Final = 20_000  # new objects between two collections; 700, the usual number, is one exchange


def new_event_loop() -> asyncio.AbstractEventLoop:
    """
    A loop of uvloop's, or asyncio's own where uvloop is not installed.
    """
    try:
        import uvloop
    except ImportError:  # it has no wheel for Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def run(main: Coroutine[Any, Any, T]) -> T:
    """
    `asyncio.run` on that loop, for a command's whole life: what is loaded already is not looked through for garbage.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE)
    results: list[T] = []

    async def kept() -> None:
        # A result of the task itself would be written out as text when the runner puts the signal handlers back: that
        # took 6 s for the transcripts of a whole run (measured).
        results.append(await main)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(kept())
    return results[0]
