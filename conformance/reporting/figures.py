"""
What was measured, for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.model.outcome import Figure
from conformance.model.results import Results

__all__ = ["Row", "figures_line", "rows"]

_NAMES = {
    "first_text": "until the first text",
    "rate": "pieces of text",
    "took": "one exchange",
    "lag": "until it could be read",
}
_HELD = {True: "held", False: "missed", None: "could not tell"}


@dataclass(frozen=True, slots=True)
class Row:
    """
    One figure of one outcome in words. `held` is `held`, `missed` or `could not tell`; `place` is the outcome's.
    `figure` is what the words were made of.
    """

    place: int
    scenario: str
    profile: str
    what: str
    value: str
    target: str
    held: str
    figure: Figure


def rows(results: Results) -> Iterator[Row]:
    """
    All figures of a run, by scenario and dialect.
    """
    order = sorted(enumerate(results.outcomes), key=lambda pair: (pair[1].name, pair[1].profile))
    for place, outcome in order:
        for one in outcome.figures:
            what = _NAMES.get(one.name, one.name) + (f", worst of {one.of}" if one.of > 1 else "")
            yield Row(place, outcome.name, outcome.profile, what, _value(one), one.target, _HELD[one.held], one)


def figures_line(results: Results) -> str | None:
    """
    All figures of a run in one line, those that missed their target by name; nothing where nothing was measured.
    """
    found = list(rows(results))
    if not found:
        return None
    held = sum(row.held == "held" for row in found)
    missed = [f"{row.profile} {row.scenario} {row.value} ({row.target})" for row in found if row.held == "missed"]
    told = f"; missed: {missed[0]}" if missed else ""
    more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
    return f"figures: {held} of {len(found)} within their targets{told}{more}"


def _value(one: Figure) -> str:
    if one.unit != "s":
        return f"{one.value:.1f} {one.unit}"
    return f"{one.value:.2f} s" if one.value >= 1 else f"{one.value * 1000:.0f} ms"
