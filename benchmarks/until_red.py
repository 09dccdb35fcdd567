"""
Play the suite against the reference server of the folder that we are in, until a requirement is red.

Each line on standard input is a list of cases as JSON, `null` for all; the answer is `killed REQUIREMENT (DIALECT)`,
`survived`, `dead REASON` where the server did not start, `hung`. A case is played twice before it counts as red: a busy
machine breaks a verdict on time once. Each suite is a fork: to read all scenarios takes longer than many a play.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Final

import click

from conformance.commands.documents import Documents, load_documents, profiles_named
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.http import Limits
from conformance.driver.postgres import running_postgres
from conformance.driver.scheduling import Case, cases, play_all, play_case
from conformance.engine.judge import judge
from conformance.engine.support import own_process
from conformance.errors import ThreadgaugeError
from conformance.model.transcript import Transcript

__all__ = ["until_red"]

IN_FLIGHT: Final = 16
LIMITS: Final = Limits(connect=5.0, answer=12.0)
RED: Final = ("failed", "deviation", "error")
SHORT: Final = 8  # steps: three quarters of all scenarios, and a fifth of the time
PATIENCE: Final = 900  # seconds for all scenarios: a healthy server takes 100 of CPU


class Red(Exception):
    """
    A requirement is not kept; nothing more need be played.
    """


async def until_red(documents: Documents, wanted: Collection[str] | None, db: str | None = None) -> str:
    """
    The first red requirement, in the dialect that showed it; nothing where none is. `wanted` are `profile: case`.
    """
    red: list[str] = []

    async def done(case: Case, transcript: Transcript) -> bool:
        if _red(case, transcript, documents):
            again = await play_case(replace(case, seed=case.seed + 1))
            if found := _red(case, again, documents):
                raise Red(found)
        return False

    try:
        async with open_targets(Setup(profiles=documents.profiles, limits=LIMITS, db=db)) as targets:
            every = [case for target in targets for case in cases(documents.scenarios, target, seed=1, tidy=False)]
            for some in _batches([case for case in every if wanted is None or _name(case) in wanted]):
                await play_all(some, IN_FLIGHT, done, longest_first=False)
    except* Red as found:
        red += [str(one) for one in _leaves(found)]
    return red[0] if red else ""


def _name(case: Case) -> str:
    return f"{case.target.profile.profile}: {case.name}"


def _batches(chosen: Sequence[Case]) -> Iterator[list[Case]]:
    """
    What costs least comes first, because most changes are seen at once; what wants processes of its own comes last.
    """
    ordered = sorted(chosen, key=lambda case: len(case.scenario.steps))
    kinds = [_kind(case) for case in ordered]
    for kind in range(3):
        yield [case for case, own in zip(ordered, kinds, strict=True) if own == kind]


def _kind(case: Case) -> int:
    steps = case.scenario.steps
    if own_process(case.scenario) or case.scenario.exclusive:
        return 2
    return int(len(steps) > SHORT or any(step.fill is not None for step in steps))


def _red(case: Case, transcript: Transcript, documents: Documents) -> str:
    outcome = judge(transcript, case.target.profile, documents.requirements)
    return f"{outcome.requirement} ({outcome.profile})" if outcome.kind in RED else ""


def _leaves(group: BaseExceptionGroup[Red]) -> Iterator[Red]:
    for one in group.exceptions:
        yield from _leaves(one) if isinstance(one, BaseExceptionGroup) else [one]


def _played(documents: Documents, wanted: Collection[str] | None, db: str | None) -> str:
    try:
        red = loop.run(until_red(documents, wanted, db))
    except ThreadgaugeError as error:
        return f"dead {' '.join(str(error).split())}"
    return f"killed {red}" if red else "survived"


def _forked(work: Callable[[], str]) -> str:
    """
    What it gives in a process of its own, which has `PATIENCE` seconds.
    """
    theirs, ours = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        try:
            os.write(ours, work().encode())
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(ours)
    with os.fdopen(theirs, "rb") as reader:
        said = reader.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return "hung"
    return said or "dead by a mistake of ours"


@click.command()
@click.option("--postgres", is_flag=True, help="Over a PostgreSQL, a new database for each suite.")
def main(postgres: bool) -> None:
    """Play what each line of standard input wants, and print what came of it."""
    documents = load_documents([], profiles_named([]))
    gc.freeze()
    with running_postgres() if postgres else nullcontext() as server:
        for at, line in enumerate(sys.stdin):
            db = server.create_database(f"suite_{at}") if server is not None else None
            click.echo(_forked(partial(_played, documents, json.loads(line), db)))


if __name__ == "__main__":
    main()
