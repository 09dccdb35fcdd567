"""
`threadgauge selftest`: a suite is worth the broken servers that it catches. Here is the number.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import click
import msgspec

from conformance.commands.documents import Documents, load_documents, profiles_named
from conformance.commands.listing import defects as known_defects
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.folder import encode
from conformance.driver.http import Limits
from conformance.driver.scheduling import Case, cases, play_all
from conformance.engine.judge import judge, requirement_of
from conformance.errors import UsageError
from conformance.model.base import Model
from conformance.model.outcome import Outcome
from conformance.model.transcript import Transcript
from conformance.text.suggest import did_you_mean

__all__ = ["Kill", "selftest_command"]

IN_FLIGHT = 16
PATIENCE = Limits(connect=5.0, answer=12.0)  # a defect that hangs must not hold the matrix for the usual 30 s

WRONG = ("failed", "deviation", "error")
Verdict = Literal["caught", "caught elsewhere", "survived", "healthy", "false alarm"]


class Kill(Model, frozen=True, kw_only=True):
    """
    One row of the matrix: what the suite made of one defect. `None` as defect is the healthy server.

    A defect is caught where every dialect that has it shows it; `dialects` says which requirements did in each.
    """

    defect: str | None
    sentence: str = ""
    verdict: Verdict
    dialects: dict[str, list[str]] = {}
    named: list[str] = []
    caught_by: list[str] = []
    also: list[str] = []
    seconds: float = 0.0


class Suspect(Model, frozen=True, kw_only=True):
    """
    A defect as the reference server lists it.
    """

    id: str
    seam: str = ""
    sentence: str
    dialects: list[str]
    caught_by: list[str] = []


def selftest_command(
    chosen: Sequence[str], dialects: Sequence[str], jobs: int, everything: bool, output: Path | None
) -> int:
    """
    Play, print the matrix; 0 where every defect is caught by a requirement that it names and the healthy server passes.
    """
    began = time.monotonic()
    suspects = _suspects(chosen)
    profiles = profiles_named(list(dialects))
    documents = load_documents([], profiles)
    kills = loop.run(_all(documents, suspects, jobs, everything))
    click.echo("\n".join(_table(kills, time.monotonic() - began)))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(encode(kills) + "\n", encoding="utf-8")
    return 0 if all(kill.verdict in ("caught", "healthy") for kill in kills) else 1


def _suspects(chosen: Sequence[str]) -> list[Suspect]:
    known = {one["id"]: msgspec.convert(one, Suspect) for one in known_defects()}
    for name in chosen:
        if name not in known:
            guess = did_you_mean(name, known)
            raise UsageError(f"there is no defect {name}." + (f" Did you mean {guess}?" if guess else ""))
    return [one for one in known.values() if not chosen or one.id in chosen]


async def _all(documents: Documents, suspects: Sequence[Suspect], jobs: int, everything: bool) -> list[Kill]:
    slots = asyncio.Semaphore(jobs)
    healthy = Suspect(
        id="", sentence="the healthy server", dialects=[profile.profile for profile in documents.profiles]
    )

    async def one(suspect: Suspect) -> Kill:
        async with slots:
            kill = await _kill(documents, suspect, everything)
        click.echo(f"{kill.verdict:<17} {kill.defect or 'healthy'} ({kill.seconds:.1f} s)", err=True)
        return kill

    return list(await asyncio.gather(*(one(suspect) for suspect in (healthy, *suspects))))


async def _kill(documents: Documents, suspect: Suspect, everything: bool) -> Kill:
    """
    The scenarios of the requirements that the defect names come first. The others are played where those do not catch
    it, to tell a survivor from a defect that names the wrong requirement, and where everything is asked for.
    """
    began = time.monotonic()
    profiles = [profile for profile in documents.profiles if profile.profile in suspect.dialects]
    setup = Setup(profiles=profiles, defects=[suspect.id] if suspect.id else [], limits=PATIENCE)
    async with open_targets(setup) as targets:
        every = [case for target in targets for case in cases(documents.scenarios, target, seed=1, tidy=False)]
        named = [case for case in every if _shows(case, documents) in suspect.caught_by]
        outcomes = await _outcomes(named, documents)
        seen = {one.profile for one in outcomes if one.kind in WRONG}
        rest = [case for case in every if case not in named and (everything or _dialect(case) not in seen)]
        outcomes += await _outcomes(rest, documents)
    return _row(suspect, [profile.profile for profile in profiles], outcomes, time.monotonic() - began)


async def _outcomes(chosen: Sequence[Case], documents: Documents) -> list[Outcome]:
    outcomes: list[Outcome] = []

    def done(case: Case, transcript: Transcript) -> bool:
        outcomes.append(judge(transcript, case.target.profile, documents.requirements))
        return False

    await play_all(chosen, IN_FLIGHT, done)
    return outcomes


def _dialect(case: Case) -> str:
    return case.target.profile.profile


def _shows(case: Case, documents: Documents) -> str:
    return requirement_of(case.scenario, documents.requirements).id


def _row(suspect: Suspect, dialects: Sequence[str], outcomes: Iterable[Outcome], seconds: float) -> Kill:
    broken = {(one.profile, one.requirement) for one in outcomes if one.kind in WRONG}
    shown = {name: sorted(one for profile, one in broken if profile == name) for name in dialects}
    failing = sorted({requirement for _, requirement in broken})
    caught = [one for one in failing if one in suspect.caught_by]
    also = [one for one in failing if one not in suspect.caught_by]
    verdict: Verdict
    if not suspect.id:
        verdict = "false alarm" if failing else "healthy"
    elif not all(shown.values()):
        verdict = "survived"
    else:
        verdict = "caught" if all(set(found) & set(caught) for found in shown.values()) else "caught elsewhere"
    return Kill(
        defect=suspect.id or None,
        sentence=suspect.sentence,
        verdict=verdict,
        dialects=shown,
        named=list(suspect.caught_by),
        caught_by=caught,
        also=also,
        seconds=round(seconds, 2),
    )


def _table(kills: Sequence[Kill], seconds: float) -> Iterator[str]:
    width = max(len(kill.defect or "healthy") for kill in kills)
    for kill in kills:
        others = f" (+{len(kill.also)} others)" if kill.also else ""
        by = ", ".join(kill.caught_by) or (", ".join(kill.also[:3]) if kill.also else "nothing")
        by = by if kill.defect or kill.also else ""
        yield f"{kill.defect or 'healthy':<{width}}  {kill.verdict:<17} {by}{others}"
    yield ""
    defects = [kill for kill in kills if kill.defect]
    caught = sum(kill.verdict == "caught" for kill in defects)
    yield f"{caught} of {len(defects)} defects caught by a requirement that they name, in {seconds:.0f} s"
    for dialect in sorted({name for kill in defects for name in kill.dialects}):
        yield f"  {dialect}: {sum(bool(kill.dialects.get(dialect)) for kill in defects)}"
    for kill in defects:
        if kill.verdict != "caught":
            unseen = [name for name, found in kill.dialects.items() if not set(found) & set(kill.named)]
            names = ", ".join(kill.named)
            yield f"  {kill.verdict} in {', '.join(unseen)}: {kill.defect} names {names}; {kill.sentence}"
