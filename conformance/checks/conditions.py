"""
Conditions on numbers: `20`, `">= 20"`, `"< 5"`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final

__all__ = ["NoCondition", "holds", "wording"]

_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "": operator.eq,
}
_SHAPE: Final = re.compile(r"(>=|<=|>|<|==)? *(\d+)")


class NoCondition(ValueError):
    """
    A text that should be a number or a condition, and is none.
    """


def holds(condition: int | str, value: int) -> bool:
    """
    Whether a number meets a condition. Raises `NoCondition` for a text that is none.
    """
    shape = _SHAPE.fullmatch(str(condition).strip())
    if shape is None:
        raise NoCondition(f"{condition!r} is no condition: write a number, or one after >=, <=, > or <")
    return _OPERATORS[shape[1] or ""](value, int(shape[2]))


def wording(condition: int | str) -> str:
    return str(condition).strip()
