"""
Firestore as a store, through Google's own client, against an emulator that runs on Node.

Google's own emulator is no package: it is fetched from elsewhere when it is first run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from document_checks import FilledStore, message_document, thread_document, using
from schema_rows import NO_IDS, QUERIES, asked, expected, make, mapping, whole, whole_expected

from conformance.driver.stores import Store, query
from conformance.driver.stores.errors import MappingWrong, QueryWrong, StoreUnreachable, UnknownStore
from conformance.model.profile import CollectionMapping, StoreMapping

firestore = pytest.importorskip(
    "google.cloud.firestore", reason="google-cloud-firestore is not installed: pip install '.[firestore]'"
)

EMULATOR = "@firestore-emulator/server@0.3.15"
INSTALL_LIMIT = 60  # seconds; 3 were measured

# Not its own `start`, which listens on every address of the machine.
START = """
const { FirestoreServer } = require("@firestore-emulator/server");
const { ServerCredentials } = require("@grpc/grpc-js");
const emulator = new FirestoreServer();
emulator.server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
process.stdin.resume().on("end", () => process.exit(0));
"""


@pytest.fixture(scope="module")
def package(request: pytest.FixtureRequest) -> Path:
    """
    A folder that has the emulator, kept from one run of the tests to the next.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("the Firestore emulator needs node and npm, which are not on the PATH")
    assert request.config.cache is not None
    folder = Path(request.config.cache.mkdir("firestore-emulator"))
    if not (folder / "node_modules" / "@firestore-emulator" / "server").is_dir():
        words = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", EMULATOR]
        try:
            subprocess.run(words, capture_output=True, text=True, check=True, timeout=INSTALL_LIMIT)
        except subprocess.CalledProcessError as refused:
            pytest.skip(f"npm could not install {EMULATOR}: {refused.stderr[-300:]}")
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install {EMULATOR} within {INSTALL_LIMIT} s")
    return folder


