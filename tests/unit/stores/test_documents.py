"""
Documents as canonical rows: no store at all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from conformance.driver.stores.canonical import Table
from conformance.driver.stores.documents import Document, document_table, planted_in, spellings
from conformance.driver.stores.errors import LimitReached, MappingWrong, UnknownStore
from conformance.driver.stores.opening import open_store
from conformance.driver.stores.store import ROW_LIMIT
from conformance.model.profile import CollectionMapping
from conformance.text.redaction import Redactor

FIELDS = {"id": "__name__", "thread_id": "t", "role": "role", "text": "text", "created_at": "at"}
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def messages(*contents: dict[str, object], **changed: str) -> Table:
    """
    The table of documents that are named a, b, c, ...
    """
    documents = [Document(chr(97 + at), content) for at, content in enumerate(contents)]
    return document_table("messages", CollectionMapping(collection="m", fields={**FIELDS, **changed}), documents)


def column(table: Table, name: str) -> list[object]:
    return [row[table.columns.index(name)] for row in table.rows]


def said(**content: object) -> dict[str, object]:
    return {"t": "x", "role": "user", "text": "", **content}


def test_documents_are_ordered_by_time_then_by_id_and_those_without_a_time_come_last() -> None:
    table = messages(said(), said(at=DAY.replace(day=2)), said(at=DAY), said(at=None), said(at=DAY))

    assert column(table, "id") == ["c", "e", "b", "a", "d"]
    assert column(table, "position") == [1, 2, 3, 4, 5]


def test_a_path_goes_into_maps_and_through_lists() -> None:
    parts = [{"type": "text", "text": {"value": "Hel"}}, {"type": "image"}, {"text": {"value": "lo"}}]

    assert column(messages(said(c=parts), text="c.text.value"), "text") == ["Hello"]


def test_a_key_that_is_missing_is_null() -> None:
    assert column(messages({"t": "x", "role": "user"}, said(text="there")), "text") == [None, "there"]


def test_a_key_that_is_missing_everywhere_is_the_mappings_mistake() -> None:
    with pytest.raises(
        MappingWrong, match=r'no document has "body"\n  hint: fix `text: body`; the first has role, t, text'
    ):
        messages(said(), said(), text="body")


def test_no_documents_are_no_mistake() -> None:
    assert messages(text="body").rows == ()


def test_values_are_renamed_and_others_left() -> None:
    mapping = CollectionMapping(collection="m", fields=FIELDS, values={"role": {"model": "assistant"}})
    table = document_table("messages", mapping, [Document("a", said(role="model")), Document("b", said(role="odd"))])

    assert column(table, "role") == ["assistant", "odd"]


def test_what_a_client_has_types_of_its_own_for_is_made_ordinary_at_any_depth() -> None:
    mapping = CollectionMapping(collection="m", fields={**FIELDS, "metadata": "m", "total_tokens": "n"})
    content = said(m={"of": [complex(1, 2)], "at": DAY}, n=Decimal("7"))
    known = {complex: "a complex one"}
    table = document_table("messages", mapping, [Document("a", content)], lambda one: known.get(type(one), one))

    assert column(table, "metadata") == ['{"of": ["a complex one"], "at": "2026-01-01T00:00:00.000000Z"}']
    assert column(table, "total_tokens") == [7]


def test_numbers_stay_numbers_and_nothing_else_becomes_one() -> None:
    assert column(messages(said(n=3.0), total_tokens="n"), "total_tokens") == [3]
    for wrong in ("3", 3.5, True, float("inf")):
        with pytest.raises(MappingWrong, match="map a column of whole numbers `AS total_tokens`"):
            messages(said(n=wrong), total_tokens="n")


@pytest.mark.parametrize(("stored", "told"), [(True, 1), (False, 0), (0, 0), (1, 1), (None, None)])
def test_archived_is_one_or_zero(stored: object, told: int | None) -> None:
    mapping = CollectionMapping(collection="t", fields={"id": "__name__", "archived": "gone"})

    assert document_table("threads", mapping, [Document("a", {"gone": stored})]).rows == (("a", told),)


def test_a_text_is_no_answer_to_whether_a_thread_is_archived() -> None:
    mapping = CollectionMapping(collection="t", fields={"id": "__name__", "archived": "gone"})
    with pytest.raises(MappingWrong, match="map a column of booleans `AS archived`"):
        document_table("threads", mapping, [Document("a", {"gone": "yes"})])


def test_documents_without_end_are_refused_not_cut() -> None:
    with pytest.raises(LimitReached, match="more than 10000 documents"):
        messages(*[said()] * (ROW_LIMIT + 1))


def test_a_canary_is_found_letter_by_letter_and_across_parts() -> None:
    document = Document("a", {"text": [{"t": "k7_vio"}, {"t": "let%42"}]})

    assert planted_in(document, "text.t", ["nothing", "k7_violet%42"])
    assert not planted_in(document, "text.t", ["k7xviolet%42"])


def test_an_id_is_looked_for_as_a_text_and_as_the_number_that_it_spells() -> None:
    assert list(spellings(["a", "7", "07", "-3", "٣", "9" * 40])) == ["a", "7", 7, "07", "-3", -3, "٣", "9" * 40]


def test_the_kinds_of_dsn_are_told_without_what_looks_like_a_password():
    with pytest.raises(UnknownStore) as told:
        open_store("mysql://host/name")

    assert "postgresql://[user:password@]host:port/name" in Redactor().text(str(told.value))
