"""
Which scenarios are played: by id, folder, pattern, area, level, requirement, capability, an earlier run, a shard. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Final

from conformance.driver.scheduling import case_name, weight
from conformance.engine.judge import requirement_of
from conformance.engine.play import examples
from conformance.engine.scripting import scripted
from conformance.engine.spoiling import expand
from conformance.engine.support import operations_of, own_process, unsupported
from conformance.errors import NothingSelected, UsageError
from conformance.model.profile import Profile
from conformance.model.requirement import Level, Requirement
from conformance.model.scenario import Scenario
from conformance.reporting.visible import inline
from conformance.text.suggest import did_you_mean, near_ones

__all__ = ["Planned", "Selection", "Shard", "plan", "select"]

_SHARD: Final = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})")


@dataclass(frozen=True, slots=True)
class Planned:
    """
    One example of a scenario, for one profile, before there is any target. `scenario` is as it will be played.
    """

    scenario: Scenario
    example: dict[str, Any]
    profile: Profile
    name: str

    @classmethod
    def of(cls, scenario: Scenario, example: dict[str, Any], profile: Profile) -> Planned:
        played = expand(scripted(scenario, example), profile, example)
        return cls(played, example, profile, case_name(scenario, example))

    @property
    def key(self) -> tuple[str, str]:
        """
        What tells it from all others of a run.
        """
        return self.profile.profile, self.name


@dataclass(frozen=True, slots=True)
class Shard:
    """
    Part `number` of `count`, from 1.
    """

    number: int
    count: int

    @classmethod
    def read(cls, text: str) -> Shard:
        """
        `2/5` as a shard. Raises `UsageError`.
        """
        found = _SHARD.fullmatch(text.strip())
        if found is None or int(found[1]) > int(found[2]):
            raise UsageError(f"{text!r} is no shard: write the part and how many there are, such as 2/5.")
        return cls(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class Selection:
    """
    What is wanted; what is empty wants all. `since` are profile and name of what is to be played again, from the run
    in the folder `earlier`.
    """

    patterns: Sequence[str] = ()
    areas: Sequence[str] = ()
    levels: Sequence[Level] = ()
    requirements: Sequence[str] = ()
    dialects: Sequence[str] = ()
    capabilities: Sequence[str] = ()
    since: frozenset[tuple[str, str]] | None = None
    earlier: str = ""
    shard: Shard | None = None


def plan(scenarios: Iterable[Scenario], profiles: Iterable[Profile]) -> list[Planned]:
    """
    Every example of every scenario for every profile, in the order of a report.
    """
    every = [*scenarios]
    return [
        Planned.of(scenario, example, profile)
        for profile in profiles
        for scenario in every
        for example in examples(scenario, profile)
    ]


def select(cases: Sequence[Planned], wanted: Selection, requirements: Mapping[str, Requirement]) -> list[Planned]:
    """
    The cases that every kind of choice leaves; of one kind, any value will do.

    A pattern is a scenario's id, an id with its example (`recall/window[count=17]`), a requirement's id, a folder
    (`recall`), or any of them with `*`. Raises `NothingSelected`, also where one value of several names nothing: a
    misspelt one would pass unnoticed for ever.
    """
    kept = list(cases)
    told: list[str] = []
    for option, values, holds, known in _choices(cases, wanted, requirements):
        if known is not None and (idle := [value for value in values if not any(holds(value, case) for case in cases)]):
            raise NothingSelected(_no_match(option, idle, known))
        if values:
            told.append(f"{option} {' '.join(values)}")
            kept = [case for case in kept if any(holds(value, case) for value in values)]
            _not_empty(kept, told)
    return _of_shard(_again(kept, wanted, told), wanted, told)


def _choices(
    cases: Sequence[Planned], wanted: Selection, requirements: Mapping[str, Requirement]
) -> Iterator[tuple[str, Sequence[str], Callable[[str, Planned], bool], Iterable[str] | None]]:
    """
    Each kind of choice: its option, the values, whether one of them holds for a case, and the names there are (None: a
    value may name nothing).
    """

    def shown(case: Planned) -> Requirement:
        return requirement_of(case.scenario, requirements)

    ids = {case.scenario.id for case in cases}
    yield "--dialect", wanted.dialects, lambda one, case: case.profile.profile == one, _names_of(cases, _dialect)
    yield "--select", wanted.patterns, _names, {*ids, *(one.split("/")[0] for one in ids)}
    yield "--area", wanted.areas, lambda one, case: _area(case) == one, _names_of(cases, _area)
    yield "--level", wanted.levels, lambda one, case: shown(case).level == one, None
    yield (
        "--requirement",
        wanted.requirements,
        lambda one, case: fnmatchcase(shown(case).id, one),
        _names_of(cases, lambda case: shown(case).id),
    )
    yield (
        "--capability",
        wanted.capabilities,
        lambda one, case: one in _needs(case, shown(case)),
        {name for case in cases for name in _needs(case, shown(case))},
    )


def _again(cases: list[Planned], wanted: Selection, told: list[str]) -> list[Planned]:
    if wanted.since is None:
        return cases
    if not wanted.since:
        raise NothingSelected(f"--since {wanted.earlier}: nothing failed in that run, and nothing was inconclusive.")
    told.append(f"--since {wanted.earlier}")
    return _not_empty([case for case in cases if case.key in wanted.since], told)


def _of_shard(cases: list[Planned], wanted: Selection, told: list[str]) -> list[Planned]:
    """
    Every so many, the heaviest dealt first, in an order that ids alone decide: the same on every machine. What the
    profile does not declare takes no time, and comes last.
    """
    if wanted.shard is None:
        return cases
    shard = wanted.shard
    dealt = sorted(cases, key=_deal)[shard.number - 1 :: shard.count]
    mine = {case.key for case in dealt}
    kept = [case for case in cases if case.key in mine]
    return _not_empty(kept, [*told, f"--shard {shard.number}/{shard.count}"])


def _deal(case: Planned) -> tuple[bool, bool, bool, int, bytes]:
    digest = sha256(f"{case.name}@{_dialect(case)}".encode(errors="surrogatepass")).digest()
    idle, apart = unsupported(case.scenario, case.profile) is not None, own_process(case.scenario)
    return idle, not case.scenario.exclusive, not apart, -weight(case.scenario), digest


def _not_empty(kept: list[Planned], told: Sequence[str]) -> list[Planned]:
    if not kept:
        raise NothingSelected(f"no scenario is left by {' and '.join(told)}.")
    return kept


def _names(pattern: str, case: Planned) -> bool:
    scenario = case.scenario
    exact = {scenario.id, case.name, inline(case.name), scenario.requirement}  # a report shows it inline
    folder = scenario.id.startswith(pattern.rstrip("/") + "/")
    return pattern in exact or folder or ("*" in pattern and any(fnmatchcase(one, pattern) for one in exact if one))


def _dialect(case: Planned) -> str:
    return case.profile.profile


def _area(case: Planned) -> str:
    return (case.scenario.requirement or case.scenario.id).split("/")[0]


def _needs(case: Planned, shown: Requirement) -> set[str]:
    """
    The capabilities, policies and operations without which it is not played.
    """
    own = {*case.scenario.needs, *case.scenario.policy, *operations_of(case.scenario)}
    return own | ({shown.capability} if shown.capability else set())


def _names_of(cases: Sequence[Planned], name: Callable[[Planned], str]) -> set[str]:
    return {name(case) for case in cases}


def _no_match(option: str, values: Sequence[str], known: Iterable[str]) -> str:
    names = sorted(known)
    near = (did_you_mean(value, names) or next(iter(near_ones(value, names)), None) for value in values)
    guess = next((one for one in near if one), None)
    hint = f"Did you mean {guess}?" if guess else _WHERE.get(option, "")
    matches = "matches" if option == "--select" else f"has {option}"
    return f"no scenario {matches} {' or '.join(values)}. {hint}".rstrip()


_WHERE: Final = {
    "--select": "`threadgauge list --scenarios` shows all.",
    "--area": "Areas are the first parts of ids; `threadgauge list --requirements` shows all.",
    "--requirement": "`threadgauge list --requirements` shows all.",
    "--dialect": "`threadgauge list --profiles` shows all.",
}
