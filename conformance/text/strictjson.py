"""
JSON as RFC 8259 has it, where Python's json module is more lenient.

NaN and Infinity are refused, duplicate names are reported (RFC 8259 section 4: "SHOULD be unique"; receivers differ in
which one they take), and what would end Python rather than the document (nesting, huge integers) is a plain error.
"""

import json
from collections.abc import Callable
from typing import Any, NoReturn


class JsonError(ValueError):
    """
    Not a JSON document; the message says why, in one line.
    """


def parse(text: str, duplicate: Callable[[str], None]) -> Any:
    """
    The value of a document; `duplicate` is told every name that an object has twice. Raises JsonError.
    """

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            _tell_duplicates(pairs, duplicate)
        return made

    try:
        return json.loads(text, object_pairs_hook=build, parse_constant=_refuse)
    except RecursionError:
        raise JsonError("nested too deeply") from None
    except ValueError as wrong:
        raise JsonError(str(wrong)) from None


def _tell_duplicates(pairs: list[tuple[str, Any]], duplicate: Callable[[str], None]) -> None:
    seen = set()
    for name, _ in pairs:
        if name in seen:
            duplicate(name)
        seen.add(name)


def _refuse(constant: str) -> NoReturn:
    raise JsonError(f"{constant} is not JSON")
