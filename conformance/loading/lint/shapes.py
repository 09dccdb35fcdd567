"""
Small languages within the YAML: regular expressions, JSON paths, JSON Schema, status codes, raw calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from conformance.errors import Problem
from conformance.loading.document import Path, Places
from conformance.loading.lint.emptiness import text_matches
from conformance.loading.loaded import LoadedScenario
from conformance.text import jsonpath
from conformance.text.jsonpath import PathError

__all__ = [
    "path_problem",
    "paths_parse",
    "patterns_compile",
    "raw_calls_parse",
    "schema_problems",
    "schemas_are_valid",
    "statuses_exist",
]

_CALL: Final = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) +/\S*")
_CONDITION: Final = re.compile(r"\$\{[^}]+\}|(>=|<=|>|<|==)? *([0-9]+|\$\{[^}]+\})")
_PLACEHOLDER: Final = re.compile(r"\$\{[^}]*\}")


def patterns_compile(loaded: LoadedScenario) -> Iterator[Problem]:
    for path, match in text_matches(loaded):
        pattern = match.get("matches")
        if isinstance(pattern, str):
            yield from _pattern(loaded, (*path, "matches"), pattern)


def paths_parse(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        for key in ("body", "asked"):
            values = getattr(step.step.expect, key) if step.step.expect else None
            for path, wanted in (values or {}).items():
                place = (*step.path, "expect", key, path)
                yield from path_problem(loaded.positions, place, path, of_key=True)
                if isinstance(wanted, dict) and set(wanted) == {"length"}:
                    yield from _condition(loaded, (*place, "length"), wanted["length"])


def schemas_are_valid(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        if step.step.expect and step.step.expect.schema:
            yield from schema_problems(loaded.positions, (*step.path, "expect", "schema"), step.step.expect.schema)


def statuses_exist(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        wanted = step.step.expect.status if step.step.expect else None
        for place, status in enumerate(wanted if isinstance(wanted, list) else [wanted]):
            if isinstance(status, int) and not 100 <= status <= 599:
                path = (*step.path, "expect", "status")
                inner = (*path, place) if isinstance(wanted, list) else path
                yield loaded.positions.at(inner, f"there is no status {status}", "100 to 599, or a class like `2xx`")


def raw_calls_parse(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        if isinstance(step.step.call, str) and not _CALL.fullmatch(step.step.call):
            text = f"`{step.step.call}` is no call"
            yield loaded.positions.at((*step.path, "call"), text, "write a method and a path: `GET /threads/${t}`")


def path_problem(positions: Places, place: Path, path: str, *, of_key: bool = False) -> Iterator[Problem]:
    """
    What keeps a JSON path from being read.
    """
    try:
        jsonpath.parse(path)
    except PathError as mistake:
        at = positions.at_key if of_key else positions.at
        yield at(place, f"`{path}` is no JSON path: {mistake.problem}", "write `$.choices[0].text`, or `$` for all")


def schema_problems(positions: Places, place: Path, schema: dict[str, Any]) -> Iterator[Problem]:
    """
    What keeps a JSON Schema from being one.
    """
    # Imported here: jsonschema takes 70 ms to import, and few files hold a schema.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as mistake:
        inner: Path = (*place, *(part for part in mistake.absolute_path))
        yield positions.at(inner, f"not a JSON Schema: {mistake.message[:200]}", "see json-schema.org, draft 2020-12")


def _pattern(loaded: LoadedScenario, path: Path, pattern: str) -> Iterator[Problem]:
    try:
        compiled = re.compile(_PLACEHOLDER.sub("x", pattern), re.DOTALL)
    except re.error as mistake:
        hint = "it is a Python regular expression, searched for anywhere in the text"
        yield loaded.positions.at(path, f"`{pattern}` is no regular expression: {mistake.msg}", hint)
        return
    if compiled.search(""):
        hint = "ask for at least one character, or anchor it"
        yield loaded.positions.at(path, f"`{pattern}` matches the empty text, so it checks nothing", hint)


def _condition(loaded: LoadedScenario, path: Path, condition: Any) -> Iterator[Problem]:
    if isinstance(condition, bool) or not _CONDITION.fullmatch(str(condition)):
        yield loaded.positions.at(path, f"`{condition}` is no condition", 'write a number, or `">= 20"`')
