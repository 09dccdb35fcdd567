"""
The schemas that servers of each dialect have, on a real PostgreSQL: one mapping each, and the same questions to all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from schema_rows import (
    CANARY,
    NO_IDS,
    QUERIES,
    SCHEMAS,
    Made,
    asked,
    expected,
    make,
    mapping,
    whole,
    whole_expected,
)

from conformance.driver.stores import CanonicalRows, Store, open_store, query
from conformance.driver.stores.errors import MappingWrong
from conformance.model.profile import CollectionMapping, StoreMapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Schema:
    """
    Which column of which table holds what was made; `none` is whether a message may be of no thread at all.
    """

    threads: tuple[str, Mapping[str, str]]
    messages: tuple[str, Mapping[str, str]]
    none: bool = False


_TIMES = {"created_at": "created_at", "updated_at": "updated_at"}
_MESSAGE = {"id": "id", "thread_id": "thread_id", "role": "role", "content": "text", "created_at": "created_at"}
_TOKENS = {name: name for name in ("model", "finish_reason", "prompt_tokens", "completion_tokens", "total_tokens")}

DIALECTS: Mapping[str, Schema] = {
    "anita": Schema(
        ("threads", {"id": "id", "teacher_id": "owner", "title": "title", **_TIMES}),
        ("messages", {**_MESSAGE, "external_id": "external_id"}),
        none=True,
    ),
    "completions": Schema(
        ("threads", {"id": "id", "created_at": "created_at", "metadata": "metadata"}),
        ("messages", {**_MESSAGE, **{name: name for name in ("name", "tool_calls", "tool_call_id", "metadata")}}),
        none=True,
    ),
    "guide": Schema(
        (
            "Thread",
            {
                "id": "id",
                "title": "title",
                "userId": "owner",
                "createdAt": "created_at",
                "updatedAt": "updated_at",
                "metadata": "metadata",
            },
        ),
        (
            "Message",
            {
                "id": "id",
                "threadId": "thread_id",
                "role": "role",
                "content": "text",
                "createdAt": "created_at",
                "metadata": "metadata",
            },
        ),
    ),
    "shadflare": Schema(
        (
            "conversations",
            {
                "id": "id",
                "tenant_id": "tenant",
                "user_id": "owner",
                "title": "title",
                "message_count": "message_count",
                "archived": "archived",
                "created_at": "created_at",
                "last_message_at": "updated_at",
            },
        ),
        (
            "messages",
            {
                "id": "id",
                "conversation_id": "thread_id",
                "tenant_id": "tenant",
                "parent_message_id": "parent_id",
                "role": "role",
                "content": "text",
                "created_at": "created_at",
                **_TOKENS,
            },
        ),
    ),
    "assistants": Schema(
        ("threads", {"id": "id", "metadata": "metadata", "created_at": "created_at"}),
        (
            "messages",
            {
                "id": "id",
                "thread_id": "thread_id",
                "role": "role",
                "content": "parts",
                "metadata": "metadata",
                "run_id": "run",
                "created_at": "created_at",
            },
        ),
    ),
}

RUNS = """
INSERT INTO runs (id, thread_id, assistant_id, status, model)
SELECT id, thread_id, '00000000-0000-4000-8000-000000000000', 'completed', 'scripted'
FROM messages WHERE role = 'assistant'
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """
    A database with one schema, and what was put into it.
    """

    dialect: str
    dsn: str
    made: Made
    mapping: StoreMapping

    def rows(self) -> CanonicalRows:
        return self.read(lambda store: store.rows(self.mapping, self.made.ids, [CANARY]))

    def read(self, work: Callable[[Store], Awaitable[T]]) -> T:
        async def opened() -> T:
            store = open_store(self.dsn)
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(opened())


@pytest.fixture(params=DIALECTS)
def filled(request: pytest.FixtureRequest, postgres_url: str) -> Filled:
    """
    Orphans come in with the constraints asleep, as they do on a server whose schema had none once.
    """
    dialect = str(request.param)
    made = make(without_thread=DIALECTS[dialect].none)
    with psycopg.connect(postgres_url) as connection:
        connection.execute((SCHEMAS / f"{dialect}.sql").read_bytes())
        connection.execute("SET session_replication_role = replica; SET timezone = 'UTC'")
        for thread in made.threads:
            insert(connection, *DIALECTS[dialect].threads, thread)
        for message in made.messages:
            insert(connection, *DIALECTS[dialect].messages, message)
        if dialect == "assistants":
            connection.execute(RUNS)
    return Filled(dialect, postgres_url, made, mapping(dialect))


def insert(connection: psycopg.Connection, table: str, columns: Mapping[str, str], row: object) -> None:
    values = [getattr(row, name) for name in columns.values()]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
    )
    connection.execute(statement, [Jsonb(value) if isinstance(value, dict | list) else value for value in values])


@pytest.mark.parametrize("name", QUERIES)
def test_every_schema_gives_the_same_answers(filled: Filled, name: str) -> None:
    told = expected(filled.made, name)

    assert told
    assert asked(filled.rows(), filled.made, name) == told


@pytest.mark.parametrize("table", ["threads", "messages"])
def test_every_column_that_is_mapped_comes_back_as_it_was_made(filled: Filled, table: str) -> None:
    rows = filled.rows()

    assert whole(rows, table) == whole_expected(filled.made, table, getattr(rows, table).columns)


def test_rows_that_have_moved_on_disk_keep_their_places(filled: Filled) -> None:
    before = asked(filled.rows(), filled.made, "ties")
    table, columns = DIALECTS[filled.dialect].messages
    role = sql.Identifier(next(column for column, name in columns.items() if name == "role"))
    with psycopg.connect(filled.dsn, autocommit=True) as connection:
        # Every second row is written anew at the table's end.
        move = sql.SQL("UPDATE {table} SET {role} = {role} WHERE {role} = 'user'")
        connection.execute(move.format(table=sql.Identifier(table), role=role))
        connection.execute(sql.SQL("VACUUM FULL {}").format(sql.Identifier(table)))

    assert asked(filled.rows(), filled.made, "ties") == before


def test_an_id_that_a_schema_cannot_hold_is_in_no_row(filled: Filled) -> None:
    rows = filled.read(lambda store: store.rows(filled.mapping, NO_IDS, ()))

    assert (rows.threads.rows, rows.messages.rows) == ((), ())


def test_an_odd_id_beside_a_good_one_hides_nothing(filled: Filled) -> None:
    good = filled.made.threads[0].id
    rows = filled.read(lambda store: store.rows(filled.mapping, [*NO_IDS, good], ()))

    assert query(rows, "SELECT id FROM threads", {}) == [{"id": good}]
    assert len(rows.messages.rows) == len(filled.made.of(good))


def test_a_message_of_no_thread_is_found_by_its_canary(filled: Filled) -> None:
    found = query(filled.rows(), "SELECT id FROM messages WHERE thread_id IS NULL", {})

    assert found == [{"id": one.id} for one in filled.made.of(None)]
    assert len(found) == int(DIALECTS[filled.dialect].none)


def test_a_collection_is_no_mapping_for_a_database(postgres_url: str) -> None:
    collection = CollectionMapping(collection="threads", fields={"id": "__name__"})
    wrong = Filled("", postgres_url, Made([], []), StoreMapping(threads=collection, messages="SELECT 1"))
    with pytest.raises(MappingWrong, match='the collection "threads", and the DSN is of a database'):
        wrong.rows()
