"""
What is known of a name: from the ledger, the scenarios, the profiles, the reference server and the kill matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final

from conformance.checks import CHECKS
from conformance.commands.listing import defects
from conformance.commands.oddities import known_quirks
from conformance.commands.showing import conditions, look_at
from conformance.engine.support import indexed, own_process, unsupported
from conformance.loading.ledger import load_ledger
from conformance.loading.lint.actions import ACTIONS
from conformance.loading.places import builtin_profiles, shipped_ledger, shipped_scenarios
from conformance.loading.profiles import load_profile
from conformance.loading.scenarios import load_scenarios
from conformance.model.base import Model
from conformance.model.matrix import Row
from conformance.model.outcome import KINDS
from conformance.model.profile import Profile
from conformance.model.quirk import Quirk
from conformance.model.requirement import STANDING, Ledger, Requirement, SuspectDefect
from conformance.model.scenario import Scenario, Step
from conformance.reporting.contract import shown_by
from conformance.reporting.kills import shipped_matrix
from conformance.reporting.reports import report_url
from conformance.reporting.visible import inline

__all__ = ["Explanation", "Knowledge"]

OUTCOMES: Final = {
    "passed": ("Every expectation was observed to hold.", "conforms"),
    "failed": ("An expectation of a MUST was observed not to hold.", "does not conform: exit code 1"),
    "deviation": ("An expectation of a SHOULD or MAY was observed not to hold.", "conforms; not with --strict"),
    "unsupported": ("The profile does not declare what the scenario needs.", "conforms; listed with the reason"),
    "inconclusive": (
        "It could not be seen: no witness, turns that did not overlap, or a fault that missed.",
        "conforms, and is never green; not with --require-conclusive",
    ),
    "known failure": ("It failed, and the baseline says that it does.", "conforms; listed with the reason"),
    "fixed": ("The baseline says that it fails, and it passed.", "fails the run until its entry is taken out"),
    "error": ("The harness's or the network's fault, not the target's.", "could not tell: exit code 2"),
}
"""
By outcome: when it is given, and what it counts as.
"""

_WAYS_OUT: Final = {
    "failed": "Read its differences; `threadgauge explain` on its requirement says who else got it wrong.",
    "deviation": "Read it as a warning; run with --strict where it is to fail the build.",
    "unsupported": "Declare the capability, the policy or the operation in the profile if the server has it.",
    "inconclusive": "Give the witness that its reason names (--db, --upstream), or play it with fewer --in-flight.",
    "error": "Read its reason: the target died, the network broke, or it is a mistake of ours.",
}


class Explanation(Model, frozen=True, kw_only=True):
    """
    One thing of that name: what it is in one sentence, and the facts about it in the order to be read.
    """

    id: str
    kind: str
    sentence: str
    facts: dict[str, list[str]] = {}


class Knowledge:
    """
    All that can be explained. Each part is read when it is first asked for.
    """

    def of(self, name: str) -> Iterator[Explanation]:
        """
        Everything of that name; what takes long to look up is asked only where nothing else has it.
        """
        quick = [one for look in self._quick for one in look(name)]
        yield from quick or [one for look in self._slow for one in look(name)]

    def names(self) -> Iterator[str]:
        """
        All names, for a guess at what was meant.
        """
        yield from (*KINDS, *self.ledger.capabilities, *self.ledger.policies, *self.ledger.operations)
        yield from (*self.ledger.areas, *builtin_profiles(), *CHECKS)
        yield from (one.id for one in self.ledger.requirements)
        yield from (one.id for one in self.scenarios)
        yield from (one["id"] for one in defects())
        yield from known_quirks()

    @property
    def _quick(self) -> Sequence[Callable[[str], Iterator[Explanation]]]:
        return (
            _outcome,
            self._requirement,
            self._scenario,
            self._capability,
            self._policy,
            self._operation,
            self._area,
            self._profile,
        )

    @property
    def _slow(self) -> Sequence[Callable[[str], Iterator[Explanation]]]:
        return (self._defect, _quirk)

    @cached_property
    def ledger(self) -> Ledger:
        return load_ledger(shipped_ledger())

    @cached_property
    def scenarios(self) -> list[Scenario]:
        return [one.scenario for one in load_scenarios([shipped_scenarios()])]

    @cached_property
    def profiles(self) -> list[Profile]:
        return [load_profile(name) for name in builtin_profiles()]

    @cached_property
    def rows(self) -> list[Row]:
        """
        What is known to have broken something; nothing where the matrix is not there.
        """
        matrix = shipped_matrix()
        return matrix.rows if matrix is not None else []

    @cached_property
    def alone(self) -> frozenset[str]:
        """
        The scenarios that need a server that we start.
        """
        return frozenset(one.id for one in self.scenarios if own_process(one))

    @cached_property
    def reports(self) -> dict[str, list[SuspectDefect]]:
        found: dict[str, list[SuspectDefect]] = {}
        for requirement in self.ledger.requirements:
            for one in requirement.defects:
                found.setdefault(one.id, []).append(one)
        return found

    def _requirement(self, name: str) -> Iterator[Explanation]:
        for one in self.ledger.requirements:
            if one.id == name:
                yield Explanation(
                    id=name,
                    kind=f"requirement, {one.level}",
                    sentence=one.sentence,
                    facts=_filled(
                        {
                            "why": self._why(one),
                            "source": [self._sourced(source) for source in one.source],
                            "depends on": self._conditions(one),
                            "judged by": self._judged(one),
                            "broken by": self._breakers(one),
                        }
                    ),
                )

    def _scenario(self, name: str) -> Iterator[Explanation]:
        for one in self.scenarios:
            if one.id == name:
                requirement = one.requirement or one.id
                yield Explanation(
                    id=name,
                    kind="scenario",
                    sentence=one.title,
                    facts=_filled(
                        {
                            "shows": [f"{each.id}: {each.sentence}" for each in self._requirements(requirement)],
                            "needs": [*one.needs, *(f"policy {key}: {_either(v)}" for key, v in one.policy.items())],
                            "examples": [
                                f"{key}: {', '.join(map(str, values))}" for key, values in one.examples.items()
                            ],
                            "steps": [_told(index, step) for index, step in indexed(one.steps)],
                            "dialects": [p.profile for p in self.profiles if unsupported(one, p) is None],
                            "catches": self._caught_by(one.id),
                            "play it": [f"threadgauge run --select {name}"],
                            "file": [f"scenarios/{name}.yaml"],
                        }
                    ),
                )

    def _defect(self, name: str) -> Iterator[Explanation]:
        for one in (each for each in defects() if each["id"] == name):
            row = next((row for row in self.rows if row.defect == name), None)
            yield Explanation(
                id=name,
                kind="defect of the reference server",
                sentence=one["sentence"],
                facts=_filled(
                    {
                        "must be caught": one["caught_by"],
                        "reports": list(dict.fromkeys(map(_with_report, self.reports.get(name, [])))),
                        "dialects": one["dialects"],
                        "only seen": list(conditions(one, row, self.alone)),
                        "seen": _seen(row),
                        "look at it": list(look_at(one, row, self.alone)),
                    }
                ),
            )

    def _capability(self, name: str) -> Iterator[Explanation]:
        if name in self.ledger.capabilities:
            yield self._choice("capability", name, self.ledger.capabilities[name], [])

    def _policy(self, name: str) -> Iterator[Explanation]:
        if name in self.ledger.policies:
            one = self.ledger.policies[name]
            yield self._choice("policy", name, one.sentence, one.values)

    def _operation(self, name: str) -> Iterator[Explanation]:
        if name in self.ledger.operations:
            yield self._choice("operation", name, self.ledger.operations[name], [])

    def _choice(self, kind: str, name: str, sentence: str, values: list[str]) -> Explanation:
        """
        Something that a profile declares or not.
        """
        declared = [said for profile in self.profiles if (said := _declared(profile, name))]
        needing = [one.id for one in self.scenarios if name in one.needs or name in one.policy]
        places = {"capability": "capabilities: [...]", "policy": f"policies: {{{name}: ...}}"}
        return Explanation(
            id=name,
            kind=kind,
            sentence=sentence,
            facts=_filled(
                {
                    "values": values,
                    "declared by": declared,
                    "in a profile": [places.get(kind, f"operations: {{{name}: ...}}")],
                    "played for it": needing,
                }
            ),
        )

    def _area(self, name: str) -> Iterator[Explanation]:
        if name in self.ledger.areas:
            one = self.ledger.areas[name]
            mine = [each for each in self.ledger.requirements if each.area == name]
            yield Explanation(
                id=name,
                kind="area",
                sentence=one.sentence,
                facts=_filled({"requirements": [f"{each.level} {each.id}: {each.sentence}" for each in mine]}),
            )

    def _profile(self, name: str) -> Iterator[Explanation]:
        for one in (each for each in self.profiles if each.profile == name):
            yield Explanation(
                id=name,
                kind="profile",
                sentence=one.title,
                facts=_filled(
                    {
                        "capabilities": one.capabilities,
                        "policies": [f"{key}: {value}" for key, value in one.policies.items()],
                        "operations": list(one.operations),
                        "play it": [f"threadgauge run --profile {name}"],
                    }
                ),
            )

    def _requirements(self, name: str) -> list[Requirement]:
        return [one for one in self.ledger.requirements if one.id == name]

    def _why(self, one: Requirement) -> list[str]:
        area = self.ledger.areas.get(one.area)
        return [*([area.sentence] if area else []), *([one.note] if one.note else [])]

    def _sourced(self, source: str) -> str:
        """
        The source with what its name stands for, the longest beginning that is known.
        """
        known = [name for name in self.ledger.sources if source.startswith(name)]
        return f"{source}: {self.ledger.sources[max(known, key=len)]}" if known else source

    def _conditions(self, one: Requirement) -> list[str]:
        capability = [f"capability {one.capability}"] if one.capability else []
        values = self.ledger.policies[one.policy].values if one.policy in self.ledger.policies else []
        return [*capability, *([f"policy {one.policy}: {' or '.join(values)}"] if one.policy else [])]

    def _judged(self, one: Requirement) -> list[str]:
        standing = ["a rule that is held against every scenario's transcript"] if one.id in STANDING else []
        shown = shown_by(self.scenarios).get(one.id, [])
        untested = [f"nothing yet: {one.untested}"] if one.untested else []
        return [*standing, *(f"{each.id}: {each.title} ({_looked_at(each)})" for each in shown), *untested]

    def _breakers(self, one: Requirement) -> list[str]:
        """
        The defects that it is named to catch, with who had them, and all others that the suite has seen to break it.
        """
        sentences = {row.defect: row.sentence for row in self.rows}
        named = {defect.id: _with_report(defect) for defect in one.defects}
        seen = {row.defect: row.defect for row in self.rows if one.id in row.shown}
        return [f"{text}: {sentences[name]}" if name in sentences else text for name, text in {**seen, **named}.items()]

    def _caught_by(self, scenario: str) -> list[str]:
        cells = ((row, cell) for row in self.rows for cell in row.dialects.values())
        return list(dict.fromkeys(row.defect for row, cell in cells if cell.scenario == scenario))


def _outcome(name: str) -> Iterator[Explanation]:
    if name in OUTCOMES:
        sentence, counts = OUTCOMES[name]
        out = [_WAYS_OUT[name]] if name in _WAYS_OUT else []
        yield Explanation(
            id=name, kind="outcome", sentence=sentence, facts=_filled({"counts as": [counts], "what to do": out})
        )


def _quirk(name: str) -> Iterator[Explanation]:
    one: Quirk | None = known_quirks().get(name)
    if one is not None:
        yield Explanation(
            id=name,
            kind="quirk of the reference server",
            sentence=one.sentence,
            facts=_filled(
                {
                    "legal by": [one.source],
                    "dialects": one.dialects,
                    "declared": [f"{dialect}: {said}" for dialect, said in one.profile.items() if said],
                    "look at it": [f"threadgauge run --quirk {name}"],
                }
            ),
        )


def _filled(facts: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: values for name, values in facts.items() if any(values)}


def _either(values: str | list[str]) -> str:
    return values if isinstance(values, str) else " or ".join(values)


def _with_report(defect: SuspectDefect) -> str:
    url = report_url(defect.report)
    return f"{defect.id} ({url})" if url else defect.id


def _declared(profile: Profile, name: str) -> str | None:
    if name in profile.policies:
        return f"{profile.profile}: {profile.policies[name]}"
    return profile.profile if name in profile.capabilities or name in profile.operations else None


def _told(index: str, step: Step) -> str:
    """
    What a step does and what is expected of it, by the names of both.
    """
    doing = next(name for name in ACTIONS if getattr(step, _attribute(name)) is not None)
    expected = [name for name in CHECKS if step.expect is not None and getattr(step.expect, name) is not None]
    return f"{index}. {doing}" + (f": {', '.join(expected)}" if expected else "")


def _attribute(name: str) -> str:
    return "continue_" if name == "continue" else name


def _looked_at(scenario: Scenario) -> str:
    steps = [step for _, step in indexed(scenario.steps) if step.expect is not None]
    names = [name for name in CHECKS if any(getattr(step.expect, name) is not None for step in steps)]
    return f"looks at {', '.join(names)}" if names else "every step must succeed"


def _seen(row: Row | None) -> list[str]:
    """
    The evidence, each text on one line. That the healthy server was not played tells nothing of the broken one.
    """
    if row is None or row.witness is None or row.witness.seen.at == "unsupported":
        return []
    seen = row.witness.seen
    return [
        f"{row.witness.scenario}, step {seen.step}, {seen.at}",
        f"healthy: {inline(seen.healthy)}",
        f"broken: {inline(seen.broken)}",
    ]
