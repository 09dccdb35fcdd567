"""
All defects by id.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import reference_server.defects

__all__ = ["EVERY", "defects", "described"]

EVERY = ("anita", "guide", "completions", "shadflare", "assistants", "conversations")


@cache
def defects() -> Mapping[str, type[Any]]:
    """
    Every class of these modules that has an id of its own.
    """
    found = {one.id: one for one in _classes()}
    return dict(sorted(found.items()))


def described() -> list[dict[str, Any]]:
    """
    What a harness may know of them.
    """
    return [
        {
            "id": one.id,
            "seam": one.seam,
            "dialects": list(getattr(one, "dialects", EVERY)),
            "caught_by": list(one.caught_by),
            "sentence": (inspect.getdoc(one) or "").split("\n\n")[0].replace("\n", " ").strip(),
        }
        for one in defects().values()
    ]


def _classes() -> Iterator[type[Any]]:
    for module in pkgutil.iter_modules(reference_server.defects.__path__):
        if module.name != "registry":
            loaded = importlib.import_module(f"reference_server.defects.{module.name}")
            for one in vars(loaded).values():
                if isinstance(one, type) and "id" in vars(one) and one.__module__ == loaded.__name__:
                    yield one
