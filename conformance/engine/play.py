"""
Play a scenario: a generator that asks for effects, is sent observations, and returns the transcript.

It does no I/O and knows no clock; a test plays it by hand with `next` and `send`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import product
from typing import Any

from conformance.engine.afterwards import afterwards, tidy_up
from conformance.engine.effects import Effect, Observation
from conformance.engine.lastlook import last_look
from conformance.engine.live import unknowable_prompt
from conformance.engine.making import NotMade
from conformance.engine.requests import NotInBody, Unplayable
from conformance.engine.scripting import scripted
from conformance.engine.sight import action_of
from conformance.engine.spoiling import expand, spoilt_examples
from conformance.engine.stage import set_up
from conformance.engine.steps import perform
from conformance.engine.support import missing_credential, missing_witness, not_linked, not_ours, unsupported
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import Transcript

__all__ = ["Playing", "examples", "play"]

Playing = Generator[Effect, Observation, Transcript]


def play(
    scenario: Scenario,
    profile: Profile,
    *,
    example: dict[str, Any] | None = None,
    witnesses: frozenset[str] = frozenset(),
    holders: frozenset[str] | None = None,
    seed: int = 0,
    target: str = "",
    started: str = "",
    tidy: bool = False,
    last: bool = False,
    ours: bool = True,
    linked: bool = True,
    live: bool = False,
) -> Playing:
    """
    Play one scenario (one of its examples) against a profile. `witnesses` are those that are there, of `store` and
    `upstream`; `holders` are the principals whose credentials are there (if not given, all). With `last`, its threads
    are looked at once more at the end, with `tidy` they are deleted. `ours` says whether the target's processes are
    ours to end, `live` that a real model answers. Times in the transcript are the observations'.
    """
    chosen = example or {}
    scenario = expand(scripted(scenario, chosen), profile, chosen)

    def transcript(**more: Any) -> Transcript:
        return Transcript(
            scenario=scenario,
            example=chosen,
            profile=profile.profile,
            target=target,
            seed=seed,
            started=started,
            live=live,
            **more,
        )

    if reason := unsupported(scenario, profile):
        return transcript(unsupported=reason)
    if not ours and (reason := not_ours(scenario)):
        return transcript(unsupported=reason)
    if not linked and (reason := not_linked(scenario)):
        return transcript(unsupported=reason)
    if reason := missing_witness(scenario, witnesses):
        return transcript(prevented=unknowable_prompt(reason) if live else reason)
    if holders is not None and (reason := missing_credential(scenario, profile, holders)):
        return transcript(prevented=reason)
    stage = set_up(scenario, chosen, profile, seed)
    lacking = None
    try:
        for place, step in enumerate(scenario.steps, start=1):
            yield from perform(stage, step, str(place))
    except NotInBody as absent:
        lacking = f"profile {profile.profile} has no value of its own for {absent} in this request ({action_of(step)})"
    except Unplayable as reason:
        lacking = str(reason)
    except NotMade:
        stage.failed = True
    if stage.failed:
        yield from afterwards(stage, witnesses)
    elif last and lacking is None:
        yield from last_look(stage, witnesses)
    left_behind = (yield from tidy_up(stage)) if tidy else []
    return transcript(bindings=stage.bindings, records=stage.records, unsupported=lacking, left_behind=left_behind)


def examples(scenario: Scenario, profile: Profile) -> Iterator[dict[str, Any]]:
    """
    One mapping per variant: the cross product of the scenario's examples and of those that its profile makes, `{}`
    where there are none.
    """
    keys = list(scenario.examples)
    made = list(spoilt_examples(scenario.examples_from, profile)) if scenario.examples_from else []
    for values in product(*scenario.examples.values()):
        for one in made or [{}]:
            yield {**dict(zip(keys, values, strict=True)), **one}
