"""
Which turn a call to the model belongs to.

A target passes on nothing of ours but texts, so texts it is: what the user said, or else the scenario's canary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeVar

from conformance.engine.effects import Turn

__all__ = ["Matched", "attributed"]

Matched = Literal["text", "canary"]


class Known(Protocol):
    """
    A registered turn. `waiting`: it was neither called nor let go.
    """

    @property
    def turn(self) -> Turn: ...

    @property
    def waiting(self) -> bool: ...


T = TypeVar("T", bound=Known)


def attributed(said: str | None, texts: Sequence[str], known: Sequence[T]) -> tuple[T, Matched] | None:
    """
    The turn that a prompt belongs to. `said` is its last user message, `texts` all of its messages, `known` the
    registered turns, oldest first.
    """
    if said is None:
        return _by_canary(texts, known)
    same = [one for one in known if one.turn.say == said]
    if same:
        return _best(same, texts), "text"
    return _by_canary([*texts, said], known)


def _best(same: Sequence[T], texts: Sequence[str]) -> T:
    if len(same) > 1:
        same = [one for one in same if _has(one, texts)] or same
    # The same words twice in a scenario: the one that has not been called. A retry: the one sent last.
    return next((one for one in same if one.waiting), same[-1])


def _by_canary(texts: Sequence[str], known: Sequence[T]) -> tuple[T, Matched] | None:
    """
    By the newest text with a canary, and the newest turn that has it.
    """
    for text in reversed(texts):
        for one in reversed(known):
            if _has(one, (text,)):
                return one, "canary"
    return None


def _has(one: Known, texts: Iterable[str]) -> bool:
    return any(canary in text for text in texts for canary in one.turn.canaries)