@contextmanager
def emulating(package: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """
    Its address and its process, which ends when its standard input does, whatever becomes of us.
    """
    words = ["node", "-e", START]
    with subprocess.Popen(words, cwd=package, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}", process
        process.terminate()


@pytest.fixture(scope="module")
def emulator(package: Path) -> Iterator[str]:
    with emulating(package) as (address, _):
        yield address


@pytest.fixture
def project(emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """
    A project that nobody else uses.
    """
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator)
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def filled(project: str) -> FilledStore:
    made = make(without_thread=True)
    put(project, "threads", {one.id: thread_document(one) for one in made.threads})
    put(project, "messages", {one.id: message_document(one) for one in made.messages})
    return FilledStore(f"firestore://{project}", made, mapping("guide.documents"))


def put(project: str, collection: str, documents: dict[str, dict[str, Any]]) -> None:
    with closing(firestore.Client(project=project)) as client:
        for name, document in documents.items():
            client.collection(collection).document(name).set(document)


@pytest.mark.parametrize("name", QUERIES)
def test_the_canonical_queries_give_what_was_made(filled: FilledStore, name: str) -> None:
    told = expected(filled.made, name)

    assert told
    assert asked(filled.rows(), filled.made, name) == told


@pytest.mark.parametrize("table", ["threads", "messages"])
def test_every_column_that_is_mapped_comes_back_as_it_was_made(filled: FilledStore, table: str) -> None:
    rows = filled.rows()

    assert whole(rows, table) == whole_expected(filled.made, table, getattr(rows, table).columns)


def test_an_id_that_no_document_can_have_is_in_no_row(filled: FilledStore) -> None:
    rows = using(filled.dsn, lambda store: store.rows(filled.mapping, NO_IDS, ()))

    assert (rows.threads.rows, rows.messages.rows) == ((), ())


def test_more_ids_than_one_query_takes_are_asked_for_in_several(filled: FilledStore) -> None:
    ids = [*(f"none-{number}" for number in range(100)), *filled.made.ids]
    rows = using(filled.dsn, lambda store: store.rows(filled.mapping, ids, ()))

    assert len(rows.threads.rows) == len(filled.made.threads)
    assert len(rows.messages.rows) == len([one for one in filled.made.messages if one.thread_id])


def test_a_message_without_a_time_is_there_and_comes_last(project: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    message = {"thread_id": "t", "role": "user"}
    put(project, "messages", {"a": {**message, "content": "none"}, "b": {**message, "content": "x", "created_at": at}})
    rows = using(f"firestore://{project}", lambda store: store.rows(mapping("guide.documents"), ["t"], ()))

    assert [row["id"] for row in query(rows, "SELECT id FROM messages ORDER BY position", {})] == ["b", "a"]


def test_threads_may_be_named_by_a_field_and_messages_by_a_number(project: str) -> None:
    put(project, "talks", {"x": {"key": "t"}, "y": {"key": "other"}})
    put(project, "lines", {"m": {"talk": 7, "who": "model", "said": ["a", "b"], "tokens": {"all": 3}}})
    own = StoreMapping(
        threads=CollectionMapping(collection="talks", fields={"id": "key"}),
        messages=CollectionMapping(
            collection="lines",
            fields={"thread_id": "talk", "role": "who", "text": "said", "total_tokens": "tokens.all"},
            values={"role": {"model": "assistant"}},
        ),
    )
    rows = using(f"firestore://{project}", lambda store: store.rows(own, ["t", "7"], ()))

    assert query(rows, "SELECT id FROM threads", {}) == [{"id": "t"}]
    assert query(rows, "SELECT thread_id, role, text, total_tokens FROM messages", {}) == [
        {"thread_id": "7", "role": "assistant", "text": '["a", "b"]', "total_tokens": 3}
    ]


def test_a_field_that_no_document_has_is_the_mappings_mistake(filled: FilledStore) -> None:
    messages = CollectionMapping(
        collection="messages", fields={"thread_id": "thread_id", "role": "role", "text": "contents"}
    )
    wrong = StoreMapping(threads=filled.mapping.threads, messages=messages)
    with pytest.raises(MappingWrong, match=r'no document has "contents"[\s\S]*the first has content, created_at'):
        filled.rows(wrong)


def test_a_step_in_sql_is_told_that_there_is_none(project: str) -> None:
    with pytest.raises(QueryWrong, match="speaks no SQL"):
        using(f"firestore://{project}", lambda store: store.native("SELECT 1", {}))


def test_a_check_is_fine_with_an_empty_project(project: str) -> None:
    using(f"firestore://{project}", lambda store: store.check())

    assert using(f"firestore://{project}", lambda store: store.check(mapping("guide.documents"))) is None


def test_an_emulator_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    with pytest.raises(StoreUnreachable, match=r"firestore://demo/\(default\): 503"):
        using("firestore://demo", lambda store: store.check())


def test_a_collection_whose_name_is_none_is_the_mappings_mistake(project: str) -> None:
    wrong = StoreMapping(
        threads=CollectionMapping(collection="threads/x", fields={"id": "__name__"}),
        messages=mapping("guide.documents").messages,
    )
    with pytest.raises(QueryWrong, match="odd number of path elements"):
        using(f"firestore://{project}", lambda store: store.rows(wrong, ["t"], ()))


def test_an_emulator_that_has_gone_is_told_at_once(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with emulating(package) as (address, process):
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)

        async def before_and_after(store: Store) -> float:
            await store.rows(mapping("guide.documents"), ["t"], ())
            process.kill()
            process.wait()
            began = time.monotonic()
            with pytest.raises(StoreUnreachable, match="503"):
                await store.rows(mapping("guide.documents"), ["t"], ())
            return time.monotonic() - began

        # The client's own patience is half a minute.
        assert using("firestore://demo", before_and_after) < 10


def test_without_credentials_it_is_said_how_to_get_some(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(StoreUnreachable, match=r"none\.json[\s\S]*gcloud auth application-default login"):
        using("firestore://demo", lambda store: store.check())


@pytest.mark.parametrize("dsn", ["firestore://", "firestore:///db", "firestore://a/b/c"])
def test_a_dsn_names_one_project(dsn: str) -> None:
    with pytest.raises(UnknownStore, match="firestore://PROJECT"):
        using(dsn, lambda store: store.check())


def test_without_the_client_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['google.cloud'] = None\n"
        "from conformance.driver.stores import open_store\n"
        "open_store('firestore://demo')"
    )
    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=root)

    assert "ClientMissing: the DSN: Firestore is read through the package google.cloud" in ended.stderr
    assert "pip install 'threadgauge[firestore]'" in ended.stderr
