"""
Load and check everything that is written down, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from conformance.errors import DocumentsInvalid, Problem, ProfileMismatch, ThreadgaugeError, UsageError
from conformance.loading.ledger import load_ledger
from conformance.loading.lint import lint_against_ledger, lint_profile_words, missing_operations
from conformance.loading.loaded import LoadedScenario
from conformance.loading.places import builtin_profiles, shipped_ledger, shipped_scenarios
from conformance.loading.profiles import load_profile, read_profile
from conformance.loading.scenarios import load_scenarios, read_scenario, scenario_files
from conformance.model.profile import Profile
from conformance.model.requirement import Ledger, Requirement
from conformance.model.scenario import Scenario

__all__ = ["Documents", "ledger_only", "load_documents", "placed", "profiles_named"]

A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Documents:
    """
    What a run is made from.
    """

    scenarios: Sequence[Scenario]
    profiles: Sequence[Profile]
    requirements: Mapping[str, Requirement]


def profiles_named(names: Sequence[str]) -> list[Profile]:
    """
    Profiles by name or file; all built-in ones where none is named.
    """
    return [load_profile(name) for name in (names or list(builtin_profiles()))]


def placed(problem: ProfileMismatch, names: Sequence[str]) -> ThreadgaugeError:
    """
    The same with file, line and column, where a file of the user's has that place.
    """
    if not problem.place or len(names) != 1:
        return problem
    found = read_profile(names[0]).positions.at(problem.place, problem.text, problem.hint)
    built_in = any(Path(found.file).resolve() == file.resolve() for file in builtin_profiles().values())
    return problem if built_in else DocumentsInvalid([found])


@cache
def ledger_only() -> Documents:
    """
    The shipped ledger without any scenario.
    """
    ledger = load_ledger(shipped_ledger())
    return Documents(scenarios=[], profiles=[], requirements={one.id: one for one in ledger.requirements})


def load_documents(paths: Sequence[Path], profiles: Sequence[str | Profile]) -> Documents:
    """
    The scenarios of these files and folders (the shipped ones, if none) with these profiles and the ledger.

    Profiles are given by name or file; all built-in ones where none is. Raises `DocumentsInvalid` with every problem
    of every file, `UsageError` for a path that is not there or holds no scenario.
    """
    if missing := [str(path) for path in paths if not path.exists()]:
        raise UsageError(f"there is no {' and no '.join(missing)}: correct --scenarios.")
    problems: list[Problem] = []
    named = [one for one in profiles or list(builtin_profiles()) if isinstance(one, str)]
    read = [one for name in named if (one := _tried(problems, read_profile, name))]
    known = [*(one for one in profiles if isinstance(one, Profile)), *(one.profile for one in read)]
    loaded = _scenarios(problems, list(paths) or [shipped_scenarios()])
    ledger = _tried(problems, load_ledger, shipped_ledger())
    if ledger is not None:
        problems += [problem for one in read for problem in lint_profile_words(one, ledger)]
        problems += _against_each_other(loaded, known, ledger, strict=not paths)
    if problems or ledger is None:
        raise DocumentsInvalid(problems)
    if not loaded:
        raise UsageError(f"there is no scenario (*.yaml) in {' or '.join(map(str, paths))}: correct --scenarios.")
    return Documents(
        scenarios=[one.scenario for one in loaded],
        profiles=known,
        requirements={one.id: one for one in ledger.requirements},
    )


def _scenarios(problems: list[Problem], paths: list[Path]) -> list[LoadedScenario]:
    """
    The scenarios; where some are wrong, those that are right, so that what else is wrong with them is said too.
    """
    try:
        return load_scenarios(paths)
    except DocumentsInvalid as invalid:
        problems.extend(invalid.problems)
        return [one for file in scenario_files(paths) if (one := _tried([], read_scenario, file))]


def _against_each_other(
    scenarios: Sequence[LoadedScenario], profiles: Sequence[Profile], ledger: Ledger, strict: bool
) -> Iterator[Problem]:
    for scenario in scenarios:
        yield from lint_against_ledger(scenario, ledger, strict=strict)
        # A server need not have every operation of the shipped scenarios: those that it lacks are unsupported.
        for profile in () if strict else profiles:
            yield from missing_operations(scenario, profile)


def _tried(problems: list[Problem], load: Callable[[A], T], given: A) -> T | None:
    try:
        return load(given)
    except DocumentsInvalid as invalid:
        problems.extend(invalid.problems)
        return None
