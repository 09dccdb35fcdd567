"""
A profile's request template and a step's values -> the request to send. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from conformance.engine.effects import Request
from conformance.model.profile import RequestTemplate

__all__ = ["NotInBody", "Unplayable", "build", "encoded", "fill_path", "filled", "placeholders", "whole_placeholders"]

_WHOLE: Final = re.compile(r"\$\{([^}]+)\}")
_OMIT: Final = object()


class Unplayable(Exception):
    """
    What this profile cannot do, in a sentence.
    """


class NotInBody(Exception):
    """
    The scenario wants to leave out or replace a value that this profile's request does not have by itself.
    """


def build(
    template: RequestTemplate,
    values: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    replaced: Mapping[str, Any] | None = None,
    without: Sequence[str] = (),
) -> Request:
    """
    Fill a template. `replaced` values stand only in the body and the query, never in the path.

    Raises `NotInBody` where a replaced or dropped name is no whole value there, `Unplayable` for what no form can hold.
    """
    changed = set(replaced or ()) | set(without)
    own = whole_placeholders([template.json, dict(template.query), dict(template.form)])
    if unknown := changed - own:
        raise NotInBody(", ".join(sorted(unknown)))
    inside = {name: value for name, value in {**values, **(replaced or {})}.items() if name not in without}
    query = filled(dict(template.query), inside)
    path = fill_path(template.path, values)
    kind, body = _content(template, inside)
    content = {"content-type": kind} if body is not None else {}
    return Request(
        method=template.method,
        path=f"{path}?{urlencode(query)}" if query else path,
        headers={**content, **headers, **template.headers},
        body=body,
    )


def _content(template: RequestTemplate, values: Mapping[str, Any]) -> tuple[str, bytes | None]:
    """
    The body and its type.
    """
    if template.form:
        given = whole_placeholders(dict(template.form)) & {*values}
        if not all(isinstance(values[name], str) for name in given):
            raise Unplayable("a form's fields are texts, and nothing else can be sent in one")
        form = filled(dict(template.form), values)
        return "application/x-www-form-urlencoded", urlencode(form, errors="surrogatepass").encode()
    return "application/json", None if template.json is None else encoded(filled(template.json, values))


def placeholders(template: RequestTemplate) -> set[str]:
    """
    All names that a request is filled with, in its path, its query and its body.
    """
    return set(_names([template.path, template.query, template.json, template.form]))


def whole_placeholders(tree: Any) -> set[str]:
    """
    The names that stand alone as a JSON value.
    """
    if isinstance(tree, dict):
        return set().union(*(whole_placeholders(value) for value in tree.values()))
    if isinstance(tree, list):
        return set().union(*(whole_placeholders(value) for value in tree))
    shape = _WHOLE.fullmatch(tree) if isinstance(tree, str) else None
    return {shape[1]} if shape else set()


def encoded(value: Any) -> bytes:
    """
    JSON as UTF-8; a text with a lone surrogate has no UTF-8, so then all non-ASCII is escaped.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def fill_path(path: str, values: Mapping[str, Any]) -> str:
    """
    A path with each placeholder percent-encoded whole, so that an id with a slash stays one segment.
    """
    return _WHOLE.sub(lambda found: _segment(str(values.get(found[1], ""))), path)


def _names(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield from _WHOLE.findall(tree)
    elif isinstance(tree, dict | list):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from _names(value)


def _segment(value: str) -> str:
    # Dots are legal in a path, but many clients and servers take a segment of only dots for a folder.
    quoted = quote(value, safe="", errors="surrogatepass")
    return quoted.replace(".", "%2E") if value.strip(".") == "" else quoted


def filled(tree: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(tree, dict):
        pairs = ((key, filled(value, values)) for key, value in tree.items())
        return {key: value for key, value in pairs if value is not _OMIT}
    if isinstance(tree, list):
        return [value for value in (filled(item, values) for item in tree) if value is not _OMIT]
    if not isinstance(tree, str):
        return tree
    whole = _WHOLE.fullmatch(tree)
    if whole:
        return values.get(whole[1], _OMIT)
    return _WHOLE.sub(lambda found: str(values.get(found[1], "")), tree)
