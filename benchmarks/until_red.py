"""
Play the suite against the reference server that is found first on the path, and print the first requirement that is
red; nothing where none is. Short scenarios come first: most changes are seen at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from conformance.commands.documents import Documents, load_documents, profiles_named
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.http import Limits
from conformance.driver.scheduling import Case, cases, play_all
from conformance.engine.judge import judge
from conformance.model.transcript import Transcript

__all__ = ["until_red"]

IN_FLIGHT: Final = 16
PATIENCE: Final = Limits(connect=5.0, answer=12.0)
RED: Final = ("failed", "deviation", "error")
SHORT: Final = 8  # steps: three quarters of all scenarios, and a fifth of the time


async def until_red(documents: Documents) -> str:
    """
    The first red requirement, in the dialect that showed it.
    """
    async with open_targets(Setup(profiles=documents.profiles, limits=PATIENCE)) as targets:
        every = [case for target in targets for case in cases(documents.scenarios, target, seed=1, tidy=False)]
        short = [case for case in every if _short(case)]
        rest = [case for case in every if not _short(case)]
        return await _first(short, documents) or await _first(rest, documents)


def _short(case: Case) -> bool:
    steps = case.scenario.steps
    return len(steps) <= SHORT and not case.scenario.exclusive and all(step.fill is None for step in steps)


async def _first(chosen: Sequence[Case], documents: Documents) -> str:
    red: list[str] = []

    def done(case: Case, transcript: Transcript) -> bool:
        outcome = judge(transcript, case.target.profile, documents.requirements)
        if outcome.kind in RED:
            red.append(f"{outcome.requirement} ({outcome.profile})")
        return bool(red)

    await play_all(chosen, IN_FLIGHT, done)
    return red[0] if red else ""


if __name__ == "__main__":
    click.echo(loop.run(until_red(load_documents([], profiles_named([])))))
