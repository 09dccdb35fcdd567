"""
Load and check everything that is written down, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.errors import DocumentsInvalid, UsageError
from conformance.loading.ledger import load_ledger
from conformance.loading.lint import lint_against_ledger, missing_operations
from conformance.loading.places import builtin_profiles, shipped_ledger, shipped_scenarios
from conformance.loading.profiles import load_profile
from conformance.loading.scenarios import load_scenarios
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement
from conformance.model.scenario import Scenario

__all__ = ["Documents", "ledger_only", "load_documents", "profiles_named"]


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


def load_documents(paths: Sequence[Path], profiles: Sequence[Profile]) -> Documents:
    """
    The scenarios of these files and folders (the shipped ones, if none) with the ledger.

    Raises `DocumentsInvalid` with every problem of every file, `UsageError` for a path that is not there.
    """
    if missing := [str(path) for path in paths if not path.exists()]:
        raise UsageError(f"there is no {' and no '.join(missing)}.")
    ledger = load_ledger(shipped_ledger())
    loaded = load_scenarios(list(paths) or [shipped_scenarios()])
    problems = [
        problem
        for one in loaded
        for problem in (
            *lint_against_ledger(one, ledger, strict=not paths),
            *(problem for profile in profiles for problem in missing_operations(one, profile)),
        )
    ]
    if problems:
        raise DocumentsInvalid(problems)
    return Documents(
        scenarios=[one.scenario for one in loaded],
        profiles=list(profiles),
        requirements={one.id: one for one in ledger.requirements},
    )
