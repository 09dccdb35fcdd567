"""
A finding of a check-up.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from conformance.model.base import Model

__all__ = ["KINDS", "Finding", "State", "exit_code"]

WIDE: Final = 29  # the longest of what is named: a capability
State = Literal["ok", "wrong", "not seen", "undeclared"]
KINDS: Final[tuple[State, ...]] = get_args(State)


class Finding(Model, frozen=True, kw_only=True):
    """
    What was found about one thing, in words, and what to do where it is not well.

    `undeclared`: the server can do it and the profile does not say so; that is no mistake.
    """

    about: str
    state: State
    said: str
    fix: str | None = None

    @property
    def line(self) -> str:
        """
        The finding on one line.
        """
        told = f"{self.said}: {self.fix}" if self.fix else self.said
        return f"{self.state:<10}  {self.about:<{WIDE}}  {told}"


def exit_code(findings: list[Finding]) -> int:
    """
    0 where nothing is wrong, 1 where something is, 2 where not even a turn was seen.
    """
    wrong = {one.about for one in findings if one.state == "wrong"}
    return 2 if "reachable" in wrong else int(bool(wrong))
