"""
Checks of JSON bodies: by path, and by JSON Schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from conformance.checks.conditions import holds
from conformance.checks.finding import Finding, excerpt, plain
from conformance.checks.seen import Seen
from conformance.checks.texts import equal, mismatches
from conformance.model.scenario import TextMatch
from conformance.model.text import Text
from conformance.text.jsonpath import NOTHING, one

__all__ = ["body", "same_json", "schema", "value_lines"]

_TEXT_KEYS = frozenset(field.encode_name for field in msgspec.structs.fields(TextMatch))


def body(want: dict[str, Any], seen: Seen) -> Iterator[Finding]:
    """
    Each path has its value. A mapping of `TextMatch` keys is a match, `{absent: true}` wants nothing there; a list or
    text under `{length: ...}` is counted.
    """
    value = seen.exchange.value if seen.exchange else None
    for path, expected in want.items():
        actual = one(path, value)
        lines = [_no_json(seen)] if value is None and path != "$" else list(value_lines(expected, actual, seen))
        if lines:
            told = [f"body {path} {line}" for line in lines]
            yield seen.differs(
                "body", "wire", path, told, plain(expected), None if actual is NOTHING else plain(actual)
            )


def _no_json(seen: Seen) -> str:
    """
    In what is no JSON nothing is there, and nothing is absent either.
    """
    content = seen.exchange.body if seen.exchange else None
    return f"is not there: the body is null or no JSON: {excerpt(content)}"


def value_lines(expected: Any, actual: Any, seen: Seen) -> Iterator[str]:
    """
    How a JSON value, or `NOTHING`, differs from what is expected of it.
    """
    if isinstance(expected, dict) and set(expected) == {"absent"}:
        if (actual is NOTHING) != expected["absent"]:
            yield f"is {'not there' if actual is NOTHING else excerpt(actual)}"
    elif actual is NOTHING:
        yield "is not there"
    elif isinstance(expected, dict) and set(expected) == {"length"} and isinstance(actual, list):
        if not holds(seen.string(expected["length"]), len(actual)):
            yield f"has {len(actual)} items, expected {expected['length']}"
    elif isinstance(expected, dict) and expected and set(expected) <= _TEXT_KEYS:
        yield from _text_lines(msgspec.convert(expected, TextMatch), actual, seen)
    elif not same_json(wanted := seen.fill(expected), actual):
        yield f"is {excerpt(actual)}, expected {excerpt(wanted)}"


def _text_lines(match: TextMatch, actual: Any, seen: Seen) -> Iterator[str]:
    if actual is None:
        yield "is null, expected a text"
    else:
        text = actual if isinstance(actual, str) else json.dumps(actual, ensure_ascii=False, separators=(",", ":"))
        yield from mismatches(match, text, seen)


def same_json(want: Any, actual: Any) -> bool:
    """
    Whether two JSON values are the same: true is not 1 there, as it is for Python.
    """
    if isinstance(want, bool) or isinstance(actual, bool):
        return want is actual
    if isinstance(want, dict) and isinstance(actual, dict):
        return want.keys() == actual.keys() and all(same_json(want[key], actual[key]) for key in want)
    if isinstance(want, list) and isinstance(actual, list):
        return len(want) == len(actual) and all(map(same_json, want, actual))
    if isinstance(want, Text) or isinstance(actual, Text):
        return equal(want, actual) if isinstance(want, str | Text) and isinstance(actual, str | Text) else False
    return bool(want == actual)


def schema(want: dict[str, Any], seen: Seen) -> Iterator[Finding]:
    """
    The JSON body meets a JSON Schema (2020-12 unless it names another).
    """
    exchange = seen.exchange
    if exchange is None or exchange.value is None:
        content = exchange.body.whole if exchange and exchange.body else None
        line = f"the body is not JSON: {excerpt(content)}"
        yield seen.differs("schema", "wire", "$", [line], "a JSON body", plain(content))
        return
    # Imported here: jsonschema takes 70 ms to import, and most runs never meet a schema.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    for mistake in validator_for(want, default=Draft202012Validator)(want).iter_errors(exchange.value):
        line = f"{mistake.json_path}: {mistake.message[:200]}"
        yield seen.differs("schema", "wire", mistake.json_path, [line], plain(mistake.validator_value), None)
