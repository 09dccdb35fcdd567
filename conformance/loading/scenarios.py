"""
Scenario files and folders to scenarios.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path as File
from typing import TypeVar

from conformance.errors import DocumentsInvalid, Problem
from conformance.loading.lint import lint_scenario
from conformance.loading.loaded import LoadedScenario
from conformance.loading.structs import as_struct
from conformance.loading.yaml_document import read_document
from conformance.model.scenario import Scenario

__all__ = ["load_scenarios", "read_scenario", "scenario_files"]

T = TypeVar("T")
LEDGER = "requirements.yaml"


def load_scenarios(paths: Sequence[File]) -> list[LoadedScenario]:
    """
    The scenarios of these files and folders, each checked by itself.

    Raises DocumentsInvalid once, with every problem of every file.
    """
    problems: list[Problem] = []
    loaded = [one for file in scenario_files(paths) if (one := _tried(read_scenario, file, problems))]
    problems += _repeated_ids(loaded)
    if problems:
        raise DocumentsInvalid(problems)
    return loaded


def scenario_files(paths: Iterable[File]) -> list[File]:
    """
    The files named, and all `*.yaml` and `*.yml` in and below the folders named but the ledger; each once.
    """
    return list(dict.fromkeys(file for path in paths for file in _files(path)))


def read_scenario(file: File) -> LoadedScenario:
    """
    The scenario in a file. Raises DocumentsInvalid with all of its problems.
    """
    document = read_document(file)
    loaded = LoadedScenario(as_struct(Scenario, document.value, document), file, document)
    if problems := list(lint_scenario(loaded)):
        raise DocumentsInvalid(problems)
    return loaded


def _files(path: File) -> list[File]:
    if not path.is_dir():
        return [path]
    found = (file for file in path.rglob("*") if file.suffix in (".yaml", ".yml") and file.name != LEDGER)
    return sorted(file for file in found if file.is_file())


def _tried(load: Callable[[File], T], file: File, problems: list[Problem]) -> T | None:
    try:
        return load(file)
    except DocumentsInvalid as invalid:
        problems.extend(invalid.problems)
        return None


def _repeated_ids(loaded: Iterable[LoadedScenario]) -> Iterator[Problem]:
    first: dict[str, File] = {}
    for one in loaded:
        if one.scenario.id in first:
            text = f"scenario `{one.scenario.id}` is also in {first[one.scenario.id]}"
            yield one.positions.at(("id",), text, "give one of them another id")
        first.setdefault(one.scenario.id, one.file)
