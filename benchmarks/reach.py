"""
Which scenario enters which block of `reference_server/core`: `python -m benchmarks.reach reach.json`.

A mutant in a block can be seen by those alone that enter the block, so `benchmarks.mutants --reach` plays no others.
A copy of the server is marked: the first statement of every block sets a byte in memory that is shared with us. What
is entered while the server starts counts for all. One scenario after the other is played, so nothing is mixed up.
"""

from __future__ import annotations

import ast
import json
import mmap
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from benchmarks.figures import ROOT
from conformance.commands.documents import Documents, load_documents, profiles_named
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.scheduling import cases, play_case

__all__ = ["Reach", "blocks", "core", "marked", "reaching"]

Reach = Mapping[str, Sequence[str]]
"""
By block, as `file:line`, the cases that enter it, as `profile: name`; `*` for all of them.
"""

CORE: Final = ROOT / "reference_server" / "core"
DECLARED: Final = ("tables.py",)  # what queries are written with; the migrations make the tables, a test compares
SIZE: Final = 1 << 16
MARKS: Final = "REACHED"
EVERY: Final = "*"
OPENING: Final = """
import mmap as _mmap, os as _os
_reached = _mmap.mmap(_os.open(_os.environ["REACHED"], _os.O_RDWR), 0)
"""
_BODIES: Final = ("body", "orelse", "finalbody")


def core() -> dict[str, str]:
    """
    The sources that are changed, by their path in the repository.
    """
    paths = [path for path in sorted(CORE.rglob("*.py")) if path.name not in DECLARED]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


def blocks(source: str) -> dict[int, tuple[int, int]]:
    """
    The blocks inside functions, as first and last line, by the line of their first statement.
    """
    functions = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    bodies = [body for function in functions for node in ast.walk(function) for body in _bodies(node)]
    return {body[0].lineno: (body[0].lineno, body[-1].end_lineno or body[-1].lineno) for body in bodies}


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in _BODIES:
        body = getattr(node, name, None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            yield body


def marked(source: str, first: int) -> str:
    """
    The source with a mark at the head of every block; the bytes are numbered from `first` by line.
    """
    tree = ast.parse(source)
    known = blocks(source)
    for node in list(ast.walk(tree)):
        for body in _bodies(node):
            if body[0].lineno in known and not isinstance(node, ast.Module | ast.ClassDef):
                mark = ast.parse(f"_reached[{first + body[0].lineno}] = 1").body
                body[:0] = mark
    opening = ast.parse(OPENING).body
    at = 1 + max(at for at, one in enumerate(tree.body) if _first(one)) if any(map(_first, tree.body)) else 0
    tree.body[at:at] = opening
    return ast.unparse(ast.fix_missing_locations(tree))


def _first(node: ast.stmt) -> bool:
    """
    What must stay at the head of a file: its docstring and the import from the future.
    """
    future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return future or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def reaching(reach: Reach, file: str, line: int) -> Sequence[str] | None:
    """
    The cases that enter the innermost block around a line; `None` for all of them.
    """
    around = [(last - first, first) for first, last in _known(file).values() if first <= line <= last]
    if not around:
        return None
    found = reach.get(f"{file}:{min(around)[1]}", [])
    return None if EVERY in found else found


@cache
def _known(file: str) -> dict[int, tuple[int, int]]:
    return blocks((ROOT / file).read_text())


async def reached(documents: Documents, marks: mmap.mmap) -> dict[str, list[str]]:
    """
    Play every scenario by itself, and note what was entered.
    """
    names = {1000 * at + line: f"{file}:{line}" for at, file in enumerate(core()) for line in _known(file)}
    found: dict[str, list[str]] = {}

    def note(who: str) -> None:
        for at, name in names.items():
            if marks[at]:
                found.setdefault(name, []).append(who)
        marks[:] = bytes(SIZE)

    async with open_targets(Setup(profiles=documents.profiles)) as targets:
        note(EVERY)
        for case in [case for target in targets for case in cases(documents.scenarios, target, seed=1, tidy=False)]:
            await play_case(case)
            note(f"{case.target.profile.profile}: {case.name}")
    return found


def _copied(folder: Path) -> None:
    shutil.copytree(ROOT / "reference_server", folder / "reference_server", ignore=lambda *_: ["__pycache__"])
    for at, (file, source) in enumerate(core().items()):
        (folder / file).write_text(marked(source, 1000 * at))


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--profile", "named", multiple=True, help="Only these; all if none.")
@click.option("--scenarios", multiple=True, type=click.Path(exists=True, path_type=Path), help="Only these.")
def main(output: Path, named: Sequence[str], scenarios: Sequence[Path]) -> None:
    """Note for every block of the core which scenarios enter it; what OUTPUT has already is kept."""
    documents, output = load_documents([path.resolve() for path in scenarios], profiles_named(named)), output.resolve()
    with TemporaryDirectory(prefix="reach-") as name:
        folder = Path(name)
        _copied(folder)
        (folder / "marks").write_bytes(bytes(SIZE))
        os.environ |= {MARKS: str(folder / "marks"), "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        os.chdir(folder)
        with (folder / "marks").open("r+b") as shared, mmap.mmap(shared.fileno(), SIZE) as marks:
            found = loop.run(reached(documents, marks))
    before = json.loads(output.read_text()) if output.exists() else {}
    both = {name: sorted({*before.get(name, []), *found.get(name, [])}) for name in sorted({*before, *found})}
    output.write_text(json.dumps(both, indent=0) + "\n")


if __name__ == "__main__":
    main()
