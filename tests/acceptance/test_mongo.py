"""
MongoDB as a store, through its own client, against a server that speaks its wire protocol.

No real MongoDB can be installed from a package registry; `nx-27017` keeps its documents in SQLite.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from document_checks import FilledStore, message_document, thread_document, using
from schema_rows import NO_IDS, QUERIES, asked, expected, make, mapping, whole, whole_expected

from conformance.driver.stores import Store, query
from conformance.driver.stores.errors import MappingWrong, QueryWrong, StoreUnreachable, UnknownStore
from conformance.model.profile import CollectionMapping, StoreMapping

pymongo = pytest.importorskip("pymongo", reason="pymongo is not installed: pip install '.[mongo]'")
bson = pytest.importorskip("bson")

SERVER = "nx_27017.nx_27017"
UP_LIMIT = 20.0  # seconds; 0.2 was measured on an idle machine

pytestmark = pytest.mark.skipif(find_spec("nx_27017") is None, reason="no MongoDB server: pip install nx-27017")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + UP_LIMIT
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port))):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{SERVER} did not listen on {port}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("mongo"), free_port()
    words = ["--data-dir", "memory", "--port", str(port), "--log-file", "log", "--pid-file", "pid"]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", SERVER, *words], cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_for(port, process)
        yield f"mongodb://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def dsn(server: str) -> str:
    """
    A database that nobody else uses.
    """
    return f"{server}/test_{uuid.uuid4().hex}"


@pytest.fixture
def filled(dsn: str) -> FilledStore:
    made = make(without_thread=True)
    put(dsn, "threads", [{"_id": one.id, **thread_document(one)} for one in made.threads])
    put(dsn, "messages", [{"_id": one.id, **message_document(one)} for one in made.messages])
    return FilledStore(dsn, made, mapping("guide.documents"))


def put(dsn: str, collection: str, documents: list[dict[str, object]]) -> None:
    with pymongo.MongoClient(dsn) as client:
        client.get_default_database()[collection].insert_many(documents)


@pytest.mark.parametrize("name", QUERIES)
def test_the_canonical_queries_give_what_was_made(filled: FilledStore, name: str) -> None:
    told = expected(filled.made, name)

    assert told
    assert asked(filled.rows(), filled.made, name) == told


@pytest.mark.parametrize("table", ["threads", "messages"])
def test_every_column_that_is_mapped_comes_back_as_it_was_made(filled: FilledStore, table: str) -> None:
    rows = filled.rows()

    assert whole(rows, table) == whole_expected(filled.made, table, getattr(rows, table).columns)


def test_an_id_that_no_document_has_is_in_no_row(filled: FilledStore) -> None:
    rows = using(filled.dsn, lambda store: store.rows(filled.mapping, NO_IDS, ()))

    assert (rows.threads.rows, rows.messages.rows) == ((), ())


def test_ids_of_other_types_are_found_by_their_text(dsn: str) -> None:
    name = bson.ObjectId()
    put(dsn, "threads", [{"_id": name}, {"_id": 7}, {"_id": "8"}])
    put(dsn, "messages", [{"thread_id": name, "role": "user", "content": "a"}, {"thread_id": 7, "content": "b"}])
    rows = using(dsn, lambda store: store.rows(mapping("guide.documents"), [str(name), "7", "8"], ()))

    assert {row["id"] for row in query(rows, "SELECT id FROM threads", {})} == {str(name), "7", "8"}
    assert query(rows, "SELECT thread_id, text FROM messages ORDER BY text", {}) == [
        {"thread_id": str(name), "text": "a"},
        {"thread_id": "7", "text": "b"},
    ]


def test_parts_roles_and_numbers_of_a_mapping_of_ones_own(dsn: str) -> None:
    parts = [{"type": "text", "text": "Hello "}, {"type": "image", "url": "x"}, {"type": "text", "text": "you"}]
    usage = {"in": 3.0, "out": bson.Int64(4), "all": 7}
    put(dsn, "talks", [{"_id": "t", "gone": False, "n": 1}])
    put(dsn, "lines", [{"talk": {"id": "t"}, "who": "model", "parts": parts, "usage": usage, "nr": 1}])
    own = StoreMapping(
        threads=CollectionMapping(collection="talks", fields={"id": "_id", "archived": "gone", "message_count": "n"}),
        messages=CollectionMapping(
            collection="lines",
            fields={
                "position": "nr",
                "thread_id": "talk.id",
                "role": "who",
                "text": "parts.text",
                "prompt_tokens": "usage.in",
                "completion_tokens": "usage.out",
                "total_tokens": "usage.all",
            },
            values={"role": {"model": "assistant"}},
        ),
    )
    rows = using(dsn, lambda store: store.rows(own, ["t"], ()))

    assert query(rows, "SELECT * FROM threads", {}) == [{"id": "t", "archived": 0, "message_count": 1}]
    assert query(rows, "SELECT * FROM messages", {}) == [
        {
            "position": 1,
            "thread_id": "t",
            "role": "assistant",
            "text": "Hello you",
            "prompt_tokens": 3,
            "completion_tokens": 4,
            "total_tokens": 7,
        }
    ]


def test_what_json_has_not_stands_in_metadata_as_text(dsn: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    put(dsn, "threads", [{"_id": "t", "title": "x", "metadata": {"at": at, "of": [bson.ObjectId("6" * 24)]}}])
    rows = using(dsn, lambda store: store.rows(mapping("guide.documents"), ["t"], ()))

    assert query(rows, "SELECT metadata FROM threads", {}) == [
        {"metadata": f'{{"at": "2026-01-01T00:00:00.000000Z", "of": ["{"6" * 24}"]}}'}
    ]


def test_a_thread_that_is_just_being_made_leaves_no_orphan(dsn: str) -> None:
    # With threads read before their messages, a hundred polls show some.
    ids = [f"new-{number}" for number in range(1000)]
    done = threading.Event()

    async def orphans(store: Store) -> set[object]:
        found: set[object] = set()
        for _ in range(100):
            rows = await store.rows(mapping("guide.documents"), ids, ())
            at = rows.messages.columns.index("thread_id")
            found |= {row[at] for row in rows.messages.rows} - {row[0] for row in rows.threads.rows}
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
    Makes one thread with one message after the other, until told to stop.
    """
    with pymongo.MongoClient(dsn) as client:
        database = client.get_default_database()
        for made, name in enumerate(ids):
            if done.is_set():
                return made
            database["threads"].insert_one({"_id": name})
            database["messages"].insert_one({"thread_id": name, "role": "user", "content": ""})
            time.sleep(0.001)  # spread over the polls
    return len(ids)


