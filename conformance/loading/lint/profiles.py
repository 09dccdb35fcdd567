"""
Rules of a profile by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from conformance.errors import Problem
from conformance.loading.document import Path
from conformance.loading.lint.actions import PLACEHOLDERS
from conformance.loading.lint.names import strings
from conformance.loading.lint.shapes import path_problem, schema_problems
from conformance.loading.loaded import LoadedProfile
from conformance.loading.wording import suggestion
from conformance.text import template

__all__ = ["lint_profile"]

_MAPPINGS: Final = ("threads", "messages")
_NOISE: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_SELECT: Final = re.compile(r"\s*(select|with)\b[^;]*;?\s*", re.IGNORECASE)


def lint_profile(loaded: LoadedProfile) -> Iterator[Problem]:
    """
    Everything wrong with a profile by itself, its parents included.
    """
    for rule in (
        requests_use_known_placeholders,
        reading_paths_parse,
        operations_can_be_read,
        error_body_is_a_schema,
        mapping_is_one_select,
    ):
        yield from rule(loaded)


def requests_use_known_placeholders(loaded: LoadedProfile) -> Iterator[Problem]:
    for name, operation in loaded.profile.operations.items():
        request = operation.request
        for key in ("path", "query", "json"):
            for path, text in strings(getattr(request, key), ("operations", name, "request", key)):
                yield from _placeholders(loaded, path, text)


def reading_paths_parse(loaded: LoadedProfile) -> Iterator[Problem]:
    for name, operation in loaded.profile.operations.items():
        own = {key: getattr(operation, key) for key in ("items", "id", "text", "more")}
        for path, text in strings({**own, "fields": operation.fields}, ("operations", name)):
            yield from path_problem(loaded.positions, path, text)


def operations_can_be_read(loaded: LoadedProfile) -> Iterator[Problem]:
    """
    An answer needs a text, and a list its items.
    """
    for name, operation in loaded.profile.operations.items():
        path = ("operations", name)
        if name in ("chat", "chat_unstreamed") and operation.stream is None and operation.text is None:
            hint = "add `stream: {framing: ...}`, or `text: $.path.of.the.answer`"
            yield loaded.positions.at_key(path, f"`{name}` does not say where the answer's text is", hint)
        if name in ("list_messages", "list_threads"):
            wanted = ("role", "text") if name == "list_messages" else ("id",)
            yield from _list(loaded, path, operation.items, [key for key in wanted if key not in operation.fields])


def error_body_is_a_schema(loaded: LoadedProfile) -> Iterator[Problem]:
    if loaded.profile.errors.body is not None:
        yield from schema_problems(loaded.positions, ("errors", "body"), loaded.profile.errors.body)


def mapping_is_one_select(loaded: LoadedProfile) -> Iterator[Problem]:
    for name in _MAPPINGS if loaded.profile.store else ():
        sql = getattr(loaded.profile.store, name)
        if not _SELECT.fullmatch(_NOISE.sub(" '' ", sql)):
            yield loaded.positions.at(
                ("store", name), f"`{name}` is not one SELECT", "write one SELECT and nothing else"
            )


def _placeholders(loaded: LoadedProfile, path: Path, text: str) -> Iterator[Problem]:
    try:
        names = template.names(text)
    except template.TemplateError as mistake:
        yield loaded.positions.at(path, mistake.problem, "write `${thread}`", fragment=text[mistake.column - 1 :])
        return
    for name, _ in names:
        if name not in PLACEHOLDERS:
            told = f"no step gives a value for `${{{name}}}`"
            yield loaded.positions.at(path, told, suggestion(name, PLACEHOLDERS), fragment=f"${{{name}}}")


def _list(loaded: LoadedProfile, path: Path, items: Any, missing: list[str]) -> Iterator[Problem]:
    if items is None:
        yield loaded.positions.at_key(
            path, f"`{path[-1]}` needs `items`", "the JSON path of the list: `items: $.data[*]`"
        )
    for field in missing:
        hint = f"the JSON path within one item: `fields: {{{field}: $.{field}}}`"
        yield loaded.positions.at_key((*path, "fields"), f"`{path[-1]}` needs the field `{field}`", hint)
