"""
A scenario's query over canonical rows: no database of anybody, no mock.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from conformance.driver.stores import CanonicalRows, query
from conformance.driver.stores.canonical import canonical_table, storable
from conformance.driver.stores.errors import (
    ColumnNotMapped,
    LimitReached,
    MappingWrong,
    QueryWrong,
    StoreError,
    UnsafeSql,
)
from conformance.driver.stores.placeholders import bind

MESSAGES = ("id", "thread_id", "role", "text", "created_at")


def stored(
    messages: Sequence[Sequence[object]] = (), columns: Sequence[str] = MESSAGES, threads: Sequence[str] = ("t", "u")
) -> CanonicalRows:
    return CanonicalRows(
        canonical_table("threads", ("id", "title"), [(one, f"about {one}") for one in threads]),
        canonical_table("messages", columns, messages),
    )


TALK = stored(
    [
        ("m1", "t", "user", "Hello", "2026-01-01"),
        ("m2", "t", "assistant", "Hi", "2026-01-01"),
        ("m3", "gone", "user", "lost k7-violet-42", "2026-01-02"),
        ("m4", None, "user", "nowhere", "2026-01-03"),
    ]
)


def test_a_thread_is_read_in_order_though_its_times_are_equal() -> None:
    rows = query(
        TALK, "SELECT role, text FROM messages WHERE thread_id = :p0 ORDER BY created_at, position", {"p0": "t"}
    )

    assert rows == [{"role": "user", "text": "Hello"}, {"role": "assistant", "text": "Hi"}]


def test_orphans_are_found_by_a_left_join() -> None:
    sql = "SELECT m.* FROM messages m LEFT JOIN threads t ON m.thread_id = t.id WHERE t.id IS NULL ORDER BY position"

    assert [(row["id"], row["thread_id"]) for row in query(TALK, sql, {})] == [("m3", "gone"), ("m4", None)]


def test_a_parameter_in_a_quoted_text_is_bound() -> None:
    sql = "SELECT count(*) AS n FROM messages WHERE text LIKE '%:p0%'"

    assert query(TALK, sql, {"p0": "k7-violet-42"}) == [{"n": 1}]


def test_a_parameter_that_is_used_nowhere_is_an_error() -> None:
    with pytest.raises(QueryWrong, match=":p0 is never bound"):
        query(TALK, "SELECT 1 AS n -- :p0", {"p0": "t"})


def test_a_placeholder_without_a_value_is_an_error() -> None:
    with pytest.raises(QueryWrong):
        query(TALK, "SELECT id FROM messages WHERE thread_id = :p0", {})


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT external_id FROM messages",
        "SELECT m.external_id FROM messages m",
        "SELECT id FROM messages WHERE external_id = 'msg-1'",
        'SELECT id FROM messages WHERE "external_id" IS NULL',
    ],
)
def test_a_column_that_is_not_mapped_is_named(sql: str) -> None:
    with pytest.raises(ColumnNotMapped) as refused:
        query(TALK, sql, {})

    assert str(refused.value).startswith(
        'the profile\'s store mapping has no column "external_id" for messages\n  hint: add it to the mapping'
    )


def test_a_star_leaves_out_what_is_not_mapped() -> None:
    (row,) = query(TALK, "SELECT * FROM threads WHERE id = 't'", {})

    assert row == {"id": "t", "title": "about t"}


def test_a_column_that_does_not_exist_at_all_is_the_scenarios_mistake() -> None:
    with pytest.raises(QueryWrong, match=r'no column "contents"[\s\S]*messages\.text'):
        query(TALK, "SELECT contents FROM messages", {})


def test_json_can_be_taken_apart() -> None:
    rows = stored([("t", "assistant", "", [{"name": "add"}])], ("thread_id", "role", "text", "tool_calls"))
    sql = "SELECT c.value ->> '$.name' AS name FROM messages m, json_each(m.tool_calls) c"

    assert query(rows, sql, {}) == [{"name": "add"}]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM messages",
        "INSERT INTO threads VALUES ('x', 'y')",
        "DROP TABLE messages",
        "CREATE TABLE x (a)",
        "ATTACH ':memory:' AS other",
        "PRAGMA user_version",
        "VACUUM INTO '/tmp/threadgauge-stolen'",
        "SELECT load_extension('evil')",
        "SAVEPOINT a",
        "WITH m AS (SELECT 1) DELETE FROM messages",
    ],
)
def test_only_a_select_is_run(sql: str) -> None:
    with pytest.raises((UnsafeSql, QueryWrong)):
        query(TALK, sql, {})


def test_two_statements_are_refused() -> None:
    with pytest.raises(StoreError, match="one statement"):
        query(TALK, "SELECT 1; SELECT 2", {})


def test_a_query_without_end_is_ended() -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n"
    with pytest.raises(LimitReached):
        query(TALK, endless, {}, time_limit=0.05)


def test_rows_without_end_are_refused_not_cut() -> None:
    with pytest.raises(LimitReached, match="more than 10000 rows"):
        query(TALK, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) SELECT i FROM n", {})


def test_a_value_as_large_as_the_memory_is_refused() -> None:
    with pytest.raises(QueryWrong):
        query(TALK, "SELECT length(randomblob(1000000000)) AS n", {})


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(QueryWrong, match="AS"):
        query(TALK, "SELECT m.id, t.id FROM messages m, threads t", {})


def test_times_of_all_zones_become_one_sortable_text() -> None:
    east = timezone(timedelta(hours=2))
    rows = stored(
        [
            ("a", "t", "user", "", datetime(2026, 1, 1, 12, tzinfo=east)),
            ("b", "t", "user", "", datetime(2026, 1, 1, 10, 0, 0, 1, tzinfo=UTC)),
            ("c", "t", "user", "", datetime(2026, 1, 1, 10, 0, 1)),
        ]
    )

    assert [row["created_at"] for row in query(rows, "SELECT created_at FROM messages ORDER BY created_at", {})] == [
        "2026-01-01T10:00:00.000000Z",
        "2026-01-01T10:00:00.000001Z",
        "2026-01-01T10:00:01.000000Z",
    ]


def test_ids_json_and_numbers_become_text() -> None:
    columns = ("id", "thread_id", "role", "text", "metadata", "tool_calls")
    name = UUID("550e8400-e29b-41d4-a716-446655440000")
    rows = stored([(7, name, "user", "ä\0b", {"k": "ä"}, [1])], columns)

    assert query(rows, "SELECT id, thread_id, text, metadata, tool_calls FROM messages", {}) == [
        {"id": "7", "thread_id": str(name), "text": "ä\0b", "metadata": '{"k": "ä"}', "tool_calls": "[1]"}
    ]


def test_a_position_of_the_mapping_is_kept() -> None:
    rows = stored([(Decimal(40), "t", "user", "b"), (3, "t", "user", "a")], ("position", "thread_id", "role", "text"))

    assert query(rows, "SELECT position FROM messages ORDER BY position", {}) == [{"position": 3}, {"position": 40}]


@pytest.mark.parametrize(
    ("columns", "row", "said"),
    [
        (("thread_id", "role"), ("t", "user"), "no column.*text"),
        (("thread_id", "role", "content"), ("t", "user", "x"), "no column.*text"),
        (("thread_id", "role", "text", "externalid"), ("t", "user", "x", "e"), "did you mean `external_id`"),
        (("thread_id", "role", "text", "role"), ("t", "user", "x", "e"), "twice"),
        (("thread_id", "role", "text"), ("t", "user", b"x"), "bytes"),
        (("thread_id", "role", "text", "position"), ("t", "user", "x", "first"), "whole numbers"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(columns: Sequence[str], row: Sequence[object], said: str) -> None:
    with pytest.raises(MappingWrong, match=f"(?s){said}"):
        stored([row], columns)


def test_ids_that_no_store_can_hold_are_not_asked_for() -> None:
    assert storable(["a", "\ud800", "b\0", "ä"], without="\0") == ["a", "ä"]


@pytest.mark.parametrize(
    ("sql", "bound"),
    [
        ("SELECT :p0", "SELECT <p0>"),
        ("SELECT a::text, :p0", "SELECT a::text, <p0>"),
        ("SELECT ':p1', :p0", "SELECT ':p1', <p0>"),
        ("SELECT 'it''s :p0!'", "SELECT ('it''s ' || <p0> || '!')"),
        ("SELECT :p0 /* :p0 */ -- :p0", "SELECT <p0> /* :p0 */ -- :p0"),
        ('SELECT ":p0", :p0', 'SELECT ":p0", <p0>'),
        ("SELECT $a$ :p0 $a$, :p0", "SELECT $a$ :p0 $a$, <p0>"),
        (r"SELECT E'\' :p0', :p0", r"SELECT E'\' :p0', <p0>"),
    ],
)
def test_placeholders_are_bound_where_they_stand(sql: str, bound: str) -> None:
    assert bind(sql, {"p0"}, lambda name: f"<{name}>") == bound
