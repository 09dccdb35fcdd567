"""
Placeholders in what scenarios and profiles say: `${name}`, `${name.field}`; `$${` is a literal `${`.

A malformed placeholder is an error, never text: a typing mistake would be sent to the server otherwise.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

_TOKEN: Final = re.compile(r"\$\$\{|\$\{(?P<name>[^}]*)(?P<end>\}?)")
_NAME: Final = re.compile(r"[A-Za-z_]\w*(?:[.-]\w+|\[-?\d+\])*", re.ASCII)

Lookup = Callable[[str], object]


class TemplateError(ValueError):
    """
    A placeholder that cannot be read; `column` counts from 1.
    """

    def __init__(self, template: str, column: int, problem: str) -> None:
        super().__init__(template, column, problem)
        self.template = template
        self.column = column
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.problem} at column {self.column}"


def names(template: str) -> list[tuple[str, int]]:
    """
    The names that a text refers to, each with its column, from 1. Raises TemplateError.
    """
    return [(_name(token), token.start() + 1) for token in _placeholders(template)]


def fill(value: Any, lookup: Lookup) -> Any:
    """
    The same tree with every placeholder replaced. What `lookup` raises for an unknown name passes through.

    A text that is one placeholder and no more takes the value with its type; within text a value is written as text,
    and true, false and null as JSON writes them. Keys are left as they are. Raises TemplateError.
    """
    if isinstance(value, str):
        return _filled(value, lookup)
    if isinstance(value, dict):
        return {key: fill(inner, lookup) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, lookup) for inner in value]
    return value


def drop(tree: Any, name: str) -> tuple[Any, bool]:
    """
    The tree without the keys whose value is exactly `${name}`, and whether there was any.
    """
    if isinstance(tree, dict):
        return _dropped_keys(tree, name)
    if isinstance(tree, list):
        items = [drop(item, name) for item in tree]
        return [item for item, _ in items], any(dropped for _, dropped in items)
    return tree, False


def _dropped_keys(tree: dict[str, Any], name: str) -> tuple[dict[str, Any], bool]:
    kept = {key: drop(value, name) for key, value in tree.items() if value != f"${{{name}}}"}
    below = any(dropped for _, dropped in kept.values())
    return {key: value for key, (value, _) in kept.items()}, below or len(kept) < len(tree)


def _filled(text: str, lookup: Lookup) -> Any:
    whole = _TOKEN.fullmatch(text)
    if whole and whole["name"] is not None:
        return lookup(_name(whole))
    return _TOKEN.sub(lambda token: "${" if token["name"] is None else _written(lookup(_name(token))), text)


def _placeholders(template: str) -> Iterator[re.Match[str]]:
    return (token for token in _TOKEN.finditer(template) if token["name"] is not None)


def _name(token: re.Match[str]) -> str:
    name = token["name"]
    if not token["end"]:
        raise TemplateError(token.string, token.start() + 1, "`${` without `}` (a literal one is written `$${`)")
    if not _NAME.fullmatch(name):
        raise TemplateError(token.string, token.start() + 1, f"`{name}` is not a name")
    return str(name)


def _written(value: object) -> str:
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)
