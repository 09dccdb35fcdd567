"""
Firestore as a store: two collections of a project, read in one read-only transaction.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from google.api_core import exceptions as google_errors
from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from google.cloud.firestore_v1.field_path import FieldPath

from conformance.driver.stores.canonical import CanonicalRows, Table, TableName, check_columns, storable
from conformance.driver.stores.documents import (
    OWN_ID,
    Document,
    SpeaksNoSql,
    document_table,
    key_path,
    planted_in,
    searched_path,
    spellings,
)
from conformance.driver.stores.errors import LimitReached, QueryWrong, StoreError, StoreUnreachable
from conformance.driver.stores.lending import Lending
from conformance.driver.stores.mapping import collection_of
from conformance.driver.stores.store import ROW_LIMIT, TIME_LIMIT
from conformance.model.profile import CollectionMapping, StoreMapping

__all__ = ["FirestoreStore"]

T = TypeVar("T")
AT_ONCE = 30  # values of one `in`, says Firestore
ID_BYTES = 1500  # of a document's id, says Firestore


class FirestoreStore(SpeaksNoSql):
    """
    A project's database; the credentials are the machine's own, or none where FIRESTORE_EMULATOR_HOST is set.
    """

    def __init__(self, project: str, database: str, *, time_limit: float = TIME_LIMIT) -> None:
        self.warnings: list[str] = []
        self._project = project
        self._database = database
        self._place = f"firestore://{project}/{database}"
        self._time_limit = time_limit
        self._lending: Lending[firestore.Client] = Lending(self._connect, _close, is_cut=lambda _: False)

    async def rows(self, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]) -> CanonicalRows:
        wanted, planted = storable(ids), storable(canaries)
        return await self._read(lambda client: self._rows(client, mapping, wanted, planted))

    async def check(self, mapping: StoreMapping | None = None) -> None:
        if mapping is None:
            await self._read(lambda client: self._greet(client, "threads"))
        else:
            await self.rows(mapping, (), ())

    async def close(self) -> None:
        await self._lending.close()

    def _connect(self) -> firestore.Client:
        try:
            return firestore.Client(project=self._project, database=self._database)
        except (GoogleAuthError, ValueError) as problem:
            told = "log in with `gcloud auth application-default login`, or set FIRESTORE_EMULATOR_HOST"
            raise StoreUnreachable(self._place, " ".join(str(problem).split()), told) from None

    async def _read(self, work: Callable[[firestore.Client], T]) -> T:
        return await self._lending.run(lambda client: self._explaining(client, work))

    def _explaining(self, client: firestore.Client, work: Callable[[firestore.Client], T]) -> T:
        try:
            return work(client)
        except (google_errors.GoogleAPIError, GoogleAuthError, ValueError) as problem:
            raise self._explained(problem) from None

    def _rows(
        self, client: firestore.Client, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]
    ) -> CanonicalRows:
        def read(transaction: firestore.Transaction) -> CanonicalRows:
            reader = _Reader(client, transaction, self._stream)
            messages = reader.table("messages", collection_of(mapping, "messages"), ids, canaries)
            return CanonicalRows(reader.table("threads", collection_of(mapping, "threads"), ids, canaries), messages)

        # A transaction's begin takes no timeout: with nobody there it was measured to try for 32 s.
        self._greet(client, collection_of(mapping, "threads").collection)
        rows: CanonicalRows = firestore.transactional(read)(client.transaction(read_only=True))
        return rows

    def _greet(self, client: firestore.Client, collection: str) -> None:
        list(self._stream(client.collection(collection).limit(1)))

    def _stream(self, query: Any, **options: Any) -> Iterator[Any]:
        # Without retries: a poll asks again anyway, and one that hangs says nothing.
        yield from query.stream(retry=None, timeout=self._time_limit, **options)

    def _explained(self, problem: Exception) -> StoreError:
        text = " ".join(str(problem).split())
        if isinstance(problem, google_errors.DeadlineExceeded):
            return LimitReached(self._place, f"a read took more than {self._time_limit:g} s", "narrow it")
        if isinstance(problem, google_errors.Forbidden | google_errors.Unauthorized | GoogleAuthError):
            return StoreUnreachable(self._place, text, "give the account the role `roles/datastore.viewer`")
        # The client itself refuses a path that is none with a ValueError.
        if isinstance(problem, google_errors.InvalidArgument | google_errors.FailedPrecondition | ValueError):
            return QueryWrong(self._place, text, "fix the collection's name or its fields")
        return StoreUnreachable(self._place, text, "see that project and database are right, or the emulator is up")


class _Reader:
    """
    Reads collections at the moment of one transaction.
    """

    def __init__(
        self, client: firestore.Client, transaction: firestore.Transaction, stream: Callable[..., Iterator[Any]]
    ) -> None:
        self._client = client
        self._transaction = transaction
        self._stream = stream

    def table(self, name: TableName, mapping: CollectionMapping, ids: Sequence[str], canaries: Sequence[str]) -> Table:
        check_columns(name, list(mapping.fields))
        found = {document.id: document for document in self._of(mapping, key_path(name, mapping), ids)}
        searched = searched_path(name, mapping)
        if canaries and searched is not None:
            found |= {one.id: one for one in self._all(name, mapping) if planted_in(one, searched, canaries)}
        return document_table(name, mapping, found.values(), _known)

    def _of(self, mapping: CollectionMapping, key: str, ids: Sequence[str]) -> Iterator[Document]:
        if key == OWN_ID:
            yield from self._named(mapping, [one for one in ids if _is_legal(one)])
            return
        collection = self._client.collection(mapping.collection)
        for some in _batches(spellings(ids), AT_ONCE):
            wanted = FieldFilter(FieldPath(*key.split(".")).to_api_repr(), "in", some)
            yield from self._documents(collection.where(filter=wanted).limit(ROW_LIMIT + 1))

    def _named(self, mapping: CollectionMapping, ids: Sequence[str]) -> Iterator[Document]:
        collection = self._client.collection(mapping.collection)
        for some in _batches(ids, AT_ONCE):
            references = [collection.document(one) for one in some]
            for found in self._client.get_all(references, transaction=self._transaction, retry=None):
                if found.exists:
                    yield Document(found.id, found.to_dict() or {})

    def _all(self, name: TableName, mapping: CollectionMapping) -> Iterator[Document]:
        """
        Every document, for Firestore has no search within texts; more than a search may take is an error.
        """
        query = self._client.collection(mapping.collection).limit(ROW_LIMIT + 1)
        for count, document in enumerate(self._documents(query)):
            if count == ROW_LIMIT:
                place = f"the search for a canary in {name}"
                raise LimitReached(place, f"more than {ROW_LIMIT} documents", "test a project that holds less")
            yield document

    def _documents(self, query: Any) -> Iterator[Document]:
        for found in self._stream(query, transaction=self._transaction):
            yield Document(found.id, found.to_dict() or {})


def _batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(values)
    while some := list(itertools.islice(left, size)):
        yield some


def _is_legal(one: str) -> bool:
    """
    Whether a document can have this id at all; the client refuses some that cannot, the server the others.
    """
    reserved = one in ("", ".", "..") or (one.startswith("__") and one.endswith("__"))
    return not reserved and "/" not in one and len(one.encode()) <= ID_BYTES


def _known(value: object) -> object:
    return value.id if isinstance(value, firestore.DocumentReference) else value


def _close(client: Any) -> None:
    client.close()
