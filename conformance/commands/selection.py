"""
Which scenarios are played: by id, folder, pattern, example, level. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from conformance.driver.scheduling import Case
from conformance.engine.judge import requirement_of
from conformance.errors import NothingSelected
from conformance.model.requirement import Level, Requirement
from conformance.text.suggest import did_you_mean

__all__ = ["select"]


def select(
    cases: Sequence[Case],
    patterns: Sequence[str],
    levels: Sequence[Level],
    requirements: Mapping[str, Requirement],
) -> list[Case]:
    """
    The cases that any pattern and any level names; no pattern names all.

    A pattern is a scenario's id, an id with its example (`recall/window[count=17]`), a requirement's id, a folder
    (`recall`), or any of them with `*`. Raises `NothingSelected`, also where one pattern of several names nothing: a
    misspelt one would pass unnoticed for ever.
    """
    if idle := [pattern for pattern in patterns if not any(_names(pattern, case) for case in cases)]:
        raise NothingSelected(_no_match(idle, [case.scenario.id for case in cases]))
    kept = [
        case
        for case in cases
        if (not patterns or any(_names(pattern, case) for pattern in patterns))
        and (not levels or requirement_of(case.scenario, requirements).level in levels)
    ]
    if not kept:
        named = f" of {' and '.join(patterns)}" if patterns else ""
        raise NothingSelected(f"no scenario{named} has the level {' or '.join(levels)}.")
    return kept


def _names(pattern: str, case: Case) -> bool:
    scenario = case.scenario
    exact = {scenario.id, case.name, scenario.requirement}
    folder = scenario.id.startswith(pattern.rstrip("/") + "/")
    return pattern in exact or folder or ("*" in pattern and any(fnmatchcase(one, pattern) for one in exact if one))


def _no_match(patterns: Sequence[str], known: Sequence[str]) -> str:
    names = sorted({*known, *(one.split("/")[0] for one in known)})
    guess = next((found for pattern in patterns if (found := did_you_mean(pattern, names))), None)
    hint = f"Did you mean {guess}?" if guess else "`threadgauge list --scenarios` shows all."
    return f"no scenario matches {' or '.join(patterns)}. {hint}"
