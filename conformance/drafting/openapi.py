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
_LONE: Final = re.compile("[\ud800-\udfff]")  # halves of characters, which JSON may hold and YAML may not
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
    longest: int | None = None

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
    shapes = _Shapes(document)
    found = [
        _endpoint(shapes, method, path, one, item)
        for path, item in _mapping(paths).items()
        for method, one in _mapping(item).items()
        if method in METHODS and isinstance(one, dict)
    ]
    title = _LONE.sub("\ufffd", str(_mapping(document.get("info")).get("title") or ""))
    return Api(title, tuple(found), _auth(document))


def _endpoint(shapes: _Shapes, method: str, path: str, one: Any, item: Any) -> Endpoint:
    told = [*_list(item.get("parameters")), *_list(one.get("parameters"))]
    parameters = [_followed(shapes.document, each) for each in told]
    query = [each for each in parameters if each.get("in") == "query" and isinstance(each.get("name"), str)]
    content = _mapping(_followed(shapes.document, one.get("requestBody")).get("content"))
    kind = next((each for each in content if each.startswith("application/json")), None)
    form = next((each for each in FORMS if each in content), None) if kind is None else None
    schema = _mapping(content.get(kind or form or "")).get("schema")
    return Endpoint(
        method=method.upper(),
        path=path,
        name=str(one.get("operationId") or one.get("summary") or ""),
        query={each["name"]: shapes.of(each.get("schema")) for each in query},
        needed=frozenset(each["name"] for each in query if each.get("required")),
        body=None if schema is None else shapes.of(schema),
        form=form is not None,
    )


def _auth(document: Any) -> tuple[str, str] | None:
    schemes = _mapping(_mapping(document.get("components")).get("securitySchemes"))
    for one in (_followed(document, each) for each in schemes.values()):
        if one.get("type") in ("oauth2", "openIdConnect") or str(one.get("scheme")).lower() == "bearer":
            return "authorization", "Bearer ${token}"
        if one.get("type") == "apiKey" and one.get("in") == "header":
            return str(one.get("name")).lower(), "${token}"
    return None


def _mapping(value: Any) -> dict[str, Any]:
    """
    A mapping as it should be; what should have been one, and is not, says nothing.
    """
    return {key: one for key, one in value.items() if isinstance(key, str)} if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    """
    The same for a list: documents that people write by hand have `required: true` at a property, or `enum:` alone.
    """
    return value if isinstance(value, list) else []


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
    return _mapping(value)


class _Shapes:
    """
    The shapes of one document. A schema that others refer to is read once for each depth: schemas that hold each other
    have more ways through them than can be walked.
    """

    def __init__(self, document: Any) -> None:
        self.document = document
        self._read: dict[tuple[str, int], Shape] = {}

    def of(self, schema: Any, depth: int = DEPTH) -> Shape:
        if depth == 0:
            return Shape()
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str):
            return self._shape(_mapping(schema), depth - 1)
        if (reference, depth) not in self._read:
            self._read[reference, depth] = self._shape(_followed(self.document, schema), depth - 1)
        return self._read[reference, depth]

    def _shape(self, schema: Mapping[str, Any], below: int) -> Shape:
        others = [self.of(one, below) for one in _alternatives(schema)]
        own = {name: self.of(one, below) for name, one in _mapping(schema.get("properties")).items()}
        properties: dict[str, Shape] = {}
        for one in (*(other.properties for other in others), own):
            properties |= one
        items = schema.get("items")
        return Shape(
            kinds=frozenset(_kinds(schema)).union(*(one.kinds for one in others)) - {"null"},
            properties=properties,
            required=frozenset(_texts(schema.get("required"))).union(*(one.required for one in others)),
            items=self.of(items, below) if isinstance(items, dict) else _first(one.items for one in others),
            values=tuple(_list(schema.get("enum"))) or ((schema["const"],) if "const" in schema else ()),
            default=schema.get("default", _first(one.default for one in others)),
            format=next(_texts([schema.get("format")]), None) or _first(one.format for one in others),
            longest=_length(schema.get("maxLength")) or _first(one.longest for one in others),
        )


def _alternatives(schema: Mapping[str, Any]) -> Iterator[Any]:
    for key in ("allOf", "anyOf", "oneOf"):
        yield from _list(schema.get(key))


def _kinds(schema: Mapping[str, Any]) -> Iterator[str]:
    kind = schema.get("type")
    yield from _texts(kind if isinstance(kind, list) else [kind])
    if kind is None and "properties" in schema:
        yield "object"


def _texts(value: Any) -> Iterator[str]:
    yield from (one for one in _list(value) if isinstance(one, str))


def _length(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _first(values: Iterator[Any]) -> Any:
    return next((one for one in values if one is not None), None)
