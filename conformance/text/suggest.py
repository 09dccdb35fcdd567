"""
The word that somebody probably meant.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

NEAR = 0.8  # at difflib's own 0.6, "nothing-like-it" is like "nothing-slips-in"


def did_you_mean(word: str, choices: Iterable[str]) -> str | None:
    """
    The choice that is most like the word, whatever its case and whether with `-` or `_`; None if none is near.
    """
    by_shape = {_shape(choice): choice for choice in sorted(choices, reverse=True)}
    near = get_close_matches(_shape(word), by_shape, n=1)
    return by_shape[near[0]] if near else None


def same_word(word: str, choices: Iterable[str]) -> list[str]:
    """
    The choices that are the word, but for case and for `-`, `_` and blanks.
    """
    wanted = _shape(word).replace(" ", "_")
    return sorted({choice for choice in choices if _shape(choice).replace(" ", "_") == wanted})


def _shape(word: str) -> str:
    return word.casefold().replace("-", "_")


def near_ones(word: str, choices: Sequence[str], most: int = 3) -> list[str]:
    """
    The choices that hold the word, or whose last part is like it: for names such as `area/name`, of which one
    remembers a part.
    """
    shape = _shape(word)
    within = sorted({choice for choice in choices if shape in _shape(choice)}, key=lambda choice: (len(choice), choice))
    if within:
        return within[:most]
    last = {_shape(choice).rpartition("/")[2]: choice for choice in sorted(choices, reverse=True)}
    return [last[near] for near in get_close_matches(shape.rpartition("/")[2], last, n=most, cutoff=NEAR)]
