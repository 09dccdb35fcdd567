"""
What can go wrong at the store, and whose fault it is.

* StoreError
  * UnknownStore       the DSN is of no kind that we know: fix the DSN
  * ClientMissing      the optional package that speaks to such a store is not installed: install the extra
  * StoreUnreachable   nobody answers at the DSN, or it lets us not in: fix the DSN or start the database
  * TableMissing       the database answers, but is not the one (or not yet migrated): fix the DSN or the mapping
  * MappingWrong       the profile's mapping does not give the canonical columns: fix the profile
  * ColumnNotMapped    the scenario asks for a column that this profile does not map: inconclusive
  * QueryWrong         the scenario's query is not valid: fix the scenario
  * UnsafeSql          a text that is not exactly one read-only SELECT: fix the scenario or the profile
  * LimitReached       more rows or more time than a check may take: narrow the mapping, or add an index
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.errors import StoreError

__all__ = [
    "ClientMissing",
    "ColumnNotMapped",
    "LimitReached",
    "MappingWrong",
    "QueryWrong",
    "StoreError",
    "StoreUnreachable",
    "TableMissing",
    "UnknownStore",
    "UnsafeSql",
]


class _Advised(StoreError):
    """
    A place, a problem and a way out.
    """

    def __init__(self, place: str, problem: str, way_out: str) -> None:
        super().__init__(place, problem, way_out)
        self.place = place
        self.problem = problem
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}\n  hint: {self.way_out}"


class UnknownStore(_Advised):
    """
    A DSN of a kind that no adapter reads.
    """


class ClientMissing(_Advised):
    """
    The package that speaks to this kind of store is not installed.
    """


class StoreUnreachable(_Advised):
    """
    The database does not answer, or refuses us.
    """


class TableMissing(_Advised):
    """
    The database has no table of that name.
    """


class MappingWrong(_Advised):
    """
    The mapping's SELECT fails, or gives columns that are not the canonical ones.
    """


class QueryWrong(_Advised):
    """
    A scenario's query that cannot be run.
    """


class UnsafeSql(_Advised):
    """
    Not exactly one read-only SELECT; nothing was run.
    """


class LimitReached(_Advised):
    """
    Too many rows, or too slow; what was read is thrown away, for a part of the rows proves nothing.
    """


class ColumnNotMapped(StoreError):
    """
    The query names a canonical column that the profile's mapping does not give.
    """

    def __init__(self, column: str, table: str, mapped: Iterable[str]) -> None:
        super().__init__(column, table)
        self.column = column
        self.table = table
        self.mapped = tuple(mapped)

    def __str__(self) -> str:
        return (
            f'the profile\'s store mapping has no column "{self.column}" for {self.table}\n'
            f"  hint: add it to the mapping with `... AS {self.column}`; it maps {', '.join(self.mapped)}"
        )
