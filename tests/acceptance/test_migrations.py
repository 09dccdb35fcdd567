"""
The schema's history and the tables that the code uses are the same, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Select, inspect, text

from reference_server.core.database import Database
from reference_server.core.store import Store
from reference_server.core.tables import schema


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'reference.db'}"
    return str(request.getfixturevalue("postgres_url"))


def differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), schema))


def test_the_history_ends_at_the_tables_of_the_code(url: str) -> None:
    database = Database(url)
    database.create()
    try:
        assert differences(database) == []
    finally:
        database.close()


def test_a_second_start_changes_nothing(url: str) -> None:
    for _ in range(2):
        database = Database(url)
        database.create()
        names = inspect(database.engine).get_table_names()
        database.close()
    assert "threads" in names


def test_servers_that_start_at_once_make_the_tables_once(postgres_url: str) -> None:
    making = "import sys; from reference_server.core.database import Database; Database(sys.argv[1]).create()"
    started = [subprocess.Popen([sys.executable, "-c", making, postgres_url]) for _ in range(3)]
    assert [one.wait(30) for one in started] == [0, 0, 0]
    database = Database(postgres_url)
    try:
        assert differences(database) == []
    finally:
        database.close()


def test_a_store_from_before_the_migrations_keeps_its_rows(url: str) -> None:
    database = Database(url)
    with database.engine.begin() as connection:
        made = dict.fromkeys(("created_at", "updated_at"), "now")
        assert made
        connection.execute(
            text(
                "CREATE TABLE threads (id VARCHAR PRIMARY KEY, title TEXT, title_is_default BOOLEAN NOT NULL, "
                "system_message TEXT, metadata JSON, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, "
                "next_seq INTEGER NOT NULL)"
            )
        )
        connection.execute(text("CREATE INDEX threads_by_activity ON threads (updated_at)"))
        connection.execute(
            text(
                "CREATE TABLE messages (id VARCHAR PRIMARY KEY, thread_id VARCHAR NOT NULL REFERENCES threads(id) "
                "ON DELETE CASCADE, seq INTEGER NOT NULL, role VARCHAR NOT NULL, content TEXT, name VARCHAR, "
                "tool_calls JSON, tool_call_id VARCHAR, metadata JSON, external_id VARCHAR, "
                "created_at TIMESTAMP NOT NULL, UNIQUE (thread_id, seq), UNIQUE (thread_id, external_id))"
            )
        )
        connection.execute(
            text("INSERT INTO threads VALUES ('t', NULL, true, NULL, '{}', '2026-01-01', '2026-01-01', 1)")
        )
        connection.execute(
            text(
                "INSERT INTO messages (id, thread_id, seq, role, content, created_at) "
                "VALUES ('m', 't', 0, 'user', 'hello', '2026-01-02')"
            )
        )
    database.create()
    try:
        with database.engine.connect() as connection:
            assert connection.execute(text("SELECT message_count FROM threads")).scalar() == 1
            assert connection.execute(text("SELECT content, active FROM messages")).one() == ("hello", True)
    finally:
        database.close()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Store().select_messages("t"), "thread_id=?"),
        (Store().select_threads("somebody"), "threads_by_owner_and_activity"),
        (Store().select_threads(), "threads_by_activity"),
        (Store().select_thread("t"), "id=?"),
    ],
    ids=["recall", "list of an owner", "list of all", "one thread"],
)
def test_what_is_read_often_is_read_by_an_index(tmp_path: Path, query: Select[Any], index: str) -> None:
    database = Database(f"sqlite:///{tmp_path / 'reference.db'}")
    database.create()
    try:
        with database.engine.connect() as connection:
            asked = query.compile(dialect=database.engine.dialect, compile_kwargs={"render_postcompile": True})
            values = tuple({**asked.params, "thread": "t"}[name] for name in asked.positiontup or ())
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values)]
    finally:
        database.close()

    assert index in plan[0], plan
