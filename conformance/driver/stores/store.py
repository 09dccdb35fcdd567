"""
What a store adapter is. One for another kind of database is one function, `rows`: mapping and ids in, rows out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from conformance.driver.stores.canonical import CanonicalRows
from conformance.model.profile import StoreMapping

__all__ = ["ROW_LIMIT", "TIME_LIMIT", "Counting", "Store"]

ROW_LIMIT = 10_000  # of one run and one table; the longest scenario has a thousand
TIME_LIMIT = 5.0  # seconds for one statement; without an index, ten million rows are scanned in that


@runtime_checkable
class Counting(Protocol):
    """
    A store that knows who is connected to it.
    """

    async def connections(self) -> int:
        """
        How many connections it has besides ours.
        """


class Store(Protocol):
    """
    The target's own database, read only.
    """

    warnings: list[str]

    async def rows(self, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]) -> CanonicalRows:
        """
        The rows whose thread is one of `ids`, and those that carry one of `canaries`, whatever their thread.

        Rows whose thread is gone, or NULL, are among them: the filter is on the row, not on a join. Both tables are
        seen at one moment. A canary is searched in every row of the table, so give none where no scenario asks.
        """
        ...

    async def native(self, sql: str, parameters: Mapping[str, object]) -> list[dict[str, object]]:
        """
        The rows of one SELECT in the database's own dialect; `UnsafeSql` for anything else, before it is sent.
        """
        ...

    async def check(self, mapping: StoreMapping | None = None) -> None:
        """
        Connects, tries the mapping if there is one, and fills `warnings`; raises a `StoreError` that says what to fix.
        """
        ...

    async def close(self) -> None: ...
