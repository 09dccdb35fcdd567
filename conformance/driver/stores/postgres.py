"""
PostgreSQL as a store: the target's own database, read in short read-only transactions.

Nothing outlives a transaction (no prepared statement, no SET but SET LOCAL), so a pooler in transaction mode may stand
between: with psycopg's defaults the sixth execution through PgBouncer fails with 42P05.
"""

from __future__ import annotations

import urllib.parse
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from conformance.driver.stores.canonical import KEYS, CanonicalRows, Table, TableName, canonical_table, check_columns
from conformance.driver.stores.canonical import plain as plain_value
from conformance.driver.stores.errors import (
    LimitReached,
    QueryWrong,
    StoreError,
    StoreUnreachable,
    TableMissing,
)
from conformance.driver.stores.guard import bare_select
from conformance.driver.stores.lending import Lending
from conformance.driver.stores.placeholders import bind
from conformance.driver.stores.sqlite_fence import named_rows
from conformance.driver.stores.store import ROW_LIMIT, TIME_LIMIT
from conformance.model.profile import StoreMapping

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["PostgresStore"]

T = TypeVar("T")
CONNECT_LIMIT = 5  # seconds; also libpq's patience with a host that drops packets

# One round trip. REPEATABLE READ: threads and messages of one moment, or a thread that is just being made would leave
# orphans. row_security = off: rows that a policy hides would look as if they were never stored; now they are an error.
BEGIN = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
    f"SET LOCAL statement_timeout = {int(TIME_LIMIT * 1000)}; SET LOCAL row_security = off"
)
