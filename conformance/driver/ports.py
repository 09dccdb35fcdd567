"""
What the desk needs of the upstream witness; the harness has it in this process, or reaches it in another.
"""

from __future__ import annotations

from typing import Protocol

from conformance.engine.effects import Turn
from conformance.model.transcript import UpstreamCall

__all__ = ["UpstreamPort"]


class UpstreamPort(Protocol):
    """
    The upstream witness, in this process or in another. Times are monotonic seconds of this machine.
    """

    async def register(self, turn: Turn) -> None:
        """
        Make a turn known before it is sent.
        """

    async def held(self, key: str, deadline: float) -> bool:
        """
        Wait until a call of the turn is held at its gate; false where it ended before, or after `deadline` seconds.
        """

    async def release(self, key: str, by: str) -> None:
        """
        Open the turn's gate; `by` says why.
        """

    async def calls(self, key: str) -> list[UpstreamCall]:
        """
        What the target sent to its model in this turn.
        """

    async def connections(self) -> int:
        """
        How many connections are open on which the target has called its model.
        """

    async def forget(self, key: str) -> None:
        """
        The turn is over, and its calls have been read.
        """
