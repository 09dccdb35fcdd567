"""
One outcome in words, as plain text: what the terminal, JUnit, Markdown and Allure show.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from conformance.model.outcome import Outcome
from conformance.model.requirement import SuspectDefect
from conformance.reporting.visible import inline

__all__ = ["SUSPECTS", "broken_besides", "failure_lines", "headline", "suspect_words"]

SUSPECTS = 3  # more than three guesses are none


def headline(outcome: Outcome) -> str:
    return f"{outcome.level} {inline(outcome.name)}: {inline(outcome.title)}"


def failure_lines(outcome: Outcome) -> Iterator[str]:
    """
    The outcome in full, so that it can be acted on without opening anything else.
    """
    yield headline(outcome)
    if outcome.requirement != outcome.scenario:
        yield f"  requirement {outcome.requirement}: {outcome.sentence}"
    yield from _difference_lines(outcome)
    if besides := broken_besides(outcome):
        yield f"  broken as well: {', '.join(besides)}"
    if outcome.reason:
        yield f"  {outcome.reason}"
    if outcome.also:
        yield f"  stored: {outcome.also}"
    for place, suspect in enumerate(outcome.suspects[:SUSPECTS]):
        yield f"  {'looks like:' if not place else '        or:'} {suspect_words(suspect)}"
    if outcome.again:
        yield f"  again: {inline(outcome.again)}"


def broken_besides(outcome: Outcome) -> list[str]:
    """
    The standing requirements that did not hold in a scenario that failed for another.
    """
    return [name for name, kind in outcome.standing.items() if kind == "failed" and name != outcome.requirement]


def suspect_words(suspect: SuspectDefect) -> str:
    return f"{suspect.id} ({suspect.report})" if suspect.report else suspect.id


def _difference_lines(outcome: Outcome) -> Iterator[str]:
    if not outcome.differences:
        yield f"  profile {outcome.profile}"
    for step, differences in groupby(outcome.differences, key=lambda difference: difference.step):
        title = outcome.steps.get(step)
        yield f"  profile {outcome.profile}, step {step}{f', {title}' if title else ''}"
        for difference in differences:
            yield from (f"    {line}" for text in difference.lines for line in text.split("\n"))
