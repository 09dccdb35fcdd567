"""
All defects by id.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import reference_server.defects

__all__ = ["EVERY", "GROUPS", "defects", "described", "group"]

GROUPS: Final = {
    "agents": "agents",
    "aistreams": "protocol-framing",
    "assistants": "protocol-framing",
    "auth": "auth-tenancy",
    "branches": "threads",
    "cache": "storage",
    "deletion": "delete-cascade",
    "doors": "auth-tenancy",
    "durability": "durability-crash",
    "errors": "errors-validation",
    "frames": "protocol-framing",
    "items": "protocol-framing",
    "operations": "protocol-framing",
    "pages": "pagination-listing",
    "performance": "performance-leaks",
    "pieces": "streaming-accumulation",
    "poison": "recall",
    "races": "concurrency",
    "responses": "runs",
    "retry": "idempotency-retry",
    "run_ends": "runs",
    "run_streams": "runs",
    "shelf": "threads",
    "streaming": "streaming-accumulation",
    "tenancy": "auth-tenancy",
    "times": "metadata-title-counters",
    "titles": "metadata-title-counters",
    "tokens": "metadata-title-counters",
    "walks": "pagination-listing",
    "upstream": "protocol-framing",
    "windows": "recall",
}
"""
What the defects of a module have in common, in the words of the public reports of bugs; else it is the module's name.
"""

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
            "group": group(one),
            "dialects": list(getattr(one, "dialects", EVERY)),
            "caught_by": list(one.caught_by),
            "equivalent": dict(getattr(one, "equivalent", {})),
            "store": getattr(one, "store_kind", "any"),
            "sentence": (inspect.getdoc(one) or "").split("\n\n")[0].replace("\n", " ").strip(),
        }
        for one in defects().values()
    ]


def group(one: type[Any]) -> str:
    """
    Its own, or that of its module.
    """
    module = one.__module__.rpartition(".")[2]
    own: str | None = getattr(one, "group", None)
    return own or GROUPS.get(module, module.replace("_", "-"))


def _classes() -> Iterator[type[Any]]:
    for module in pkgutil.iter_modules(reference_server.defects.__path__):
        if module.name != "registry":
            loaded = importlib.import_module(f"reference_server.defects.{module.name}")
            for one in vars(loaded).values():
                if isinstance(one, type) and "id" in vars(one) and one.__module__ == loaded.__name__:
                    yield one
