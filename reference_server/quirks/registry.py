"""
All quirks by id.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import reference_server.quirks
from reference_server.defects.registry import EVERY

__all__ = ["described", "named", "quirks"]


@cache
def quirks() -> Mapping[str, type[Any]]:
    """
    Every class of these modules that has an id of its own.
    """
    return dict(sorted((one.id, one) for one in _classes()))


def named(ids: Sequence[str]) -> list[type[Any]]:
    """
    The quirks of these ids, each with those that it needs. Raises `ValueError` for one that is unknown.
    """
    known = quirks()
    if unknown := [name for name in ids if name not in known]:
        raise ValueError(f"there is no quirk {', '.join(unknown)}; --list-quirks shows all")
    needed = [need for name in ids for need in (*getattr(known[name], "also", ()), name)]
    return [known[name] for name in dict.fromkeys(needed)]


def described() -> list[dict[str, Any]]:
    """
    What a harness may know of them. `profile` is what a profile must say, by dialect; quirks of one `group` exclude
    each other.
    """
    return [
        {
            "id": one.id,
            "group": getattr(one, "group", one.id),
            "dialects": list(getattr(one, "dialects", EVERY)),
            "source": one.source,
            "profile": {name: _patch(one, name) for name in getattr(one, "dialects", EVERY)},
            "sentence": (inspect.getdoc(one) or "").split("\n\n")[0].replace("\n", " ").strip(),
        }
        for one in quirks().values()
    ]


def _patch(one: type[Any], dialect: str) -> dict[str, Any]:
    patch = getattr(one, "profile", {})
    own: dict[str, Any] = patch.get(dialect, {}) if set(patch) & set(EVERY) else patch
    return own


def _classes() -> Iterator[type[Any]]:
    for module in pkgutil.iter_modules(reference_server.quirks.__path__):
        loaded = importlib.import_module(f"reference_server.quirks.{module.name}")
        for one in vars(loaded).values():
            if isinstance(one, type) and "id" in vars(one) and one.__module__ == loaded.__name__:
                yield one
