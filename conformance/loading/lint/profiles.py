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
from conformance.loading.lint.streams import streams_can_be_read
from conformance.loading.loaded import LoadedProfile
from conformance.loading.wording import suggestion
from conformance.model.columns import COLUMNS, REQUIRED, TableName
from conformance.model.profile import NOBODY, STRANGER, CollectionMapping
from conformance.model.scenario import ACTS
from conformance.text import template

__all__ = ["lint_profile"]

_CHATS: Final = ("chat", "chat_unstreamed", "chat_ui", "chat_messages")
_LISTS: Final = (
    *("list_messages", "list_threads", "list_assistants", "list_agents", "list_runs", "list_steps", "search"),
)
_MAPPINGS: Final[tuple[TableName, ...]] = ("threads", "messages")
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
        streams_can_be_read,
        threads_get_an_id,
        makings_are_operations,
        principals_can_show_themselves,
        error_body_is_a_schema,
        mapping_is_one_select,
        collections_give_canonical_columns,
    ):
        yield from rule(loaded)


def requests_use_known_placeholders(loaded: LoadedProfile) -> Iterator[Problem]:
    for name, operation in loaded.profile.operations.items():
        request = operation.request
        if request.form and request.json is not None:
            yield loaded.positions.at_key(
                ("operations", name, "request"), "a body is `json` or `form`, not both", "drop one"
            )
        for key in ("path", "query", "json", "form"):
            for path, text in strings(getattr(request, key), ("operations", name, "request", key)):
                yield from _placeholders(loaded, path, text)


def reading_paths_parse(loaded: LoadedProfile) -> Iterator[Problem]:
    for name, operation in loaded.profile.operations.items():
        own = {key: getattr(operation, key) for key in ("items", "id", "text", "more")}
        if (operation.thread or "").startswith("$"):
            own["thread"] = operation.thread
        for path, text in strings({**own, "fields": operation.fields}, ("operations", name)):
            yield from path_problem(loaded.positions, path, text)


def operations_can_be_read(loaded: LoadedProfile) -> Iterator[Problem]:
    """
    An answer needs a text, and a list its items.
    """
    for name, operation in loaded.profile.operations.items():
        path = ("operations", name)
        if name in _CHATS and operation.stream is None and operation.text is None:
            hint = "add `stream: {framing: ...}`, or `text: $.path.of.the.answer`"
            yield loaded.positions.at_key(path, f"`{name}` does not say where the answer's text is", hint)
        if name in _LISTS:
            wanted = ("role", "text") if name == "list_messages" else ("id",)
            yield from _list(loaded, path, operation.items, [key for key in wanted if key not in operation.fields])


def threads_get_an_id(loaded: LoadedProfile) -> Iterator[Problem]:
    """
    Where the server names threads and none is made but by a turn, the turn must tell its id.
    """
    profile = loaded.profile
    if profile.ids.thread == "client" or "create_thread" in profile.operations:
        return
    for name, operation in profile.operations.items():
        if name in _CHATS and operation.thread is None:
            hint = "add `thread: header x-thread-id`, or a JSON path of its body; or the operation `create_thread`"
            yield loaded.positions.at_key(
                ("operations", name), f"`{name}` does not say where a new thread's id is", hint
            )


def makings_are_operations(loaded: LoadedProfile) -> Iterator[Problem]:
    """
    What a profile `makes` is a placeholder, and its operation gives an id.
    """
    for name, making in loaded.profile.makes.items():
        operation = loaded.profile.operations.get(making)
        if name not in PLACEHOLDERS or name == "thread":
            told = f"no request fills in `{name}`" if name != "thread" else "threads are made without being asked for"
            yield loaded.positions.at_key(("makes", name), told, suggestion(name, PLACEHOLDERS))
        if making not in ACTS or operation is None:
            text = f"the profile has no operation `{making}` that makes something"
            yield loaded.positions.at(("makes", name), text, "add it to `operations`")
        elif operation.id is None:
            hint = "the JSON path of the id: `id: $.id`"
            yield loaded.positions.at_key(("operations", making), f"`{making}` does not say where the id is", hint)


