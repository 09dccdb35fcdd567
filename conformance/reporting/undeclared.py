"""
Scenarios that were not played because profiles do not declare what they need: one line each, not one per profile; and
which declaration would have most of them played.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.model.outcome import Outcome

__all__ = ["Gain", "Undeclared", "gain_lines", "gains", "gains_of", "undeclared"]

MOST: Final = 3  # a fourth would not be read
_KEYS: Final[Mapping[str, str]] = {"capability": "capabilities", "operation": "operations", "policy": "policies"}


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


@dataclass(frozen=True, slots=True)
class Gain:
    """
    One declaration, as it stands in a profile, and how many scenarios lack it and nothing else.
    """

    profile: str
    declaration: str
    scenarios: int


def gains(lacking: Iterable[tuple[str, str, Sequence[str]]], most: int = MOST) -> list[Gain]:
    """
    What it would gain most to declare. Each scenario comes as its profile, its id, and all that it lacks there; it
    counts where that is one thing, for each value that would do.
    """
    found: dict[tuple[str, str], set[str]] = {}
    any_value: dict[tuple[str, str], set[str]] = {}
    for profile, scenario, declarations in lacking:
        for one in _ways(declarations):
            kept = any_value if one.startswith("policy ") and ": " not in one else found
            kept.setdefault((profile, one), set()).add(scenario)
    for (profile, one), scenarios in any_value.items():
        valued = [key for key in found if key[0] == profile and key[1].startswith(f"{one}: ")] or [(profile, one)]
        for key in valued:
            found.setdefault(key, set()).update(scenarios)
    counted = [Gain(profile, _written(one), len(scenarios)) for (profile, one), scenarios in found.items()]
    return sorted(counted, key=lambda gain: (-gain.scenarios, gain.profile, gain.declaration))[:most]


def gains_of(outcomes: Iterable[Outcome]) -> list[Gain]:
    """
    The same for a run. Where several profiles were played, the bundled server was, and there is nothing to declare.
    """
    ones = list(outcomes)
    if len({one.profile for one in ones}) != 1:
        return []
    return gains((one.profile, one.scenario, one.lacking) for one in ones)


def gain_lines(found: Sequence[Gain]) -> Iterator[str]:
    """
    A sentence, and a line for each of them.
    """
    if found:
        yield "Declare what is so: each of these alone would have so many more scenarios played."
    yield from (f"{one.scenarios:>4}  {one.declaration}" for one in found)


def _ways(declarations: Sequence[str]) -> Iterator[str]:
    """
    The one thing that is lacking; where several values would do, each.
    """
    if len(declarations) != 1:
        return
    name, colon, values = declarations[0].partition(": ")
    yield from (f"{name}: {value}" for value in values.split(" or ")) if colon else (name,)


def _written(declaration: str) -> str:
    """
    In the words of a profile.
    """
    kind, _, name = declaration.partition(" ")
    return f"`{name}` in `{_KEYS[kind]}`" if kind in _KEYS else f"`{declaration}`"
