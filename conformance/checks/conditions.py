"""
Conditions on numbers: `20`, `">= 20"`, `"< 5"`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final

__all__ = ["holds", "wording"]

_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "": operator.eq,
}
_SHAPE: Final = re.compile(r"(>=|<=|>|<|==)? *(\d+)")


def holds(condition: int | str, value: int) -> bool:
    """
    Whether a number meets a condition. Raises ValueError for a text that is no condition.
    """
    shape = _SHAPE.fullmatch(str(condition).strip())
    if shape is None:
        raise ValueError(f"{condition!r} is no condition: write a number, or one after >=, <=, > or <")
    return _OPERATORS[shape[1] or ""](value, int(shape[2]))


def wording(condition: int | str) -> str:
    return str(condition).strip()
