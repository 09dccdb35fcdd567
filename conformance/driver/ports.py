"""
What the desk needs of the two witnesses beside the wire: the upstream, and the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from conformance.engine.effects import Turn
from conformance.model.profile import StoreMapping
from conformance.model.transcript import UpstreamCall

__all__ = ["StorePort", "UpstreamPort"]


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

    async def forget(self, key: str) -> None:
        """
        The turn is over, and its calls have been read.
        """


class StorePort(Protocol):
    """
    One database, read only. Raises `StoreError` where it cannot be read.
    """

    async def query(
        self,
        mapping: StoreMapping,
        sql: str,
        parameters: Mapping[str, Any],
        threads: Sequence[str],
        canaries: Sequence[str],
    ) -> list[dict[str, Any]]:
        """
        Run a SELECT on the canonical tables, filled with the rows of these threads and canaries.
        """

    async def native(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """
        Run one guarded SELECT in the store's own dialect.
        """
