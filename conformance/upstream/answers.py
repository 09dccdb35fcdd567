"""
What the model says when no script does: computed from the prompt that was really sent, so that a forgotten message
shows in the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["QUOTED", "plain_answer"]

QUOTED: Final = 200
"""
Code points of the user's text that an answer repeats.
"""

_NAME: Final = re.compile(r"My name is ([^\r\n]+)")
_LIKE: Final = re.compile(r"I like ([^\r\n]+)")


def plain_answer(users: Sequence[str], count: int) -> str:
    """
    The answer to a prompt of `count` messages, of which these are the user's texts, oldest first.
    """
    last = users[-1] if users else ""
    known = _ANSWERS.get(last.strip())
    return known(users) if known else f'Message {count}: I read "{last[:QUOTED]}".'


def _name(users: Sequence[str]) -> str:
    found = _said(_NAME, users)
    return f"Your name is {found[-1]}." if found else "I don't know your name."


def _likes(users: Sequence[str]) -> str:
    found = _said(_LIKE, users)
    return f"You like {' and '.join(found)}." if found else "I don't know what you like."


def _before(users: Sequence[str]) -> str:
    return users[-2] if len(users) > 1 else "You said nothing before."


def _said(pattern: re.Pattern[str], users: Sequence[str]) -> list[str]:
    return [found[1].rstrip().removesuffix(".") for text in users for found in pattern.finditer(text)]


_ANSWERS: Final = {"What is my name?": _name, "What do I like?": _likes, "What did I just say?": _before}