def test_a_field_that_no_document_has_is_the_mappings_mistake(filled: FilledStore) -> None:
    messages = CollectionMapping(
        collection="messages", fields={"thread_id": "thread_id", "role": "role", "text": "contents"}
    )
    wrong = StoreMapping(threads=filled.mapping.threads, messages=messages)
    with pytest.raises(MappingWrong, match=r'no document has "contents"[\s\S]*the first has _id, content, created_at'):
        filled.rows(wrong)


def test_a_select_is_no_mapping_for_a_document_store(filled: FilledStore) -> None:
    with pytest.raises(MappingWrong, match=r"gives a SELECT[\s\S]*collection: messages"):
        filled.rows(mapping("guide"))


def test_a_step_in_sql_is_told_that_there_is_none(dsn: str) -> None:
    with pytest.raises(QueryWrong, match="speaks no SQL"):
        using(dsn, lambda store: store.native("SELECT 1", {}))


def test_a_check_is_fine_with_the_server_and_with_an_empty_database(dsn: str) -> None:
    using(dsn, lambda store: store.check())

    assert using(dsn, lambda store: store.check(mapping("guide.documents"))) is None


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    dsn = f"mongodb://me:secret-word@127.0.0.1:{free_port()}/chat"
    with pytest.raises(StoreUnreachable) as refused:
        using(dsn, lambda store: store.check(), time_limit=0.3)

    assert str(refused.value).startswith("mongodb://127.0.0.1:")
    assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize("dsn", ["mongodb://127.0.0.1:27017", "mongodb://127.0.0.1/?tls=true"])
def test_a_dsn_names_a_database(dsn: str) -> None:
    with pytest.raises(UnknownStore, match=r"names no database[\s\S]*mongodb://host:port/NAME"):
        using(dsn, lambda store: store.check())


def test_without_the_client_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['pymongo'] = None\n"
        "from conformance.driver.stores import open_store\n"
        "open_store('mongodb://127.0.0.1/chat')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )

    assert "ClientMissing: the DSN: MongoDB is read through the package pymongo" in ended.stderr
    assert "pip install 'threadgauge[mongo]'" in ended.stderr
