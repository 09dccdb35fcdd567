"""
Keeps an SQLite connection to reading.
"""

from __future__ import annotations

import sqlite3

__all__ = ["only_reads"]

_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,  # a pair of reads sees one moment; SAVEPOINT, ATTACH, PRAGMA and the rest stay out
    }
)
_WRITING_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer", "writefile", "readfile", "edit"})


def only_reads(connection: sqlite3.Connection) -> None:
    """
    From now on the connection refuses everything but SELECT. `mode=ro` alone lets ATTACH through, and writing there.
    """
    connection.set_authorizer(_allowed)


def _allowed(action: int, _first: str | None, second: str | None, *_rest: object) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if (second or "").lower() in _WRITING_FUNCTIONS else sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY
