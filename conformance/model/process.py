"""
What a scenario does to the target's own process: only to one that the harness has started.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from conformance.model.base import Model

__all__ = ["PROCESS", "ProcessAct", "ProcessSeen", "Restart", "Signal"]

ProcessAct = Literal["kill", "terminate", "stop", "continue", "restart"]

PROCESS: Final[tuple[ProcessAct, ...]] = ("kill", "terminate", "stop", "continue", "restart")
"""
The steps that do something to a process.
"""


class Signal(Model, frozen=True, kw_only=True):
    """
    A signal to one process of the target, and to all that it has started itself.
    """


class Restart(Model, frozen=True, kw_only=True):
    """
    Start the target again, over what it has stored: in another time zone, or as two processes over one store.
    """

    zone: Annotated[str, Meta(pattern=r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$")] | None = None
    servers: Annotated[int, Meta(ge=1, le=4)] = 1


class ProcessSeen(Model, frozen=True, kw_only=True):
    """
    What came of it. `problem` is what the target did wrong: it had ended before, it did not end, it did not start.
    """

    did: ProcessAct
    server: int = 1
    problem: str | None = None
