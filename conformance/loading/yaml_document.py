"""
A YAML file to a document: JSON's values only, every key once, one document, and a place for every value.

PyYAML's own construction is not used: it reads `no` as false, `12:30` as 750 and lets the last of two equal keys win.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any, Final

import yaml

from conformance.errors import DocumentsInvalid, Problem
from conformance.loading.composing import TooDeep, compose
from conformance.loading.document import Document, Path
from conformance.loading.scalars import AmbiguousScalar, plain

__all__ = ["parse_document", "read_document"]

LARGEST: Final = 4_000_000  # bytes; the largest scenario file we know has 6 KB
DEEPEST: Final = 50  # levels; the deepest shipped document has 12
MOST: Final = 100_000  # values, those that aliases repeat counted again

_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_document(path: File) -> Document:
    """
    The document in a file. Raises DocumentsInvalid with all that is wrong with it as YAML.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as trouble:
        raise _only(Problem(file, 1, 1, f"cannot be read: {trouble.strerror or trouble}")) from trouble
    if len(content) > LARGEST:
        raise _only(Problem(file, 1, 1, f"is larger than {LARGEST} bytes"))
    return parse_document(_decoded(content, file), file)


def parse_document(source: str, file: str) -> Document:
    """
    The document in a text; `file` is only shown. Raises DocumentsInvalid.
    """
    source = source.removeprefix("\ufeff")
    if strange := _UNPRINTABLE.search(source):
        raise _only(_unprintable(source, strange, file))
    try:
        node = compose(source, DEEPEST)
    except yaml.MarkedYAMLError as mistake:
        raise _only(_syntax(mistake, source, file)) from None
    except yaml.YAMLError as mistake:
        raise _only(Problem(file, 1, 1, f"is not YAML: {mistake}")) from None
    except (TooDeep, RecursionError):
        raise _only(Problem(file, 1, 1, f"is nested more than {DEEPEST} levels deep")) from None
    return _built(node, source, file)


def _built(node: yaml.Node | None, source: str, file: str) -> Document:
    if node is None:
        raise _only(Problem(file, 1, 1, "the file is empty", "a file holds one mapping: `key: value` lines"))
    building = _Building(file)
    value = building.value(node, ())
    if not isinstance(value, dict) and not building.problems:
        raise _only(building.problem(node, f"expected a mapping at the top, got {_kind(node)}", "write `key: value`"))
    if building.problems:
        raise DocumentsInvalid(building.problems)
    return Document(file, source, value, building.keys, building.values)


class _Building:
    """
    The values of a node tree, with their places and all that is wrong with them.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[Path, yaml.Node] = {}
        self.values: dict[Path, yaml.Node] = {}
        self.problems: list[Problem] = []

    def problem(self, node: yaml.Node, text: str, hint: str | None = None) -> Problem:
        return Problem(self.file, node.start_mark.line + 1, node.start_mark.column + 1, text, hint)

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.values[path] = node
        if len(path) > DEEPEST or len(self.values) > MOST:
            way_out = "an alias (`*name`) may stand inside its own anchor"
            raise _only(self.problem(node, f"more than {DEEPEST} levels or {MOST} values", way_out))
        if node.tag not in _OURS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self.problems.append(self.problem(node, f"tags (`{tag}`) are not supported", "quote a text, drop the tag"))
        if isinstance(node, yaml.MappingNode):
            return {key: self.value(child, (*path, key)) for key, child in self._pairs(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, place)) for place, child in enumerate(node.value)]
        return self._scalar(node)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        own: dict[str, yaml.Node] = {}
        for key_node, child in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            if key in own:
                first = own[key].start_mark.line + 1
                self.problems.append(self.problem(key_node, f"`{key}` is given twice, first in line {first}"))
                continue
            own[key] = self.keys[*path, key] = key_node
            yield key, child

    def _key(self, node: yaml.Node) -> str | None:
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if node.tag == "plain" and key == "<<":
            self.problems.append(self.problem(node, "merge keys (`<<`) are not supported", "write the keys out"))
            return None
        if isinstance(key, str):
            return key
        shown = f"`{node.value}`" if isinstance(node, yaml.ScalarNode) else _kind(node)
        self.problems.append(self.problem(node, f"a key must be text, not {shown}", "quote it"))
        return None

    def _scalar(self, node: yaml.Node) -> Any:
        text: str = node.value
        if node.tag != "plain":
            if any("\ud800" <= sign <= "\udfff" for sign in text):
                self.problems.append(self.problem(node, "half of a surrogate pair", _HALF))
            return text
        try:
            return plain(text)
        except AmbiguousScalar:
            way_out = "quote a text; write a number in decimal, without leading zeros"
            self.problems.append(self.problem(node, f"`{text[:40]}` is not a number that JSON has", way_out))
            return None


_OURS: Final = frozenset({"plain", "quoted", "sequence", "mapping"})
_HALF: Final = "write `${high-surrogate}`, `${low-surrogate}` or `${lone-surrogate}`"


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _only(problem: Problem) -> DocumentsInvalid:
    return DocumentsInvalid([problem])


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as trouble:
        before = content[: trouble.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise _only(Problem(file, line, column, f"byte 0x{content[trouble.start]:02x} is not UTF-8")) from None


def _unprintable(source: str, found: re.Match[str], file: str) -> Problem:
    line, column = source.count("\n", 0, found.start()) + 1, found.start() - source.rfind("\n", 0, found.start())
    way_out = "U+0000 is written `${nul}`" if found[0] == "\0" else 'in double quotes, escape it: "\\u0007"'
    return Problem(file, line, column, f"character U+{ord(found[0]):04X} cannot stand in YAML", way_out)


def _syntax(mistake: yaml.MarkedYAMLError, source: str, file: str) -> Problem:
    mark = mistake.problem_mark or mistake.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    text = str(mistake.problem or mistake.context)
    lines = source.splitlines()
    here = lines[line][column : column + 1] if line < len(lines) else ""
    if here == "\t":
        return Problem(file, line + 1, column + 1, "a tab cannot indent", "use spaces")
    if isinstance(mistake, yaml.composer.ComposerError) and "another document" in text:
        return Problem(
            file, line + 1, column + 1, "a file holds one document", "move what follows `---` to its own file"
        )
    hint = _HALF if "Unicode character escape" in text else "quote a text that has any of : # { } [ ] , & * ! | > % @"
    return Problem(file, line + 1, column + 1, f"not YAML: {text}", hint)
