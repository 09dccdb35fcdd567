"""
Load and check everything that is written down, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from conformance.errors import DocumentsInvalid, Problem, UsageError
from conformance.loading.ledger import load_ledger
from conformance.loading.lint import lint_against_ledger, lint_profile_words, missing_operations
from conformance.loading.loaded import LoadedScenario
from conformance.loading.places import builtin_profiles, shipped_ledger, shipped_scenarios
from conformance.loading.profiles import load_profile, read_profile
from conformance.loading.scenarios import load_scenarios
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement
from conformance.model.scenario import Scenario

__all__ = ["Documents", "ledger_only", "load_documents", "profiles_named"]

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
    problems: list[Problem] = []
    known = [one for name in (profiles or list(builtin_profiles())) if (one := _tried(problems, _profile, name))]
    loaded = _tried(problems, _scenarios, paths) or []
    ledger = load_ledger(shipped_ledger())
    problems += _against_each_other(loaded, known, strict=not paths)
    if problems:
        raise DocumentsInvalid(problems)
    return Documents(
        scenarios=[one.scenario for one in loaded],
        profiles=known,
        requirements={one.id: one for one in ledger.requirements},
    )


def _profile(given: str | Profile) -> Profile:
    """
    A profile whose words the ledger knows.
    """
    if isinstance(given, Profile):
        return given
    loaded = read_profile(given)
    if problems := list(lint_profile_words(loaded, load_ledger(shipped_ledger()))):
        raise DocumentsInvalid(problems)
    return loaded.profile


def _scenarios(paths: Sequence[Path]) -> list[LoadedScenario]:
    if missing := [str(path) for path in paths if not path.exists()]:
        raise UsageError(f"there is no {' and no '.join(missing)}: correct --scenarios.")
    if not (loaded := load_scenarios(list(paths) or [shipped_scenarios()])):
        raise UsageError(f"there is no scenario (*.yaml) in {' or '.join(map(str, paths))}: correct --scenarios.")
    return loaded


def _against_each_other(
    scenarios: Sequence[LoadedScenario], profiles: Sequence[Profile], strict: bool
) -> Iterator[Problem]:
    ledger = load_ledger(shipped_ledger())
    for one in scenarios:
        yield from lint_against_ledger(one, ledger, strict=strict)
        for profile in profiles:
            yield from missing_operations(one, profile)


def _tried(problems: list[Problem], load: Callable[..., T], given: object) -> T | None:
    try:
        return load(given)
    except DocumentsInvalid as invalid:
        problems.extend(invalid.problems)
        return None
