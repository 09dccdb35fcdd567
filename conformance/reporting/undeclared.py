"""
Scenarios that were not played because profiles do not declare what they need: one line each, not one per profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.model.outcome import Outcome

__all__ = ["Undeclared", "undeclared"]


@dataclass(frozen=True, slots=True)
class Undeclared:
    """
    A scenario, with each reason and the profiles that have it. `outcome` is one of its outcomes, for its words.
    """

    outcome: Outcome
    reasons: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def profiles(self) -> tuple[str, ...]:
        return tuple(profile for _, profiles in self.reasons for profile in profiles)


def undeclared(outcomes: Iterable[Outcome]) -> list[Undeclared]:
    """
    The unsupported ones of these outcomes, by scenario, in the order in which they come.
    """
    found: dict[str, dict[str, list[str]]] = {}
    first: dict[str, Outcome] = {}
    for one in outcomes:
        if one.kind == "unsupported":
            first.setdefault(one.name, one)
            found.setdefault(one.name, {}).setdefault(_reason(one), []).append(one.profile)
    return [
        Undeclared(first[name], tuple((reason, tuple(profiles)) for reason, profiles in reasons.items()))
        for name, reasons in found.items()
    ]


def _reason(outcome: Outcome) -> str:
    """
    Without the profile's name, which stands beside it.
    """
    return (outcome.reason or "").removeprefix(f"profile {outcome.profile} ")
