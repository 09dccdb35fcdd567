"""
`threadgauge selftest`: a suite is worth the broken servers that it catches. Here is the number.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
from msgspec import structs

from conformance.commands.documents import Documents, load_documents, profiles_named
from conformance.commands.healthy import Healthy
from conformance.commands.killing import PATIENCE, SEED, WRONG, Hunt
from conformance.commands.suspects import Sample, chosen_suspects, dialects_of, known_ids
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.desk import Target
from conformance.driver.nursery import Nursery
from conformance.driver.processes import TWINS, reference_server
from conformance.driver.scheduling import Case, cases, play_all
from conformance.engine.judge import judge
from conformance.model.matrix import KillMatrix, Row, Suspect
from conformance.model.outcome import Outcome
from conformance.model.transcript import Transcript
from conformance.reporting.kill_page import render_kill_page
from conformance.reporting.kill_table import proof_lines, result_lines, told
from conformance.reporting.kills import MATRIX, merged, parse_matrix, regressions, render_matrix, unproven, wrongs
from conformance.reporting.templates import templates_folder

__all__ = ["Asked", "selftest_command"]

IN_FLIGHT: Final = 16
SERVERS: Final = 2  # for the twins: one core each


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What the command line asks for. `twins` plays the identity twins and nothing else, `proofs` plays nothing; `before`
    is the matrix to compare with, the committed one where there is one.
    """

    defects: Sequence[str] = ()
    dialects: Sequence[str] = ()
    sample: Sample | None = None
    everything: bool = False
    twins: bool = False
    proofs: bool = False
    jobs: int = 2
    output: Path | None = None
    html: Path | None = None
    before: Path | None = None

    @property
    def whole(self) -> bool:
        return not (self.defects or self.dialects or self.sample)


@dataclass(slots=True)
class _Hunting:
    """
    The hunts of one command. `before` is what is known already.
    """

    documents: Documents
    asked: Asked
    before: KillMatrix
    healthy: Healthy
    began: float = field(default_factory=time.monotonic)

    async def rows(self, suspects: Sequence[Suspect]) -> list[Row]:
        slots: asyncio.Queue[Nursery] = asyncio.Queue()
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threadgauge-")))
            for number in range(self.asked.jobs):
                slots.put_nowait(await stack.enter_async_context(Nursery(folder / f"nursery-{number}.log")))
            hunts = [self._hunt(one) for one in suspects]
            early = await asyncio.gather(*(self._first(hunt, slots) for hunt in hunts))
        pairs = zip(hunts, early, strict=True)
        return [row if row is not None else await self._again(hunt) for hunt, row in pairs]

    def _hunt(self, suspect: Suspect) -> Hunt:
        known = next((row for row in self.before.rows if row.defect == suspect.id), None)
        cells = known.dialects if known is not None else {}
        first = {name: cell.scenario for name, cell in cells.items() if cell.scenario is not None}
        return Hunt(self.documents, suspect, dialects_of(suspect, self.documents.profiles, self.asked.sample), first)

    async def _first(self, hunt: Hunt, slots: asyncio.Queue[Nursery]) -> Row | None:
        """
        Its row, or nothing where it is to be played again alone.
        """
        nursery = await slots.get()
        try:
            await (hunt.everything if self.asked.everything else hunt.named)(nursery.server)
        finally:
            slots.put_nowait(nursery)
        return None if hunt.missing else await self._told(hunt)

    async def _again(self, hunt: Hunt) -> Row:
        await hunt.alone(reference_server)
        return await self._told(hunt)

    async def _told(self, hunt: Hunt) -> Row:
        row = await hunt.row(self.healthy)
        hunt.played.clear()  # hundreds of transcripts
        click.echo(f"{time.monotonic() - self.began:6.1f} s  {told(row)}", err=True)
        return row


def selftest_command(asked: Asked) -> int:
    """
    Play, print the matrix; 0 where every defect is caught by a requirement that it names, is shown to be one, the
    healthy server passes, and nothing is worse than in the matrix compared with.
    """
    began = time.monotonic()
    documents = load_documents([], profiles_named(list(asked.dialects)))
    if asked.twins:
        return _twins(documents)
    if asked.proofs:
        click.echo("\n".join(proof_lines(_before(asked), documents.requirements.values())))
        return 0
    suspects = chosen_suspects(asked.defects)
    before = _before(asked)
    played = loop.run(_matrix(documents, suspects, asked, before))
    known = known_ids()
    requirements = list(documents.requirements.values())
    now = merged(before, played, known, healthy=not asked.defects)
    now = structs.replace(now, unproven=unproven(now, requirements) if before.rows or asked.whole else [])
    worse = [*wrongs(played), *regressions(before, now if asked.whole else played, known, asked.whole)]
    click.echo("\n".join(result_lines(played, now, worse, time.monotonic() - began)))
    _write(asked, now, documents)
    return 1 if worse else 0


def _before(asked: Asked) -> KillMatrix:
    file = asked.before or templates_folder() / MATRIX
    return parse_matrix(file.read_text(encoding="utf-8")) if file.is_file() else KillMatrix(rows=[])


def _write(asked: Asked, matrix: KillMatrix, documents: Documents) -> None:
    pages = {asked.output: render_matrix(matrix), asked.html: render_kill_page(matrix, documents.requirements)}
    for path, text in pages.items():
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


async def _matrix(documents: Documents, suspects: Sequence[Suspect], asked: Asked, before: KillMatrix) -> KillMatrix:
    alarms = [] if asked.defects else await _alarms(documents)
    async with _healthy(documents) as healthy:
        rows = await _Hunting(documents, asked, before, healthy).rows(suspects)
    return KillMatrix(rows=[row for row in rows if row.dialects], false_alarms=alarms)


@asynccontextmanager
async def _healthy(documents: Documents) -> AsyncIterator[Healthy]:
    setup = Setup(profiles=documents.profiles, limits=PATIENCE, servers=1)
    async with open_targets(setup) as one, open_targets(setup) as other:
        yield Healthy(*([case for each in targets for case in _cases(documents, each)] for targets in (one, other)))


def _twins(documents: Documents) -> int:
    alarms = loop.run(_alarms(documents))
    click.echo(
        "\n".join([*alarms, f"{len(alarms)} false alarms with the identity twins of {len(known_ids())} defects"])
    )
    return 1 if alarms else 0


async def _alarms(documents: Documents) -> list[str]:
    """
    What fails on a server that has nothing wrong: on each seam the identity twins of all defects.
    """
    alarms: list[str] = []

    def judged(case: Case, transcript: Transcript) -> Outcome:
        return judge(transcript, case.target.profile, documents.requirements)

    def done(case: Case, transcript: Transcript) -> bool:
        outcome = judged(case, transcript)
        if outcome.kind in WRONG:
            alarms.append(f"{outcome.profile} {outcome.name} ({outcome.requirement})")
        return False

    setup = Setup(profiles=documents.profiles, defects=(TWINS,), limits=PATIENCE, servers=SERVERS)
    async with open_targets(setup) as targets:
        every = [case for one in targets for case in _cases(documents, one)]
        await play_all(every, IN_FLIGHT, done, doubtful=lambda case, seen: judged(case, seen).by_chance)
    return sorted(alarms)


def _cases(documents: Documents, target: Target) -> list[Case]:
    return cases(documents.scenarios, target, seed=SEED, tidy=False)
