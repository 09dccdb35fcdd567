"""
Which half of a store mapping a store can use: SELECTs for a database, collections for a document store.
"""

from __future__ import annotations

from conformance.driver.stores.errors import MappingWrong
from conformance.model.columns import TableName
from conformance.model.profile import CollectionMapping, StoreMapping

__all__ = ["collection_of", "sql_of"]


def sql_of(mapping: StoreMapping, name: TableName) -> str:
    """
    The SELECT for a table; `MappingWrong` where the profile gives a collection.
    """
    given = getattr(mapping, name)
    if isinstance(given, str):
        return given
    raise MappingWrong(
        f"the profile's store mapping for {name}",
        f'it gives the collection "{given.collection}", and the DSN is of a database',
        "give a SELECT, or the DSN of a document store",
    )


def collection_of(mapping: StoreMapping, name: TableName) -> CollectionMapping:
    """
    The collection for a table; `MappingWrong` where the profile gives a SELECT.
    """
    given = getattr(mapping, name)
    if isinstance(given, CollectionMapping):
        return given
    raise MappingWrong(
        f"the profile's store mapping for {name}",
        "it gives a SELECT, and the DSN is of a document store",
        f"write `{name}: {{collection: {name}, fields: {{...}}}}`, or give the DSN of a database",
    )
