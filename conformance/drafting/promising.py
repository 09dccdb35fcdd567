"""
What the server promises where the contract leaves a choice, as far as its owner says it.
"""

from __future__ import annotations

from typing import Final

from conformance.drafting.draft import Asking, Question, Sight

__all__ = ["promises"]

_HISTORY: Final = Question(
    "history",
    "How much of a thread does the model get with each turn: all of it, or a window of the last messages? Few "
    "policies decide about so many scenarios",
    ("whole", "window"),
)


def promises(sight: Sight) -> Asking:
    """
    Take what was given, and ask for the one that most hangs on. What was given is believed before what was seen.
    """
    given = dict(sight.given.policies)
    if "history" not in given and (answer := (yield _HISTORY)) is not None:
        given["history"] = answer
    for name, value in given.items():
        seen = sight.draft.policies.get(name, value)
        if seen != value:
            sight.draft.note("policies", f"given: {name} is {value}, though {seen} was seen")
        sight.draft.policies[name] = value
