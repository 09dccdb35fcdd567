"""
Unquoted YAML scalars, read as JSON would: YAML 1.2's core schema without the forms that two readers read differently.
"""

from __future__ import annotations

import math
import re
from typing import Final

__all__ = ["AmbiguousScalar", "plain"]

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ODD: Final = re.compile(
    r"[-+]?(?:0[0-9_]+|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
_LONGEST: Final = 300  # digits; Python reads up to 4300, a float holds 309


class AmbiguousScalar(ValueError):
    """
    An unquoted scalar that YAML readers disagree about, or that JSON cannot say.
    """


def plain(text: str) -> str | int | float | bool | None:
    """
    The value of an unquoted scalar: null, a boolean, a number, else the text itself. Raises AmbiguousScalar.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _ODD.fullmatch(text) or (len(text) > _LONGEST and _FLOAT.fullmatch(text)):
        raise AmbiguousScalar(text)
    if _INTEGER.fullmatch(text):
        return int(text)
    return _float(text) if _FLOAT.fullmatch(text) else text


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise AmbiguousScalar(text)
    return number
