"""
One defect against the suite: what catches it in each dialect, and the evidence that it is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from conformance.commands.documents import Documents
from conformance.commands.healthy import Healthy
from conformance.commands.targets import Serve, Setup, open_targets
from conformance.driver.desk import Target
from conformance.driver.http import Limits
from conformance.driver.postgres import running_postgres
from conformance.driver.scheduling import Case, cases, play_all
from conformance.engine.judge import judge, requirement_of
from conformance.model.matrix import Cell, KillVerdict, Row, Suspect, Witness
from conformance.model.outcome import Outcome
from conformance.model.transcript import Transcript

__all__ = ["PATIENCE", "SEED", "WRONG", "Hunt", "dialect_of", "requirement_shown"]

SEED: Final = 1
IN_FLIGHT: Final = 8
WITNESSES: Final = 12  # plays that are compared with the healthy server's until one shows a difference
PATIENCE: Final = Limits(connect=5.0, answer=12.0)  # a defect that hangs must not hold the matrix for the usual 30 s
WRONG: Final = ("failed", "deviation", "error")


def dialect_of(case: Case) -> str:
    return case.target.profile.profile


def requirement_shown(case: Case, documents: Documents) -> str:
    return requirement_of(case.scenario, documents.requirements).id


@dataclass(slots=True)
class Hunt:
    """
    One defect, in these dialects. `first` has the scenario that caught it the last time, by dialect.
    """

    documents: Documents
    suspect: Suspect
    dialects: Sequence[str]
    first: Mapping[str, str] = field(default_factory=dict)
    played: list[tuple[Case, Transcript, Outcome]] = field(default_factory=list)

    async def named(self, serve: Serve) -> None:
        """
        The scenarios of the requirements that the defect names, of each dialect until one catches it, and of each
        requirement until it is broken somewhere.
        """
        async with self._opened(serve, self.dialects) as targets:
            named = [case for case in self._cases(targets) if self._requirement(case) in self.suspect.caught_by]
            await self._play([case for case in named if self.first.get(dialect_of(case)) == case.name], self._nothing)
            await self._catch(named)
            for requirement in self.suspect.caught_by:
                shows = [case for case in named if self._requirement(case) == requirement]
                await self._play(self._new(shows), partial(self._is_broken, requirement))

    async def alone(self, serve: Serve) -> None:
        """
        Again, with nothing else under way, where no named requirement has caught it; then all other scenarios, to tell
        a survivor from a defect that names the wrong requirement.
        """
        async with self._opened(serve, self.missing) as targets:
            every = self._cases(targets)
            named = [case for case in every if self._requirement(case) in self.suspect.caught_by]
            await self._play(named, self._nothing, in_flight=1)
            rest = [case for case in every if case not in named and dialect_of(case) in self.missing]
            await self._play(rest, self._nothing)

    async def everything(self, serve: Serve) -> None:
        """
        Every scenario, so that all requirements that see the defect are known.
        """
        async with self._opened(serve, self.dialects) as targets:
            await self._play(self._cases(targets), self._nothing)

    @property
    def missing(self) -> list[str]:
        """
        The dialects in which no named requirement has caught it.
        """
        caught = {one.profile for _, _, one in self._wrong() if one.requirement in self.suspect.caught_by}
        return [name for name in self.dialects if name not in caught]

    async def row(self, healthy: Healthy) -> Row:
        cells = {name: Cell(verdict="equivalent", reason=why) for name, why in self.suspect.equivalent.items()}
        found = await asyncio.gather(*(self._cell(name, healthy) for name in self.dialects))
        return Row(
            defect=self.suspect.id,
            group=self.suspect.group,
            seam=self.suspect.seam,
            sentence=self.suspect.sentence,
            named=list(self.suspect.caught_by),
            dialects=dict(sorted({**cells, **dict(zip(self.dialects, found, strict=True))}.items())),
        )

    @asynccontextmanager
    async def _opened(self, serve: Serve, dialects: Sequence[str]) -> AsyncIterator[list[Target]]:
        profiles = [one for one in self.documents.profiles if one.profile in dialects]
        with running_postgres() if self.suspect.store == "postgresql" else nullcontext() as postgres:
            db = postgres.url if postgres is not None else None
            setup = Setup(profiles=profiles, defects=[self.suspect.id], limits=PATIENCE, serve=serve, db=db)
            async with open_targets(setup) as targets:
                yield targets

    def _cases(self, targets: Iterable[Target]) -> list[Case]:
        return [case for one in targets for case in cases(self.documents.scenarios, one, seed=SEED, tidy=False)]

    async def _catch(self, named: Sequence[Case]) -> None:
        for dialect in self.missing:
            mine = self._new(case for case in named if dialect_of(case) == dialect)
            await self._play(mine, partial(self._is_caught, dialect))

    async def _play(self, chosen: Sequence[Case], enough: Callable[[], bool], in_flight: int = IN_FLIGHT) -> None:
        def done(case: Case, transcript: Transcript) -> bool:
            outcome = judge(transcript, case.target.profile, self.documents.requirements)
            self.played.append((case, transcript, outcome))
            return enough()

        if chosen and not enough():
            await play_all(chosen, in_flight, done)

    def _new(self, chosen: Iterable[Case]) -> list[Case]:
        known = {(one.profile, one.name) for _, _, one in self.played}
        return [case for case in chosen if (dialect_of(case), case.name) not in known]

    def _requirement(self, case: Case) -> str:
        return requirement_shown(case, self.documents)

    def _is_broken(self, requirement: str) -> bool:
        return any(one.requirement == requirement for _, _, one in self._wrong())

    def _is_caught(self, dialect: str) -> bool:
        return dialect not in self.missing

    def _wrong(self) -> list[tuple[Case, Transcript, Outcome]]:
        return [each for each in self.played if each[2].kind in WRONG]

    @staticmethod
    def _nothing() -> bool:
        return False

    async def _cell(self, dialect: str, healthy: Healthy) -> Cell:
        wrong = [each for each in self._wrong() if each[2].profile == dialect]
        broken = {one.requirement for _, _, one in wrong}
        shown = sorted(broken & set(self.suspect.caught_by))
        verdict: KillVerdict = "caught" if shown else "caught elsewhere" if broken else "survived"
        wrong.sort(key=lambda each: (each[2].requirement not in shown, each[2].name != self.first.get(dialect)))
        return Cell(
            verdict=verdict,
            shown=shown,
            also=sorted(broken - set(shown)),
            scenario=wrong[0][2].name if wrong else None,
            witness=await self._witness(dialect, wrong, healthy),
        )

    async def _witness(
        self, dialect: str, wrong: Sequence[tuple[Case, Transcript, Outcome]], healthy: Healthy
    ) -> Witness | None:
        """
        Of what caught it, else of what was played and did not: a survivor that differs is one that nobody judges. A
        busy machine is late too, so time is evidence only where it was judged.
        """
        right = [each for each in self.played if each[2].profile == dialect and each not in wrong]
        for each in [*wrong, *right][:WITNESSES]:
            case, transcript, _ = each
            if seen := await healthy.contrast(dialect, case.name, transcript, times=each in wrong):
                return Witness(scenario=case.name, seen=seen)
        return None
