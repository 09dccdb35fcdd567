"""
Try what a profile declares and what it could, in few turns: each by the shortest scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from conformance.checkup.finding import Finding
from conformance.checkup.honesty import declaring, found, once, probe_of, unplayed
from conformance.checkup.operations import calls, read
from conformance.commands.documents import Documents
from conformance.driver.desk import Target
from conformance.driver.scheduling import Case, play_all
from conformance.engine.judge import judge
from conformance.engine.lacking import lacking
from conformance.engine.live import turns_of
from conformance.engine.play import examples
from conformance.loading.ledger import load_ledger
from conformance.loading.places import shipped_ledger
from conformance.model.scenario import Scenario
from conformance.model.transcript import Transcript

__all__ = ["Teller", "Trials"]

IN_FLIGHT: Final = 4  # a first look is no load test
BEYOND: Final = "it was not tried, for no more turns may be asked for"
Teller = Callable[[Finding], None]


@dataclass(slots=True)
class Trials:
    """
    What is tried of a target, with so many turns left. `refuted` are the capabilities that it was seen not to have.
    """

    documents: Documents
    target: Target
    tell: Teller
    left: int
    refuted: set[str] = field(default_factory=set)

    async def operations(self) -> None:
        """
        Each operation that the profile declares, in the order in which they end.
        """
        cases = [Case(one, {}, self.target, tidy=True) for one in calls(self.target.profile)]
        taken = [case for case in cases if self._takes(case)]
        for one in once(_beyond(f"operation {case.scenario.title}") for case in cases if case not in taken):
            self.tell(one)

        def done(case: Case, transcript: Transcript) -> bool:
            self.tell(read(judge(transcript, case.target.profile, {})))
            return False

        await play_all(taken, IN_FLIGHT, done)

    async def capabilities(self) -> None:
        """
        Each capability's probe, played as if the profile declared it; those first that it does declare.
        """
        profile, witnesses, holders = self.target.profile, self.target.witnesses, self.target.holders
        known = sorted(load_ledger(shipped_ledger()).capabilities, key=lambda name: name not in profile.capabilities)
        probes = {name: probe_of(name, self.documents.scenarios, profile, witnesses, holders) for name in known}
        unknown = [name for name in profile.capabilities if probes.get(name) is None]
        cases = {name: self._case(name, one) for name, one in probes.items() if one is not None}
        chosen: dict[str, list[str]] = {}
        beyond = []
        for name, case in cases.items():
            if case.name in chosen or self._takes(case):
                chosen.setdefault(case.name, []).append(name)
            else:
                beyond.append(_beyond(f"capability {name}"))
        obstacles = [unplayed(name, self.documents.scenarios, profile, witnesses, holders) for name in unknown]
        for one in once([*obstacles, *beyond]):
            self.tell(one)

        def done(case: Case, transcript: Transcript) -> bool:
            self._judged(case, transcript, chosen[case.name])
            return False

        await play_all([cases[names[0]] for names in chosen.values()], IN_FLIGHT, done)

    def lacking(self) -> Iterator[tuple[str, str, list[str]]]:
        """
        What each scenario lacks, but for those that lack what the target was seen not to have.
        """
        profile, refuted = self.target.profile, {f"capability {name}" for name in self.refuted}
        for scenario in self.documents.scenarios:
            if not refuted & {*(found := lacking(scenario, profile))}:
                yield profile.profile, scenario.id, found

    def _case(self, capability: str, scenario: Scenario) -> Case:
        able = declaring(self.target.profile, capability)
        return Case(scenario, next(examples(scenario, able)), replace(self.target, profile=able), tidy=True)

    def _judged(self, case: Case, transcript: Transcript, names: list[str]) -> None:
        outcome = judge(transcript, case.target.profile, self.documents.requirements)
        declared = self.target.profile.capabilities
        for name in names:
            if outcome.kind in ("failed", "deviation") and name not in declared:
                self.refuted.add(name)
            for one in found(name, name in declared, outcome):
                self.tell(one)

    def _takes(self, case: Case) -> bool:
        """
        Whether it can be played in the turns that are left; then it takes them.
        """
        turns = turns_of(case.scenario, case.target.profile, case.example, self.target.witnesses)
        kept = turns <= self.left
        self.left -= turns if kept else 0
        return kept


def _beyond(about: str) -> Finding:
    return Finding(about=about, state="not seen", said=BEYOND, fix="raise --max-turns")
