"""
The store witness on real databases: the same mapping and the same queries on PostgreSQL and on SQLite.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

from conformance.driver.postgres import PostgresServer
from conformance.driver.stores import CanonicalRows, Store, open_store, query
from conformance.driver.stores.errors import (
    LimitReached,
    MappingWrong,
    QueryWrong,
    StoreUnreachable,
    TableMissing,
    UnknownStore,
    UnsafeSql,
)
from conformance.driver.stores.postgres import BEGIN
from conformance.model.profile import StoreMapping

T = TypeVar("T")
CANARY = "k7_violet%42"  # with the two characters that LIKE does not take literally

MAPPING = StoreMapping(
    threads="SELECT id, title, created_at FROM threads; -- all of them, 100%",
    messages="SELECT id, thread_id, role, content AS text, external_id, created_at FROM messages ORDER BY seq",
)

# Seed 000's schema without its foreign key, so that an orphan can exist; times with ties.
SCHEMA = """
CREATE TABLE threads (id TEXT PRIMARY KEY, title TEXT, created_at {time});
CREATE TABLE messages (
    seq INTEGER, id TEXT, thread_id TEXT, role TEXT, content TEXT, external_id TEXT, created_at {time}
);
INSERT INTO threads VALUES ('a', 'Pizza', '2026-01-01 10:00:00+00:00'), ('b', 'Pasta', '2026-01-02 10:00:00+00:00'),
    ('other', 'of somebody else', '2026-01-03 10:00:00+00:00');
INSERT INTO messages VALUES
    (4, 'm4', 'a', 'assistant', 'Four.', 'resp-2', '2026-01-01 10:00:00+00:00'),
    (1, 'm1', 'a', 'user', 'Hello! What is 2+2?', 'msg-1', '2026-01-01 10:00:00+00:00'),
    (2, 'm2', 'a', 'assistant', 'It is 4.', 'resp-1', '2026-01-01 10:00:00+00:00'),
    (3, 'm3', 'a', 'user', 'In words?', 'msg-2', '2026-01-01 10:00:00+00:00'),
    (5, 'm5', 'b', 'user', 'ä €', 'msg-3', '2026-01-02 10:00:00+00:00'),
    (6, 'm6', 'gone', 'user', 'lost', NULL, '2026-01-02 11:00:00+00:00'),
    (7, 'm7', NULL, 'user', 'it was k7_violet%42!', NULL, '2026-01-02 12:00:00+00:00'),
    (8, 'm8', 'other', 'user', 'k7xviolet%42 k7_violetx42', NULL, '2026-01-03 10:00:00+00:00'),
    (9, 'm9', 'other', 'user', 'leaked: k7_violet%42', NULL, '2026-01-03 10:00:00+00:00');
