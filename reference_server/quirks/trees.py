"""
JSON values, walked through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["changed", "without_nulls"]


def changed(
    value: Any, change: Callable[[dict[str, Any]], dict[str, Any]], inside: Callable[[str], bool] = lambda _: True
) -> Any:
    """
    The value with every object in it changed; `inside` says below which keys to look.
    """
    if isinstance(value, list):
        return [changed(one, change, inside) for one in value]
    if not isinstance(value, dict):
        return value
    return change({key: changed(one, change, inside) if inside(key) else one for key, one in value.items()})


def without_nulls(value: Any) -> Any:
    """
    The value without what is null, but in metadata: that is the client's.
    """
    return changed(
        value,
        lambda one: {key: inner for key, inner in one.items() if inner is not None},
        inside=lambda key: key != "metadata",
    )
