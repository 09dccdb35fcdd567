"""
MongoDB as a store: two collections, read with `find` and nothing else.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import pymongo
from bson import Decimal128, ObjectId
from bson.errors import BSONError, InvalidId
from pymongo import errors as mongo_errors

from conformance.driver.stores.canonical import CanonicalRows, Table, TableName, check_columns, storable
from conformance.driver.stores.documents import (
    OWN_ID,
    Document,
    SpeaksNoSql,
    document_table,
    key_path,
    searched_path,
    spellings,
)
from conformance.driver.stores.errors import LimitReached, QueryWrong, StoreError, StoreUnreachable, UnknownStore
from conformance.driver.stores.lending import Lending
from conformance.driver.stores.mapping import collection_of
from conformance.driver.stores.store import ROW_LIMIT, TIME_LIMIT
from conformance.model.profile import StoreMapping

__all__ = ["MongoStore"]

Client = pymongo.MongoClient[dict[str, Any]]
T = TypeVar("T")
CONNECT_LIMIT = 5.0  # seconds until a server is found
SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")


class MongoStore(SpeaksNoSql):
    """
    A database behind a `mongodb://` DSN; an id is looked for as text, number, ObjectId and UUID.
    """

    def __init__(self, dsn: str, *, time_limit: float = TIME_LIMIT) -> None:
        self.warnings: list[str] = []
        self._dsn = dsn
        self._time_limit = time_limit
        self._place, self._database = _place(dsn)
        self._lending: Lending[Client] = Lending(self._connect, _close, is_cut=lambda _: False)

    async def rows(self, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]) -> CanonicalRows:
        # A regular expression with a NUL is refused by the server; a text with one is still found by its id.
        wanted, planted = storable(ids), storable(canaries, without="\0")
        return await self._read(lambda client: self._rows(client, mapping, wanted, planted))

    async def check(self, mapping: StoreMapping | None = None) -> None:
        if mapping is None:
            await self._read(lambda client: client[self._database].command("ping"))
        else:
            await self.rows(mapping, (), ())

    async def close(self) -> None:
        await self._lending.close()

    def _connect(self) -> Client:
        try:
            return pymongo.MongoClient(
                self._dsn,
                appname="threadgauge",
                serverSelectionTimeoutMS=int(CONNECT_LIMIT * 1000),
                timeoutMS=int(self._time_limit * 1000),
                uuidRepresentation="standard",
                tz_aware=True,
            )
        except (mongo_errors.PyMongoError, ValueError) as problem:
            raise StoreUnreachable(self._place, _told(problem, self._dsn), "fix the DSN") from None

    async def _read(self, work: Callable[[Client], T]) -> T:
        return await self._lending.run(lambda client: self._explaining(client, work))

    def _explaining(self, client: Client, work: Callable[[Client], T]) -> T:
        try:
            return work(client)
        except (mongo_errors.PyMongoError, BSONError) as problem:
            raise self._explained(problem) from None

    def _rows(
        self, client: Client, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]
    ) -> CanonicalRows:
        # Messages first: a thread that is just being made leaves no orphan. A snapshot needs a replica set.
        messages = self._table(client, "messages", mapping, ids, canaries)
        return CanonicalRows(self._table(client, "threads", mapping, ids, canaries), messages)

    def _table(
        self, client: Client, name: TableName, mapping: StoreMapping, ids: Sequence[str], canaries: Sequence[str]
    ) -> Table:
        collection = collection_of(mapping, name)
        check_columns(name, list(collection.fields))
        searched = searched_path(name, collection)
        condition = _of_this_run(key_path(name, collection), ids, searched, canaries)
        found = client[self._database][collection.collection].find(condition).limit(ROW_LIMIT + 1)
        return document_table(name, collection, (Document(one.get("_id"), one) for one in found), _known)

    def _explained(self, problem: Exception) -> StoreError:
        text = _told(problem, self._dsn)
        if isinstance(problem, mongo_errors.ServerSelectionTimeoutError | mongo_errors.AutoReconnect):
            return StoreUnreachable(self._place, text, "start the database, or fix the DSN")
        if isinstance(problem, mongo_errors.PyMongoError) and problem.timeout:
            return LimitReached(self._place, f"a read took more than {self._time_limit:g} s", "add an index")
        if isinstance(problem, mongo_errors.OperationFailure) and problem.code in (13, 18):
            return StoreUnreachable(self._place, text, "give the DSN's user the role `read` on the database")
        return QueryWrong(self._place, text, "fix the collection's name or its fields")


def _of_this_run(key: str, ids: Sequence[str], searched: str | None, canaries: Sequence[str]) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = [{_own(key): {"$in": [value for one in ids for value in _typed(one)]}}]
    if searched is not None:
        conditions += [{_own(searched): {"$regex": _escaped(canary)}} for canary in canaries]
    return conditions[0] if len(conditions) == 1 else {"$or": conditions}


def _own(path: str) -> str:
    return "_id" if path == OWN_ID else path


def _typed(one: str) -> Iterator[object]:
    """
    An id in each type that may hold it: a text never equals an ObjectId.
    """
    yield from spellings([one])
    with suppress(InvalidId):
        yield ObjectId(one)
    with suppress(ValueError):
        yield uuid.UUID(one)


def _escaped(canary: str) -> str:
    # Not re.escape: it puts a backslash before characters that only Python's expressions take so.
    return SPECIAL.sub(r"\\\g<0>", canary)


def _known(value: object) -> object:
    return value.to_decimal() if isinstance(value, Decimal128) else value


def _close(client: Client) -> None:
    client.close()


def _told(problem: Exception, dsn: str) -> str:
    # A server that is not there is told with the driver's whole view of the world after the first comma.
    return " ".join(str(problem).replace(dsn, "the DSN").split()).partition(", Timeout:")[0]


def _place(dsn: str) -> tuple[str, str]:
    """
    Where the database is, without user and password, and its name.
    """
    scheme, _, rest = dsn.partition("://")
    hosts, _, tail = rest.rpartition("@")[2].partition("/")
    database = tail.partition("?")[0]
    if not database:
        raise UnknownStore("the DSN", "it names no database", f"write {scheme}://host:port/NAME")
    return f"{scheme}://{hosts}/{database}", database
