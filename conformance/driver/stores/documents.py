"""
Documents as canonical rows, the same for every document store.

A document store knows no SELECT and no order that can be trusted: Firestore leaves out documents that lack the field it
orders by. So the documents come as they are, and are read, sorted and counted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from conformance.driver.stores.canonical import KEYS, REQUIRED, Table, TableName, canonical_table, check_columns, plain
from conformance.driver.stores.errors import LimitReached, MappingWrong, QueryWrong
from conformance.driver.stores.store import ROW_LIMIT
from conformance.model.profile import CollectionMapping

__all__ = [
    "OWN_ID",
    "Document",
    "SpeaksNoSql",
    "document_table",
    "key_path",
    "planted_in",
    "searched_path",
    "spellings",
]

OWN_ID = "__name__"
LARGEST = 2**63 - 1


class Document(NamedTuple):
    """
    One document: its own id, and what is in it. Values of the store's own types are left as its client gives them.
    """

    id: object
    content: Mapping[str, object]


class _Absent:
    """
    There is nothing at a path, not even NULL.
    """


ABSENT = _Absent()


def document_table(
    name: TableName,
    mapping: CollectionMapping,
    documents: Iterable[Document],
    known: Callable[[object], object] = lambda value: value,
) -> Table:
    """
    The rows of one canonical table, by time, then by id; `known` turns the store's own types into ordinary ones.
    """
    place = f"the profile's store mapping for {name}"
    check_columns(name, list(mapping.fields))
    kept = list(documents)
    _check_limit(kept, place)
    _check_found(name, mapping, kept, place)
    reader = _Reader(mapping, place, known)
    rows = sorted((reader.row(document) for document in kept), key=_rank)
    return canonical_table(name, list(mapping.fields), [list(row.values()) for row in rows])


def key_path(name: TableName, mapping: CollectionMapping) -> str:
    """
    Where a document says of which thread it is.
    """
    return mapping.fields[KEYS[name][0]]


def searched_path(name: TableName, mapping: CollectionMapping) -> str | None:
    """
    Where a document may hold a canary, if the profile maps that column.
    """
    return mapping.fields.get(KEYS[name][1])


def planted_in(document: Document, path: str, canaries: Sequence[str]) -> bool:
    """
    Whether one of the canaries is in the texts at a path, letter by letter.
    """
    texts = [text for text in _at(document.content, path.split(".")) if isinstance(text, str)]
    return any(canary in "".join(texts) for canary in canaries)


def spellings(ids: Iterable[str]) -> Iterator[str | int]:
    """
    Each id as a text, and as a number where it may be one: a document store compares by type.
    """
    for one in ids:
        yield one
        with suppress(ValueError):
            if one.isascii() and str(int(one)) == one and abs(int(one)) <= LARGEST:
                yield int(one)


class SpeaksNoSql:
    """
    The half of a store that a document store has not.
    """

    async def native(self, sql: str, parameters: Mapping[str, object]) -> list[dict[str, object]]:
        raise QueryWrong("the sql step", "a document store speaks no SQL", "ask the canonical tables with `query`")


class _Reader:
    """
    Reads canonical columns out of documents of one collection.
    """

    def __init__(self, mapping: CollectionMapping, place: str, known: Callable[[object], object]) -> None:
        self._mapping = mapping
        self._place = place
        self._known = known

    def row(self, document: Document) -> dict[str, object]:
        return {column: self._cell(document, column, path) for column, path in self._mapping.fields.items()}

    def _cell(self, document: Document, column: str, path: str) -> object:
        found = [self._plain(value, column) for value in _values(document, path)]
        value = _joined(found) if column == "text" else (found[0] if found else None)
        renamed = self._mapping.values.get(column, {})
        return renamed.get(value, value) if isinstance(value, str) else value

    def _plain(self, value: object, column: str) -> object:
        value = self._known(value)
        if isinstance(value, Mapping):
            return {str(key): self._plain(inner, column) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(inner, column) for inner in value]
        return plain(value, self._place, column)


def _joined(found: Sequence[object]) -> object:
    """
    One text of the texts of several parts; anything else is left for the table to show as it is.
    """
    if found and all(isinstance(one, str) for one in found):
        return "".join(map(str, found))
    return found[0] if found else None


def _values(document: Document, path: str) -> Iterator[object]:
    if path == OWN_ID:
        yield document.id
    else:
        yield from _at(document.content, path.split("."))


def _at(value: object, keys: Sequence[str]) -> Iterator[object]:
    """
    What stands at a path. A list on the way is gone through, as in MongoDB's own paths: `content.text` is in each part.
    """
    if not keys:
        yield value
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _at(inner, keys)
    elif isinstance(value, Mapping) and keys[0] in value:
        yield from _at(value[keys[0]], keys[1:])


def _rank(row: Mapping[str, object]) -> tuple[tuple[bool, str], tuple[bool, str]]:
    # Times are texts by now that sort as times do; a document without one comes last.
    at, name = row.get("created_at"), row.get("id")
    return (at is None, str(at)), (name is None, str(name))


def _check_limit(kept: Sequence[Document], place: str) -> None:
    if len(kept) > ROW_LIMIT:
        raise LimitReached(place, f"more than {ROW_LIMIT} documents", "narrow it to what this run made")


def _check_found(name: TableName, mapping: CollectionMapping, kept: Sequence[Document], place: str) -> None:
    """
    A database refuses a column that is not there; of a misspelt field a document store says nothing.
    """
    for column in REQUIRED[name] if kept else ():
        path = mapping.fields[column]
        if not any(True for document in kept for _ in _values(document, path)):
            fields = ", ".join(sorted(map(str, kept[0].content))) or "nothing"
            raise MappingWrong(place, f'no document has "{path}"', f"fix `{column}: {path}`; the first has {fields}")
