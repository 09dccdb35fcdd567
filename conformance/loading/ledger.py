"""
`requirements.yaml` to a ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as File

from conformance.errors import DocumentsInvalid, Problem
from conformance.loading.loaded import LoadedLedger
from conformance.loading.structs import as_struct
from conformance.loading.yaml_document import read_document
from conformance.model.requirement import Ledger

__all__ = ["load_ledger", "read_ledger"]


def load_ledger(path: File) -> Ledger:
    """
    The ledger in a file. Raises DocumentsInvalid.
    """
    return read_ledger(path).ledger


def read_ledger(path: File) -> LoadedLedger:
    """
    The ledger in a file, with its places. Raises DocumentsInvalid; an id that two requirements have is refused.
    """
    document = read_document(path)
    loaded = LoadedLedger(as_struct(Ledger, document.value, document), document)
    if problems := list(_repeated_ids(loaded)):
        raise DocumentsInvalid(problems)
    return loaded


def _repeated_ids(loaded: LoadedLedger) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, requirement in enumerate(loaded.ledger.requirements):
        if requirement.id in seen:
            path = ("requirements", place, "id")
            yield loaded.positions.at(path, f"requirement `{requirement.id}` is given twice", "an id is for ever")
        seen.add(requirement.id)