"""
IDS = ["a", "b", "gone"]


@pytest.fixture(params=["postgres", "sqlite"])
def dsn(request: pytest.FixtureRequest) -> str:
    """
    The same rows in either kind of database.
    """
    return str(request.getfixturevalue(f"filled_{request.param}"))


@pytest.fixture
def filled_postgres(postgres_url: str) -> str:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SCHEMA.format(time="timestamptz").encode())
    return postgres_url


@pytest.fixture
def filled_sqlite(tmp_path: Path) -> str:
    path = tmp_path / "chat #1.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA.format(time="TEXT"))
    return f"sqlite:///{path}"


@pytest.fixture
def reader(filled_postgres: str, postgres: PostgresServer) -> Iterator[str]:
    """
    A role of the filled database that may only SELECT.
    """
    role = f"reader_{uuid.uuid4().hex}"
    with psycopg.connect(filled_postgres, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret-word'".encode())
        connection.execute(f"GRANT SELECT ON threads, messages TO {role}".encode())
    yield re.sub("//.*@", f"//{role}:secret-word@", filled_postgres)
    with psycopg.connect(filled_postgres, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def using(dsn: str, work: Callable[[Store], Awaitable[T]]) -> T:
    async def opened() -> T:
        store = open_store(dsn)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())


def rows_of(dsn: str, mapping: StoreMapping = MAPPING, canaries: tuple[str, ...] = ()) -> CanonicalRows:
    return using(dsn, lambda store: store.rows(mapping, IDS, canaries))


def execute(dsn: str, sql: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.encode())


def test_list_all_threads(dsn: str) -> None:
    found = query(rows_of(dsn), "SELECT id, title FROM threads ORDER BY created_at DESC", {})

    assert found == [{"id": "b", "title": "Pasta"}, {"id": "a", "title": "Pizza"}]


def test_the_messages_of_a_thread_in_order_though_all_times_are_equal(dsn: str) -> None:
    sql = "SELECT role, substr(text, 1, 100) AS text, external_id FROM messages WHERE thread_id = :p0 "
    found = query(rows_of(dsn), sql + "ORDER BY created_at, position", {"p0": "a"})

    assert [tuple(row.values()) for row in found] == [
        ("user", "Hello! What is 2+2?", "msg-1"),
        ("assistant", "It is 4.", "resp-1"),
        ("user", "In words?", "msg-2"),
        ("assistant", "Four.", "resp-2"),
    ]


def test_count_messages_per_thread(dsn: str) -> None:
    sql = "SELECT thread_id, COUNT(*) AS n FROM messages GROUP BY thread_id ORDER BY n DESC, thread_id"

    assert [tuple(row.values()) for row in query(rows_of(dsn), sql, {})] == [("a", 4), ("b", 1), ("gone", 1)]


def test_orphans_are_seen_with_and_without_a_thread_id(dsn: str) -> None:
    sql = "SELECT m.* FROM messages m LEFT JOIN threads t ON m.thread_id = t.id WHERE t.id IS NULL AND {own}"
    found = query(rows_of(dsn, canaries=(CANARY,)), sql.format(own="m.thread_id IS NOT 'other'"), {})

    assert [(row["id"], row["thread_id"]) for row in found] == [("m6", "gone"), ("m7", None)]


def test_a_canary_is_found_in_threads_of_others_and_letter_by_letter(dsn: str) -> None:
    found = query(rows_of(dsn, canaries=(CANARY,)), "SELECT id FROM messages WHERE text LIKE '%violet%42%'", {})

    assert [row["id"] for row in found] == ["m7", "m9"]


def test_only_rows_of_this_run_come_back(dsn: str) -> None:
    assert query(rows_of(dsn), "SELECT count(*) AS n FROM messages WHERE thread_id = 'other'", {}) == [{"n": 0}]


def test_no_ids_are_no_rows(dsn: str) -> None:
    rows = using(dsn, lambda store: store.rows(MAPPING, (), ()))

    assert (rows.threads.rows, rows.messages.rows) == ((), ())


def test_odd_ids_are_no_error(dsn: str) -> None:
    odd = ["'; DROP TABLE threads; --", "\ud800", "a\0", "%", "", "a"]
    rows = using(dsn, lambda store: store.rows(MAPPING, odd, ()))

    assert [row[0] for row in rows.threads.rows] == ["a"]


def test_a_position_of_the_mapping_wins(dsn: str) -> None:
    mapping = StoreMapping(
        threads="SELECT id FROM threads",
        messages="SELECT seq AS position, thread_id, role, content AS text FROM messages",
    )
    sql = "SELECT position FROM messages WHERE thread_id = 'a' ORDER BY position"

    assert [row["position"] for row in query(rows_of(dsn, mapping), sql, {})] == [1, 2, 3, 4]


def test_a_table_that_is_missing_is_named(dsn: str) -> None:
    mapping = StoreMapping(threads="SELECT id FROM conversations", messages=MAPPING.messages)
    with pytest.raises(TableMissing, match=r"conversations[\s\S]*migrate the database"):
        using(dsn, lambda store: store.check(mapping))


def test_a_mapping_that_forgets_a_column_is_refused_though_there_are_no_rows(dsn: str) -> None:
    mapping = StoreMapping(threads=MAPPING.threads, messages="SELECT thread_id, role, content FROM messages")
    with pytest.raises(MappingWrong, match='no column "text"'):
        using(dsn, lambda store: store.check(mapping))


def test_a_mapping_that_writes_is_refused(dsn: str) -> None:
    with pytest.raises(UnsafeSql):
        rows_of(dsn, StoreMapping(threads="DELETE FROM threads RETURNING id", messages=MAPPING.messages))


def test_a_step_in_the_databases_own_sql_is_read(dsn: str) -> None:
    sql = "SELECT id, content FROM messages WHERE thread_id = :p0 AND content LIKE '%:p1%' ORDER BY seq;"
    found = using(dsn, lambda store: store.native(sql, {"p0": "a", "p1": "In wor"}))

    assert found == [{"id": "m3", "content": "In words?"}]


@pytest.mark.parametrize("sql", ["DELETE FROM messages", "SELECT 1; DELETE FROM messages", "DROP TABLE threads"])
def test_a_step_that_writes_is_refused_before_it_is_sent(dsn: str, sql: str) -> None:
    with pytest.raises(UnsafeSql):
        using(dsn, lambda store: store.native(sql, {}))


def test_a_step_with_an_unknown_column_is_the_scenarios_mistake(dsn: str) -> None:
    with pytest.raises(QueryWrong, match="contents"):
        using(dsn, lambda store: store.native("SELECT contents FROM messages", {}))


def test_rows_without_end_are_refused_not_cut(dsn: str) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n"
    with pytest.raises(LimitReached, match="more than 10000 rows"):
        using(dsn, lambda store: store.native(endless, {}))


def test_a_read_that_takes_too_long_is_ended(dsn: str) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i % 7 + 1 FROM n) SELECT max(i) AS n FROM n"

    async def read(store: Store) -> None:
        try:
            with pytest.raises(LimitReached, match="a read took"):
                await store.native(endless, {})
            # The connection is still good.
            await store.check(MAPPING)
        finally:
            await store.close()

    asyncio.run(read(open_store(dsn, time_limit=0.2)))


def test_a_row_that_is_committed_is_seen_by_the_next_poll(dsn: str) -> None:
    async def before_and_after(store: Store) -> list[int]:
        counts = [len((await store.rows(MAPPING, IDS, ())).messages.rows)]
        insert = "INSERT INTO messages VALUES (10, 'm10', 'b', 'assistant', 'new', NULL, '2026-01-02 10:00:01+00:00')"
        if dsn.startswith("sqlite"):
            with closing(sqlite3.connect(dsn.removeprefix("sqlite:///"))) as writer, writer:
                writer.execute(insert)
        else:
            execute(dsn, insert)
        return [*counts, len((await store.rows(MAPPING, IDS, ())).messages.rows)]

    assert using(dsn, before_and_after) == [6, 7]


def test_many_scenarios_read_at_the_same_time(dsn: str) -> None:
    async def at_once(store: Store) -> list[CanonicalRows]:
        return await asyncio.gather(*(store.rows(MAPPING, IDS, (CANARY,)) for _ in range(40)))

    assert {len(rows.messages.rows) for rows in using(dsn, at_once)} == {8}


def test_a_thread_that_is_just_being_made_leaves_no_orphan(dsn: str) -> None:
    # Reads and writes run against each other: with a moment per table, a hundred polls show dozens of orphans.
    ids = [f"new-{number}" for number in range(2000)]
    done = threading.Event()

    async def orphans(store: Store) -> set[object]:
        found: set[object] = set()
        for _ in range(100):
            rows = await store.rows(MAPPING, ids, ())
            threads = {row[0] for row in rows.threads.rows}
            at = rows.messages.columns.index("thread_id")
            found |= {row[at] for row in rows.messages.rows} - threads
        done.set()
        return found

    with ThreadPoolExecutor(1) as writers:
        writing = writers.submit(make_threads, dsn, ids, done)
        try:
            assert using(dsn, orphans) == set()
        finally:
            done.set()
        assert writing.result() > 0


def make_threads(dsn: str, ids: list[str], done: threading.Event) -> int:
    """
    Makes one thread with one message after the other, each in one transaction, until told to stop.
    """
    with closing(writer_for(dsn)) as connection:
        for made, name in enumerate(ids):
            if done.is_set():
                return made
            connection.execute(f"INSERT INTO threads VALUES ('{name}', NULL, NULL)")
            connection.execute(f"INSERT INTO messages VALUES (1, 'm', '{name}', 'user', '', NULL, NULL)")
            connection.commit()
            time.sleep(0.001)  # spread over the polls
    return len(ids)


def writer_for(dsn: str) -> Any:
    return sqlite3.connect(dsn.removeprefix("sqlite:///")) if dsn.startswith("sqlite") else psycopg.connect(dsn)


# PostgreSQL only


def test_uuid_and_number_keys_take_any_thread_id(postgres_url: str) -> None:
    name = "550e8400-e29b-41d4-a716-446655440000"
    execute(postgres_url, "CREATE TABLE threads (id uuid PRIMARY KEY, meta jsonb)")
    execute(postgres_url, "CREATE TABLE messages (id bigint, thread_id uuid, role text, content jsonb, at timestamp)")
    execute(postgres_url, f"INSERT INTO threads VALUES ('{name}', '{{\"k\": [1]}}')")
    execute(postgres_url, f"INSERT INTO messages VALUES (7, '{name}', 'user', '[\"hi\"]', '2026-01-01')")
    mapping = StoreMapping(
        threads="SELECT id, meta AS metadata FROM threads",
        messages="SELECT id, thread_id, role, content AS text, at AS created_at FROM messages",
    )
    ids = [name, "thread-a", "", name.upper(), "9" * 40]
    rows = using(postgres_url, lambda store: store.rows(mapping, ids, ("hi",)))

    assert rows.threads.rows == ((name, '{"k": [1]}'),)
    assert rows.messages.rows == ((1, "7", name, "user", '["hi"]', "2026-01-01T00:00:00.000000Z"),)


def test_whole_number_keys_take_any_thread_id(postgres_url: str) -> None:
    execute(postgres_url, "CREATE TABLE threads (id int); INSERT INTO threads VALUES (1), (2)")
    execute(postgres_url, "CREATE TABLE messages (thread_id int, role text, text text)")
    mapping = StoreMapping(threads="SELECT id FROM threads", messages="SELECT thread_id, role, text FROM messages")
    ids = ["1", "01x", "-", "9" * 18, "9" * 19, "٣"]
    rows = using(postgres_url, lambda store: store.rows(mapping, ids, ()))

    assert rows.threads.rows == (("1",),)


def test_a_mapping_keeps_the_users_index(filled_postgres: str) -> None:
    execute(filled_postgres, "CREATE INDEX by_thread ON messages (thread_id)")
    sql = (
        "SELECT * FROM (SELECT thread_id, content AS text FROM messages ORDER BY seq\n) AS m "
        """WHERE m."thread_id" = ANY('{a}'::text[])"""
    )
    with psycopg.connect(filled_postgres) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = connection.execute(f"EXPLAIN {sql}".encode()).fetchall()

    assert "by_thread" in str(plan)


def test_no_prepared_statement_is_left_for_a_pooler_to_trip_over(filled_postgres: str) -> None:
    async def ten_times(store: Store) -> list[dict[str, object]]:
        for _ in range(10):
            await store.rows(MAPPING, IDS, (CANARY,))
            await store.native("SELECT id FROM threads WHERE id = :p0", {"p0": "a"})
        return await store.native(
            "SELECT (SELECT count(*) FROM pg_prepared_statements) AS prepared, "
            "(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'threadgauge' "
            "AND datname = current_database()) AS connections",
            {},
        )

    assert using(filled_postgres, ten_times) == [{"prepared": 0, "connections": 1}]


def test_no_setting_outlives_its_transaction() -> None:
    assert re.findall(r"SET (?!LOCAL )", BEGIN) == []


def test_a_superuser_is_warned_about_and_a_reader_is_not(filled_postgres: str, reader: str) -> None:
    async def warnings(store: Store) -> list[str]:
        await store.check(MAPPING)
        return store.warnings

    assert using(reader, warnings) == []
    assert "the role postgres is a superuser" in using(filled_postgres, warnings)[0]


def test_a_function_that_writes_is_refused_by_the_database(filled_postgres: str) -> None:
    execute(
        filled_postgres,
        "CREATE FUNCTION clean_up() RETURNS bigint VOLATILE LANGUAGE sql AS "
        "$$ WITH gone AS (DELETE FROM messages RETURNING 1) SELECT count(*) FROM gone $$",
    )
    with pytest.raises(UnsafeSql, match="read-only transaction"):
        using(filled_postgres, lambda store: store.native("SELECT clean_up() AS n", {}))


def test_rows_that_a_policy_would_hide_are_an_error_not_an_absence(filled_postgres: str, reader: str) -> None:
    execute(filled_postgres, "ALTER TABLE messages ENABLE ROW LEVEL SECURITY")
    with pytest.raises(StoreUnreachable, match=r"row-level security[\s\S]*BYPASSRLS"):
        rows_of(reader)


def test_a_connection_that_was_cut_is_made_anew_once(filled_postgres: str) -> None:
    async def cut_between(store: Store) -> int:
        await store.rows(MAPPING, IDS, ())
        execute(
            filled_postgres,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'threadgauge' AND datname = current_database()",
        )
        return len((await store.rows(MAPPING, IDS, ())).messages.rows)

    assert using(filled_postgres, cut_between) == 6


def test_a_database_that_is_not_there_is_named_without_the_password() -> None:
    dsn = "postgresql://somebody:secret-word@127.0.0.1:1/chat"
    with pytest.raises(StoreUnreachable) as refused:
        using(dsn, lambda store: store.check())

    assert str(refused.value).startswith("postgresql://127.0.0.1:1/chat: ")
    assert "secret-word" not in str(refused.value)


def test_a_dsn_that_cannot_be_read_keeps_its_password_too() -> None:
    with pytest.raises(StoreUnreachable) as refused:
        using("postgresql://me:secret-word@[::1/chat", lambda store: store.check())

    assert "secret-word" not in str(refused.value)


# SQLite only


def test_attach_is_refused_by_the_text_and_by_the_connection(filled_sqlite: str, tmp_path: Path) -> None:
    from conformance.driver.stores.sqlite_fence import only_reads

    other = tmp_path / "other.db"
    with pytest.raises(UnsafeSql):
        using(filled_sqlite, lambda store: store.native(f"ATTACH '{other}' AS other", {}))
    with closing(sqlite3.connect(filled_sqlite.removeprefix("sqlite:///"))) as connection:
        only_reads(connection)
        with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
            connection.execute(f"ATTACH '{other}' AS other")

    assert not other.exists()


def test_number_keys_are_found_by_their_text(tmp_path: Path) -> None:
    path = tmp_path / "numbers.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE threads (id INTEGER PRIMARY KEY); INSERT INTO threads VALUES (1), (2);"
            "CREATE TABLE messages (thread_id INTEGER, role TEXT, text TEXT);"
        )
    mapping = StoreMapping(threads="SELECT id FROM threads", messages="SELECT thread_id, role, text FROM messages")
    rows = using(f"sqlite:///{path}", lambda store: store.rows(mapping, ["1", "x"], ()))

    assert rows.threads.rows == (("1",),)


def test_bytes_in_a_text_are_refused(filled_sqlite: str) -> None:
    with closing(sqlite3.connect(filled_sqlite.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE messages SET content = x'ff00' WHERE id = 'm1'")
    with pytest.raises(MappingWrong, match="holds bytes"):
        rows_of(filled_sqlite)


def test_a_file_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(StoreUnreachable, match="no such file"):
        using(f"sqlite:///{path}", lambda store: store.check())

    assert not path.exists()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database at all, but long enough to be read" * 30)
    with pytest.raises(StoreUnreachable, match="not a database"):
        using(f"sqlite:///{path}", lambda store: store.check())


@pytest.mark.parametrize("dsn", ["mysql://host/db", "chat.db", "sqlite://", "sqlite:///:memory:", ""])
def test_any_other_dsn_is_refused_with_what_is_known(dsn: str) -> None:
    with pytest.raises(UnknownStore, match=r"sqlite:///|file"):
        open_store(dsn)


@pytest.mark.parametrize("dsn", ["sqlite+aiosqlite:///{path}", "sqlite:///{path}?timeout=5"])
def test_sqlalchemys_spelling_opens_the_same_file(filled_sqlite: str, dsn: str) -> None:
    path = filled_sqlite.removeprefix("sqlite:///").replace("#", "%23")
    Path(path).symlink_to(filled_sqlite.removeprefix("sqlite:///"))

    assert len(rows_of(dsn.format(path=path)).threads.rows) == 2
