"""
Names that a scenario gives: to steps, threads and examples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from conformance.errors import Problem
from conformance.loading.document import Path
from conformance.loading.lint.actions import ACTIONS
from conformance.loading.loaded import LoadedScenario
from conformance.loading.wording import suggestion
from conformance.model.profile import Targets
from conformance.text import template

__all__ = [
    "RESERVED",
    "SPOILT",
    "examples_are_used",
    "examples_have_distinct_values",
    "named_threads_exist",
    "names_are_identifiers",
    "names_are_unique",
    "strings",
    "thread_names",
]

SPOILT: Final = ("operation", "fault")
"""
What an example has that `examples_from` makes.
"""

RESERVED: Final = (
    *("canary", "run", "nul", "lone-surrogate", "high-surrogate", "low-surrogate"),
    *("unknown-thread", "malformed-thread"),
    *(f"target.{name}" for name in Targets.__struct_fields__),
)
"""
Names that are always bound.
"""

_NAME: Final = re.compile(r"[A-Za-z_]\w*(?:-\w+)*", re.ASCII)

Named = tuple[str, Path, bool]
"""
A name, its path, and whether it is the path's key.
"""


def names_are_identifiers(loaded: LoadedScenario) -> Iterator[Problem]:
    for name, path, of_key in (*_threads(loaded), *_saved(loaded), *_examples(loaded)):
        if not _NAME.fullmatch(name):
            place = loaded.positions.at_key if of_key else loaded.positions.at
            yield place(path, f"`{name}` is no name", "a letter, then letters, digits, `_` and `-`")


def names_are_unique(loaded: LoadedScenario) -> Iterator[Problem]:
    """
    No name means two things: what is always bound, an example, a thread, a step.
    """
    owners = dict.fromkeys(RESERVED, "always bound")
    for meaning, named in (
        ("an example", _examples(loaded)),
        ("a thread", _threads(loaded)),
        ("a step", _saved(loaded)),
    ):
        for name, path, of_key in named:
            owner = owners.setdefault(name, meaning)
            if owner != meaning or (meaning == "a step" and path != _first(loaded, name)):
                place = loaded.positions.at_key if of_key else loaded.positions.at
                told = "the name of an earlier step" if owner == meaning else owner
                yield place(path, f"`{name}` is already {told}", "choose another name")


def named_threads_exist(loaded: LoadedScenario) -> Iterator[Problem]:
    """
    `expect: {threads: ...}` names threads that the scenario uses.
    """
    known = thread_names(loaded)
    for step in loaded.all_steps():
        match = (step.raw.get("expect") or {}).get("threads") or {}
        for key, names in match.items():
            for place, name in enumerate(names):
                if name not in known:
                    path = (*step.path, "expect", "threads", key, place)
                    yield loaded.positions.at(path, f"no step uses a thread `{name}`", suggestion(name, sorted(known)))


def examples_have_distinct_values(loaded: LoadedScenario) -> Iterator[Problem]:
    for name, values in loaded.scenario.examples.items():
        if not values:
            hint = "give it values, or the scenario never runs"
            yield loaded.positions.at(("examples", name), f"example `{name}` has no values", hint)
        seen: set[str] = set()
        for place, value in enumerate(values):
            shape = json.dumps(value, sort_keys=True)
            if shape in seen:
                yield loaded.positions.at(("examples", name, place), f"`{value}` is given twice", "leave one out")
            seen.add(shape)


def examples_are_used(loaded: LoadedScenario) -> Iterator[Problem]:
    used = {name for _, text in strings(loaded.positions.value, ()) for name in _names(text)}
    for name in loaded.scenario.examples:
        if name not in used:
            text = f"example `{name}` is never used: all variants would be the same"
            yield loaded.positions.at_key(("examples", name), text, f"write `${{{name}}}` where it belongs")


def thread_names(loaded: LoadedScenario) -> set[str]:
    """
    All threads that the steps or `ids` name.
    """
    return {name for name, _, _ in _threads(loaded)}


def strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """
    All texts within a value, keys aside, with their paths.
    """
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from strings(inner, (*path, place))


def _threads(loaded: LoadedScenario) -> Iterator[Named]:
    for name in loaded.scenario.ids:
        yield name, ("ids", name), True
    for step in loaded.all_steps():
        for action in ACTIONS:
            asked = step.raw.get(action)
            if isinstance(asked, dict) and isinstance(asked.get("thread"), str):
                yield asked["thread"], (*step.path, action, "thread"), False


def _saved(loaded: LoadedScenario) -> Iterator[Named]:
    for step in loaded.all_steps():
        if step.step.as_ is not None:
            yield step.step.as_, (*step.path, "as"), False


def _first(loaded: LoadedScenario, name: str) -> Path:
    return next(path for saved, path, _ in _saved(loaded) if saved == name)


def _examples(loaded: LoadedScenario) -> Iterator[Named]:
    for name in loaded.scenario.examples:
        yield name, ("examples", name), True


def _names(text: str) -> list[str]:
    try:
        return [name for name, _ in template.names(text)] if "${" in text else []
    except template.TemplateError:
        return []
