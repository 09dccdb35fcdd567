"""
The word that somebody probably meant.
"""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, choices: Iterable[str]) -> str | None:
    """
    The choice that is most like the word, whatever its case and whether with `-` or `_`; None if none is near.
    """
    by_shape = {_shape(choice): choice for choice in sorted(choices, reverse=True)}
    near = get_close_matches(_shape(word), by_shape, n=1)
    return by_shape[near[0]] if near else None


def _shape(word: str) -> str:
    return word.casefold().replace("-", "_")
