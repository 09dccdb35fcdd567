"""
An OpenAPI document, as far as a draft needs it: endpoints, their parameters, the shapes of their bodies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.errors import UsageError

__all__ = ["Api", "Endpoint", "Shape", "read_api"]

DEPTH: Final = 8  # schemas within each other that are followed; bodies of chat APIs have under 6
METHODS: Final = ("get", "post", "put", "patch", "delete")
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_PARAMETER: Final = re.compile(r"\{([^}:]+)[^}]*\}")


@dataclass(frozen=True, slots=True)
class Shape:
    """
    What a schema allows, its alternatives laid together.
    """

    kinds: frozenset[str] = frozenset()
    properties: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Shape | None = None
    values: tuple[Any, ...] = ()
    default: Any = None
    format: str | None = None

    def may_be(self, kind: str) -> bool:
        """
        Whether a value of that kind is allowed; where nothing is said, any is.
        """
        return not self.kinds or kind in self.kinds


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    One method at one path. `form` says that its body is a form and no JSON.
    """

    method: str
    path: str
    name: str = ""
    query: Mapping[str, Shape] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    body: Shape | None = None
    form: bool = False

    @property
    def parameters(self) -> list[str]:
        """
        The names in its path, in order.
        """
        return _PARAMETER.findall(self.path)

    @property
    def last(self) -> str:
        """
        The last segment that is no parameter.
        """
        return next((one for one in reversed(self.path.split("/")) if one and "{" not in one), "")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Api:
    """
    What a document says. `auth` is the header that shows who asks and how, where the document says so.
    """

    title: str
    endpoints: tuple[Endpoint, ...]
    auth: tuple[str, str] | None = None

    def at(self, method: str, path: str) -> Endpoint | None:
        """
        The endpoint there, if there is one; whether a path ends in a slash says nothing.
        """
        bare = path.rstrip("/")
        return next((one for one in self.endpoints if one.method == method and one.path.rstrip("/") == bare), None)


def read_api(document: Any) -> Api:
    """
    Raises `UsageError` for what is no OpenAPI document of version 3.
    """
    paths = document.get("paths") if isinstance(document, dict) else None
    if not isinstance(paths, dict) or not str(document.get("openapi", "")).startswith("3"):
        raise UsageError("this is no OpenAPI document of version 3: give one with --openapi FILE.")
    found = [
        _endpoint(document, method, path, one, item)
        for path, item in paths.items()
        if isinstance(item, dict)
        for method, one in item.items()
        if method in METHODS and isinstance(one, dict)
    ]
    info = document.get("info")
    title = str(info.get("title") or "") if isinstance(info, dict) else ""
    return Api(title, tuple(found), _auth(document))


def _endpoint(document: Any, method: str, path: str, one: Any, item: Any) -> Endpoint:
    parameters = [_followed(document, each) for each in [*item.get("parameters", []), *one.get("parameters", [])]]
    query = [each for each in parameters if each.get("in") == "query" and "name" in each]
    content = _followed(document, one.get("requestBody") or {}).get("content") or {}
    kind = next((each for each in content if each.startswith("application/json")), None)
    form = next((each for each in FORMS if each in content), None) if kind is None else None
    schema = (content.get(kind or form or "") or {}).get("schema")
    return Endpoint(
        method=method.upper(),
        path=path,
        name=str(one.get("operationId") or one.get("summary") or ""),
        query={each["name"]: _shape(document, each.get("schema") or {}) for each in query},
        needed=frozenset(each["name"] for each in query if each.get("required")),
        body=None if schema is None else _shape(document, schema),
        form=form is not None,
    )


def _auth(document: Any) -> tuple[str, str] | None:
    schemes = (document.get("components") or {}).get("securitySchemes") or {}
    for one in (_followed(document, each) for each in schemes.values()):
        if one.get("type") in ("oauth2", "openIdConnect") or str(one.get("scheme")).lower() == "bearer":
            return "authorization", "Bearer ${token}"
        if one.get("type") == "apiKey" and one.get("in") == "header":
            return str(one.get("name")).lower(), "${token}"
    return None


def _followed(document: Any, value: Any) -> dict[str, Any]:
    """
    What a `$ref` of this document leads to; a reference into another one leads nowhere.
    """
    for _ in range(DEPTH):
        reference = value.get("$ref") if isinstance(value, dict) else None
        if not isinstance(reference, str):
            break
        value = document
        for part in reference.removeprefix("#/").split("/"):
            value = value.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(value, dict) else {}
    return value if isinstance(value, dict) else {}


def _shape(document: Any, schema: Any, depth: int = DEPTH) -> Shape:
    schema = _followed(document, schema)
    if depth == 0:
        return Shape()
    others = [_shape(document, one, depth - 1) for one in _alternatives(schema)]
    own = {name: _shape(document, one, depth - 1) for name, one in (schema.get("properties") or {}).items()}
    properties: dict[str, Shape] = {}
    for one in (*(other.properties for other in others), own):
        properties |= one
    items = schema.get("items")
    return Shape(
        kinds=frozenset(_kinds(schema)).union(*(one.kinds for one in others)) - {"null"},
        properties=properties,
        required=frozenset(schema.get("required") or ()).union(*(one.required for one in others)),
        items=_shape(document, items, depth - 1) if isinstance(items, dict) else _first(one.items for one in others),
        values=tuple(schema["enum"]) if "enum" in schema else (schema["const"],) if "const" in schema else (),
        default=schema.get("default", _first(one.default for one in others)),
        format=schema.get("format") or _first(one.format for one in others),
    )


def _alternatives(schema: Mapping[str, Any]) -> Iterator[Any]:
    for key in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(key) or ()


def _kinds(schema: Mapping[str, Any]) -> Iterator[str]:
    kind = schema.get("type")
    yield from kind if isinstance(kind, list) else [kind] if isinstance(kind, str) else []
    if kind is None and "properties" in schema:
        yield "object"


def _first(values: Iterator[Any]) -> Any:
    return next((one for one in values if one is not None), None)
