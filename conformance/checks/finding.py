"""
What a check yields.
"""

from __future__ import annotations

import json
from typing import Any

from conformance.model.outcome import Difference
from conformance.model.text import Text
from conformance.model.transcript import Unseen

__all__ = ["Finding", "NotKept", "NotShown", "excerpt", "plain"]

Finding = Difference | Unseen


class NotKept(Exception):
    """
    A text that a check has to search was too long to be kept whole: what is in it is unseen, neither there nor absent.
    """


class NotShown(Exception):
    """
    An expectation speaks of something that the target did not show in an earlier step; the argument is its name.
    """


SHOWN = 120  # code points of a text shown on one line of a terminal; longer texts are told by their difference


def plain(value: Any) -> Any:
    """
    A value as a report keeps it: texts shortened, everything JSON.
    """
    if isinstance(value, Text):
        return plain(value.whole if value.whole is not None else f"{value.head} ... {value.tail}")
    if isinstance(value, str) and len(value) > 4 * SHOWN:
        return f"{value[: 2 * SHOWN]} ... ({len(value)} characters) ... {value[-SHOWN:]}"
    return value


def excerpt(value: Any) -> str:
    """
    A value on one line, quoted, unprintable characters as escapes.
    """
    if isinstance(value, Text):
        value = value.whole if value.whole is not None else value.head
    if not isinstance(value, str):
        return json.dumps(value, default=repr, ensure_ascii=False)[:SHOWN]
    cut = value if len(value) <= SHOWN else value[: SHOWN - 20] + "..."
    shown = "".join(_visible(character) for character in cut)
    return f'"{shown}"' + (f" ({len(value)} characters)" if cut != value else "")


def _visible(character: str) -> str:
    if character == " " or character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()