def principals_can_show_themselves(loaded: LoadedProfile) -> Iterator[Problem]:
    """
    Principals and `auth` need each other, and nobody is called nobody.
    """
    profile = loaded.profile
    for place, name in enumerate(profile.principals):
        if name in (NOBODY, STRANGER) or name in profile.principals[:place]:
            text = f"`{name}` cannot be a principal" if name in (NOBODY, STRANGER) else f"`{name}` is named twice"
            yield loaded.positions.at(("principals", place), text, "choose another name")
    if profile.auth is None:
        return
    if not profile.principals:
        yield loaded.positions.at_key(("auth",), "`auth` without `principals`", "name them: `principals: [alice, bob]`")
    if "${token}" not in profile.auth.value:
        hint = "write `Bearer ${token}`"
        yield loaded.positions.at(("auth", "value"), "the credential is not in the header", hint)
    if profile.auth.header.lower() in (name.lower() for name in profile.headers):
        hint = "drop it: the credentials come from the environment, from --credentials or from --header"
        yield loaded.positions.at_key(("headers",), f"`{profile.auth.header}` is also the header of `auth`", hint)


def error_body_is_a_schema(loaded: LoadedProfile) -> Iterator[Problem]:
    if loaded.profile.errors.body is not None:
        yield from schema_problems(loaded.positions, ("errors", "body"), loaded.profile.errors.body)


def mapping_is_one_select(loaded: LoadedProfile) -> Iterator[Problem]:
    for name in _MAPPINGS if loaded.profile.store else ():
        sql = getattr(loaded.profile.store, name)
        if isinstance(sql, str) and not _SELECT.fullmatch(_NOISE.sub(" '' ", sql)):
            yield loaded.positions.at(
                ("store", name), f"`{name}` is not one SELECT", "write one SELECT and nothing else"
            )


def collections_give_canonical_columns(loaded: LoadedProfile) -> Iterator[Problem]:
    """
    What a SELECT would have the database say: a column that nobody knows, or one that must be there.
    """
    for name in _MAPPINGS if loaded.profile.store else ():
        mapping = getattr(loaded.profile.store, name)
        if isinstance(mapping, CollectionMapping):
            yield from _columns(loaded, ("store", name), name, mapping)


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


def _columns(loaded: LoadedProfile, path: Path, name: TableName, mapping: CollectionMapping) -> Iterator[Problem]:
    for column in mapping.fields:
        if column not in COLUMNS[name]:
            told = f"`{name}` has no column `{column}`"
            yield loaded.positions.at_key((*path, "fields", column), told, suggestion(column, COLUMNS[name]))
        elif not all(mapping.fields[column].split(".")):
            told = f"`{mapping.fields[column]}` is no path into a document"
            yield loaded.positions.at((*path, "fields", column), told, "write `name` or `name.inner`")
    for column in REQUIRED[name]:
        if column not in mapping.fields:
            hint = f"where it stands in a document: `fields: {{{column}: ...}}`"
            yield loaded.positions.at_key((*path, "fields"), f"`{name}` needs the column `{column}`", hint)
    for column in mapping.values:
        if column not in mapping.fields:
            told = f"`values` renames the column `{column}`, which `fields` does not give"
            yield loaded.positions.at_key((*path, "values", column), told, suggestion(column, mapping.fields))


def _list(loaded: LoadedProfile, path: Path, items: Any, missing: list[str]) -> Iterator[Problem]:
    if items is None:
        yield loaded.positions.at_key(
            path, f"`{path[-1]}` needs `items`", "the JSON path of the list: `items: $.data[*]`"
        )
    for field in missing:
        hint = f"the JSON path within one item: `fields: {{{field}: $.{field}}}`"
        yield loaded.positions.at_key((*path, "fields"), f"`{path[-1]}` needs the field `{field}`", hint)
