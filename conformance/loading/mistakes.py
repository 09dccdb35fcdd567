"""
Everything in a tree of JSON values that a struct does not take, each with its path.

msgspec stops at the first mistake and does not name the keys of mappings; this walks on. It is only asked after
msgspec has refused, so it costs nothing where all is well.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from conformance.loading.document import Path
from conformance.loading.wording import among, refusal, suggestion

__all__ = ["Mistake", "fields_of", "mistakes"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """
    What is wrong at a path: with its key (or the mapping as a whole), or with its value.
    """

    path: Path
    text: str
    hint: str | None
    of_key: bool = False


@cache
def fields_of(kind: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    """
    A struct's fields by the names that stand in files.
    """
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def mistakes(kind: Any, value: Any, path: Path = ()) -> Iterator[Mistake]:
    """
    All mistakes, from the top down; a value is judged as a whole only where nothing within it is wrong.
    """
    found = list(_within(_branch(kind, value), value, path))
    yield from found or _whole(kind, value, path)


def _branch(kind: Any, value: Any) -> Any:
    """
    The part of a type that a mapping or a list can be, without its constraints.
    """
    if get_origin(kind) is Annotated:
        return _branch(get_args(kind)[0], value)
    if get_origin(kind) in (Union, types.UnionType):
        branches = (_branch(one, value) for one in get_args(kind))
        return next((one for one in branches if _fits(one, value)), None)
    return kind


def _fits(kind: Any, value: Any) -> bool:
    if isinstance(value, list):
        return get_origin(kind) is list
    return isinstance(value, dict) and (get_origin(kind) is dict or _is_struct(kind))


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _within(kind: Any, value: Any, path: Path) -> Iterator[Mistake]:
    if not _fits(kind, value):
        return
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from mistakes(get_args(kind)[0], item, (*path, place))
    elif _is_struct(kind):
        yield from _fields(kind, value, path)
    else:
        key_kind, value_kind = get_args(kind)
        yield from _entries(key_kind, value_kind, value, path)


def _fields(kind: type[msgspec.Struct], value: dict[str, Any], path: Path) -> Iterator[Mistake]:
    fields = fields_of(kind)
    for name in value:
        if name not in fields:
            yield Mistake((*path, name), f"unknown field `{name}`", suggestion(name, fields), of_key=True)
    for name, field in fields.items():
        if name in value:
            yield from mistakes(field.type, value[name], (*path, name))
        elif field.required:
            owner = next((f"`{part}`" for part in reversed(path) if isinstance(part, str)), "the file")
            yield Mistake(path, f"{owner} needs `{name}`", None, of_key=True)


def _entries(key_kind: Any, value_kind: Any, value: dict[str, Any], path: Path) -> Iterator[Mistake]:
    known = get_args(key_kind) if get_origin(key_kind) is Literal else None
    for name, item in value.items():
        if known is not None and name not in known:
            yield Mistake((*path, name), f"unknown name `{name}`", suggestion(name, known), of_key=True)
        else:
            yield from mistakes(value_kind, item, (*path, name))


def _whole(kind: Any, value: Any, path: Path) -> Iterator[Mistake]:
    try:
        msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        choices = _choices(kind)
        if choices and isinstance(value, str | int) and not isinstance(value, bool):
            yield Mistake(path, f"{_name(path)} cannot be `{value}`", among(str(value), choices))
        else:
            text, hint = refusal(str(error), value)
            yield Mistake(path, f"{_name(path)}: {text}", hint)


def _choices(kind: Any) -> list[str]:
    """
    The words that a value may be, where a type names them; what else it may be comes in words.
    """
    if get_origin(kind) is Literal:
        return [str(one) for one in get_args(kind)]
    if get_origin(kind) in (Union, types.UnionType):
        words = [word for one in get_args(kind) if get_origin(one) is Literal for word in _choices(one)]
        return ["a whole number", *words] if words and int in get_args(kind) else words
    return []


def _name(path: Path) -> str:
    names = [place for place, part in enumerate(path) if isinstance(part, str)]
    if not names:
        return "the file"
    return f"`{path[names[-1]]}{''.join(f'[{part}]' for part in path[names[-1] + 1 :])}`"
