"""
What a PostgreSQL client says, taken apart.
"""

from __future__ import annotations

import struct

import pytest

from conformance.driver.storelink import Messages, StoreLink, commits, encrypts, is_postgres

START = struct.pack("!II", 12, 196608) + b"us\0\0"
QUERY = b"Q" + struct.pack("!I", 11) + b"COMMIT\0"
ENCRYPT = struct.pack("!II", 8, 80877103)


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_messages_are_whole_however_they_come(size: int):
    said, messages = START + QUERY, Messages()

    found = [one for at in range(0, len(said), size) for one in messages.feed(said[at : at + size])]

    assert found == [START, QUERY]


def test_what_asks_for_encryption_is_not_yet_the_beginning():
    messages = Messages()

    assert messages.feed(ENCRYPT + START + QUERY) == [ENCRYPT, START, QUERY]
    assert [encrypts(one) for one in (ENCRYPT, START, QUERY)] == [True, False, False]


def test_a_commit_is_known_by_its_query():
    assert [commits(one) for one in (QUERY, START, QUERY.replace(b"COMMIT", b"SELECT"))] == [True, False, False]


def test_the_targets_dsn_leads_to_us_and_keeps_its_names():
    link = StoreLink("postgresql://me:secret@db.example:5433/chat?sslmode=prefer")

    assert link.dsn == "postgresql://me:secret@127.0.0.1:0/chat?sslmode=prefer"


def test_only_postgresql_has_a_link():
    assert [is_postgres(dsn) for dsn in ("postgres://h/d", "postgresql://h/d", "sqlite:///f", None)] == [
        True,
        True,
        False,
        False,
    ]
