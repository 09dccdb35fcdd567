"""
The event loop that we run on: uvloop where it installs, because it halves the CPU of an event (measured).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["new_event_loop", "run"]

T = TypeVar("T")


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
    `asyncio.run` on that loop.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
