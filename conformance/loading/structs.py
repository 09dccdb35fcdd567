"""
A document's value to a struct of the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from conformance.errors import DocumentsInvalid, Problem
from conformance.loading.document import Places
from conformance.loading.mistakes import mistakes
from conformance.model.base import Model

__all__ = ["as_struct"]

M = TypeVar("M", bound=Model)


def as_struct(kind: type[M], value: Mapping[str, Any], places: Places) -> M:
    """
    The struct that the value is. Raises DocumentsInvalid with all that keeps it from being one.
    """
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        found = set(_problems(kind, value, places))
        problems = sorted(found, key=lambda one: (one.file, one.line, one.column, one.text))
        raise DocumentsInvalid(problems or [places.at((), str(error))]) from None


def _problems(kind: type[Model], value: Mapping[str, Any], places: Places) -> Iterator[Problem]:
    for mistake in mistakes(kind, value):
        place = places.at_key if mistake.of_key else places.at
        yield place(mistake.path, mistake.text, mistake.hint)
