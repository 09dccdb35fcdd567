"""
Expectations that could never fail: worse than none, because they look like a check.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec

from conformance.errors import Problem
from conformance.loading.document import Path
from conformance.loading.loaded import LoadedScenario
from conformance.loading.mistakes import fields_of
from conformance.model.scenario import (
    Expect,
    ItemsMatch,
    MessageMatch,
    MetricsMatch,
    StreamMatch,
    TextMatch,
    ThreadMatch,
    ThreadsMatch,
    TimingMatch,
)

__all__ = ["TEXT_KEYS", "expectations_check_something", "nothing_is_null", "structs", "text_matches", "texts_can_fail"]

TEXT_KEYS: Final = frozenset(fields_of(TextMatch))

_MATCHES: Final = (
    *(Expect, TextMatch, StreamMatch, ThreadMatch, ThreadsMatch, ItemsMatch),
    *(MessageMatch, TimingMatch, MetricsMatch),
)
_MAY_BE_EMPTY: Final = frozenset({"messages", "prompt", "rows"})
"""
The closed worlds: an empty list says that there is nothing.
"""


def expectations_check_something(loaded: LoadedScenario) -> Iterator[Problem]:
    for path, expect in _expects(loaded):
        for inner, match in structs(expect, path):
            if isinstance(match, _MATCHES) and _nothing_set(match):
                yield _useless(loaded, inner)
        for key in ("headers", "body", "schema", "status", "error", "nowhere"):
            if getattr(expect, key) in ({}, [], ""):
                yield _useless(loaded, (*path, key))
        for key in ("rows", "nowhere"):
            value = getattr(expect, key)
            for n, item in enumerate(value if isinstance(value, list) else []):
                if not item:
                    yield _useless(loaded, (*path, key, n))


def nothing_is_null(loaded: LoadedScenario) -> Iterator[Problem]:
    """
    A null where an expectation belongs is read as no expectation.
    """
    for step in loaded.all_steps():
        path = (*step.path, "expect")
        if "expect" in step.raw and step.raw["expect"] is None:
            yield _useless(loaded, path)
        for place, match in structs(step.step.expect, path):
            raw = _raw(loaded, place)
            for key in fields_of(type(match)) if isinstance(raw, dict) else ():
                if key in raw and raw[key] is None:
                    yield _useless(loaded, (*place, key))


def texts_can_fail(loaded: LoadedScenario) -> Iterator[Problem]:
    """
    Every text contains the empty text.
    """
    for path, match in text_matches(loaded):
        for key in ("contains", "lacks"):
            value = match.get(key)
            for place, part in enumerate(value if isinstance(value, list) else [value]):
                if part == "":
                    inner = (*path, key, place) if isinstance(value, list) else (*path, key)
                    told = "always holds" if key == "contains" else "never holds"
                    yield loaded.positions.at(inner, f"`{key}` of an empty text {told}", 'to want any text: `not: ""`')
            if value == []:
                yield _useless(loaded, (*path, key))


def text_matches(loaded: LoadedScenario) -> Iterator[tuple[Path, dict[str, Any]]]:
    """
    Everything that is compared as a text, as the file has it, in `body` too.
    """
    for path, expect in _expects(loaded):
        for place, match in structs(expect, path):
            if isinstance(match, TextMatch):
                yield place, msgspec.to_builtins(match)
        for field in ("body", "asked"):
            for key, wanted in (getattr(expect, field) or {}).items():
                if isinstance(wanted, dict) and wanted and TEXT_KEYS.issuperset(wanted):
                    yield (*path, field, key), wanted


def structs(value: Any, path: Path) -> Iterator[tuple[Path, msgspec.Struct]]:
    """
    A struct and all that are within it, with their paths in the file.
    """
    if isinstance(value, msgspec.Struct):
        yield path, value
        for name, field in fields_of(type(value)).items():
            yield from structs(getattr(value, field.name), (*path, name))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from structs(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from structs(inner, (*path, place))


def _expects(loaded: LoadedScenario) -> Iterator[tuple[Path, Expect]]:
    for step in loaded.all_steps():
        if step.step.expect is not None:
            yield (*step.path, "expect"), step.step.expect


def _raw(loaded: LoadedScenario, path: Path) -> Any:
    value: Any = loaded.positions.value
    for part in path:
        value = value[part]
    return value


def _nothing_set(match: msgspec.Struct) -> bool:
    if isinstance(match, MetricsMatch):
        return match.turns is None and match.seconds is None and match.tokens is None
    return all(getattr(match, name) == default for name, default in _defaults(type(match))) or (
        isinstance(match, ThreadsMatch) and not (match.has or match.lacks or match.order)
    )


@cache
def _defaults(kind: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in msgspec.structs.fields(kind))


def _useless(loaded: LoadedScenario, path: Path) -> Problem:
    name = next(f"`{part}`" for part in reversed(path) if isinstance(part, str))
    hint = "say what must be seen, or leave it out: a step must succeed anyway"
    return loaded.positions.at(path, f"{name} checks nothing", hint)
