"""
A document that was read, and where in its file each value stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from yaml import Node

from conformance.errors import Problem

__all__ = ["Document", "Layers", "Path", "Places"]

Path = tuple[str | int, ...]
"""
The way from the top of a document to a value: `("steps", 0, "chat", "say")`.
"""


class Places(Protocol):
    """
    What makes a problem of a path and a sentence.
    """

    def at(self, path: Path, text: str, hint: str | None = None, *, fragment: str | None = None) -> Problem:
        """
        A problem of the value there, at its first character, or at the first `fragment` within it.
        """

    def at_key(self, path: Path, text: str, hint: str | None = None) -> Problem:
        """
        A problem of the key there, or of the list's item.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """
    One YAML file. A path that is not in it is placed at the nearest that is.
    """

    file: str
    source: str
    value: dict[str, Any]
    keys: Mapping[Path, Node]
    values: Mapping[Path, Node]

    def at(self, path: Path, text: str, hint: str | None = None, *, fragment: str | None = None) -> Problem:
        if path not in self.values:
            return self.at_key(path[:-1], text, hint)
        node = self.values[path]
        start, end = node.start_mark.index, node.end_mark.index
        found = self.source.find(fragment, start, end) if fragment else -1
        if found < 0:
            return Problem(self.file, node.start_mark.line + 1, node.start_mark.column + 1, text, hint)
        return Problem(self.file, *_line_and_column(self.source, found), text, hint)

    def at_key(self, path: Path, text: str, hint: str | None = None) -> Problem:
        while path and path not in self.keys and path not in self.values:
            path = path[:-1]
        mark = (self.keys.get(path) or self.values[path]).start_mark
        return Problem(self.file, mark.line + 1, mark.column + 1, text, hint)


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """
    Documents of which each fills in what those before it leave open; a path is placed in the first that has it.
    """

    documents: Sequence[Document]

    def at(self, path: Path, text: str, hint: str | None = None, *, fragment: str | None = None) -> Problem:
        return self._holder(path).at(path, text, hint, fragment=fragment)

    def at_key(self, path: Path, text: str, hint: str | None = None) -> Problem:
        return self._holder(path).at_key(path, text, hint)

    def _holder(self, path: Path) -> Document:
        holders = (one for one in self.documents if path in one.values)
        return next(holders, self.documents[0])


def _line_and_column(source: str, index: int) -> tuple[int, int]:
    return source.count("\n", 0, index) + 1, index - source.rfind("\n", 0, index)
