"""
`threadgauge lint`: what is wrong with scenario, profile and baseline files, each with its place. Nothing is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from conformance.errors import DocumentsInvalid, Problem, UsageError
from conformance.loading.baseline import load_baseline
from conformance.loading.ledger import load_ledger
from conformance.loading.lint import lint_against_ledger, lint_profile_words, missing_operations
from conformance.loading.places import shipped_ledger
from conformance.loading.profiles import load_profile, read_profile
from conformance.loading.scenarios import load_scenarios, read_scenario, scenario_files
from conformance.loading.yaml_document import read_document

__all__ = ["kind_of", "lint_command", "problems_of"]

KEYS: Final = {
    "scenario": {"steps"},
    "requirements": {"requirements"},
    "baseline": {"known"},
    "profile": {"profile", "operations", "extends"},
}
"""
By kind of file, keys of which it has one. The first that fits: requirements have `operations` too.
"""


def lint_command(paths: Sequence[Path], profiles: Sequence[str], form: str) -> tuple[str, int]:
    """
    What is wrong, as text, JSON or annotations for GitHub, and the exit code: 1 if anything is.

    Raises `UsageError` for a path that is not there, and where there is nothing to look at.
    """
    if missing := [str(path) for path in paths if not path.exists()]:
        raise UsageError(f"there is no {' and no '.join(missing)}.")
    files = {file: kind for file in scenario_files(paths) if (kind := kind_of(file, named=file in paths))}
    if not files:
        raise UsageError(f"there is no scenario, profile or baseline (*.yaml) in {' or '.join(map(str, paths))}.")
    problems = sorted(set(problems_of(files, profiles)), key=lambda one: (one.file, one.line, one.column, one.text))
    return _FORMS[form](problems, len(files)), 1 if problems else 0


def kind_of(file: Path, *, named: bool = True) -> str | None:
    """
    Which kind of file it is, by its keys. One that was only found in a folder may be nothing of ours; one that was
    named is taken for a scenario, which then says what it lacks.
    """
    try:
        keys = set(read_document(file).value)
    except DocumentsInvalid:
        return "scenario"
    guess = next((kind for kind, known in KEYS.items() if keys & known), None)
    if guess is None and {"id", "title"} <= keys:
        return "scenario"
    return guess or ("scenario" if named else None)


def problems_of(files: dict[Path, str], profiles: Sequence[str]) -> Iterator[Problem]:
    """
    All problems of these files; with `profiles`, also what their operations lack for the scenarios.
    """
    scenarios = [file for file, kind in files.items() if kind == "scenario"]
    yield from _told(load_scenarios, scenarios)
    ledger = load_ledger(shipped_ledger())
    spoken = [load_profile(name) for name in profiles]
    for file in scenarios:
        with suppress(DocumentsInvalid):  # told above
            loaded = read_scenario(file)
            yield from lint_against_ledger(loaded, ledger)
            yield from (problem for profile in spoken for problem in missing_operations(loaded, profile))
    for file, kind in files.items():
        if kind != "scenario":
            yield from _told(_READERS[kind], file)


def _told(read: Callable[..., Any], *given: Any) -> Iterator[Problem]:
    try:
        read(*given)
    except DocumentsInvalid as invalid:
        yield from invalid.problems


def _profile(file: Path) -> None:
    loaded = read_profile(str(file))
    if problems := list(lint_profile_words(loaded, load_ledger(shipped_ledger()))):
        raise DocumentsInvalid(problems)


_READERS: Final[dict[str, Callable[[Path], object]]] = {
    "profile": _profile,
    "requirements": load_ledger,
    "baseline": load_baseline,
}


def _text(problems: Sequence[Problem], files: int) -> str:
    looked = "1 file" if files == 1 else f"{files} files"
    found = "1 problem" if len(problems) == 1 else f"{len(problems) or 'no'} problems"
    return "\n".join([*map(str, problems), f"{looked}, {found}."])


def _json(problems: Sequence[Problem], _: int) -> str:
    return json.dumps([asdict(problem) for problem in problems], indent=2, ensure_ascii=False)


def _github(problems: Sequence[Problem], _: int) -> str:
    """
    Workflow commands, which GitHub shows beside the lines.
    """
    return "\n".join(
        f"::error file={_escaped(one.file, ',:')},line={one.line},col={one.column}::"
        + _escaped(f"{one.text}\nhint: {one.hint}" if one.hint else one.text)
        for one in problems
    )


def _escaped(text: str, more: str = "") -> str:
    for char in ("%", "\r", "\n", *more):
        text = text.replace(char, f"%{ord(char):02X}")
    return text


_FORMS: Final = {"text": _text, "json": _json, "github": _github}
