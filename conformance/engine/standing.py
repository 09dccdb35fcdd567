"""
Rules that hold in every scenario without being written there. Each is a requirement of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from conformance.checks.prompts import ill_formed
from conformance.engine.sameness import unlike
from conformance.engine.strangers import strangers
from conformance.engine.support import indexed
from conformance.model.outcome import Difference
from conformance.model.profile import Profile
from conformance.model.scenario import Step
from conformance.model.transcript import StepRecord, Transcript

__all__ = ["STANDING", "standing"]


@dataclass(frozen=True, slots=True)
class Play:
    """
    What a standing rule looks at.
    """

    records: list[StepRecord]
    steps: Mapping[str, Step]
    profile: Profile
    bindings: Mapping[str, Any]


Rule = Callable[[Play], Iterator[Difference | None]]
SHOWN: Final = 3  # one broken habit shows in every step; a report needs it once or twice


def standing(transcript: Transcript, profile: Profile) -> dict[str, list[Difference]]:
    """
    What each rule found, for those that had something to look at; an empty list where all was well.
    """
    play = Play(transcript.records, dict(indexed(transcript.scenario.steps)), profile, transcript.bindings)
    found: dict[str, list[Difference]] = {}
    for requirement, rule in STANDING.items():
        if requirement not in transcript.scenario.excused and (looked := list(rule(play))):
            found[requirement] = [one for one in looked if one is not None][:SHOWN]
    return found


def _prompts(play: Play) -> Iterator[Difference | None]:
    for record in play.records:
        for call in record.calls or []:
            lines = list(ill_formed(call))
            yield _ill(record, lines) if lines else None


def _ill(record: StepRecord, lines: list[str]) -> Difference:
    head = "the request to the model is not well-formed"
    return Difference(
        check="well-formed-prompt",
        step=record.index,
        at="prompt",
        witness="upstream",
        lines=[head, *(f"  {line}" for line in lines)],
    )


def _texts(play: Play) -> Iterator[Difference | None]:
    yield from unlike(play.records, play.steps, play.profile)


def _tokens(play: Play) -> Iterator[Difference | None]:
    yield from strangers(play.records, play.steps, play.bindings)


STANDING: Final[Mapping[str, Rule]] = {
    "recall/prompts-are-well-formed": _prompts,
    "storage/one-text-everywhere": _texts,
    "isolation/nothing-of-another-thread": _tokens,
}
