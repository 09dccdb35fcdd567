"""
Generic mutants: is the suite blind anywhere? `python -m benchmarks.mutants --sample 300` changes one place at a time of
`reference_server/core` and plays the suite against the changed server until something is red.

The named defects are those that somebody thought of; these are not. cosmic-ray makes the changes. What its operators do
to one place counts once per kind (a `+` becomes nine other operators, and all nine die the same death), and
annotations are left out: nothing evaluates them. A mutant that nothing catches is explained in `equivalent.yaml`
beside this file, or a scenario is missing.
"""

from __future__ import annotations

import ast
import difflib
import json
import math
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import yaml
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from benchmarks.figures import ROOT
from benchmarks.mutant_page import RESULT, Explained, Mutant, Result, Row, Tried, parsed, rows, table, written
from benchmarks.reach import Reach, core, reaching

__all__ = ["Player", "found", "mutant", "places", "sampled", "tried"]

Place = tuple[int, int]  # line, column
Change = tuple[str, str, str]  # file, the line as it was, the line as it became

EQUIVALENT: Final = Path(__file__).with_name("equivalent.yaml")
LEFT_OUT: Final = ("NoOp", "VariableReplacer", "VariableInserter")  # no change at all; and two that want arguments


_TESTS: Final = ROOT / "tests" / "acceptance"
APART: Final = {  # a run has no Redis, is the model itself, and reads no PDF and no log
    "cache.py": _TESTS / "test_cache.py",
    "copies.py": _TESTS / "test_cache.py",
    "placeholder.py": _TESTS / "test_dialect_conversations.py",
    "export.py": _TESTS / "test_dialect_shadflare.py",
    "upstream.py": _TESTS / "test_health.py",
    "run_states.py": _TESTS / "test_dialect_assistants.py",
    "watch.py": _TESTS / "test_dialect_guide.py",
}


@cache
def places(source: str) -> list[list[tuple[str, int, int]]]:
    """
    Where a file can be changed: at each place, the changes of one kind as operator, occurrence and line.
    """
    tree, skipped = get_ast(source), _annotations(source)
    found: dict[tuple[str, Place], list[tuple[str, int, int]]] = {}
    for name in sorted(operator_names()):
        kind = name.partition("/")[2].partition("_")[0]
        if kind in LEFT_OUT:
            continue
        operator = get_operator(name)()
        starts = [start for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node)]
        for occurrence, start in enumerate(starts):
            if not any(begin <= start < end for begin, end in skipped):
                found.setdefault((kind, start), []).append((name, occurrence, start[0]))
    return list(found.values())


def mutant(source: str, file: str, change: tuple[str, int, int]) -> Mutant | None:
    """
    One change, made; `None` where cosmic-ray cannot make it (a dotted name after `except`) or nothing changes.
    """
    operator, occurrence, line = change
    try:
        changed = mutate_code(source, get_operator(operator)(), occurrence)
    except AttributeError:
        return None
    if changed is None or changed == source or not _is_python(changed):
        return None
    was, now = _changed_lines(source, changed)
    return Mutant(file, operator, occurrence, line, was, now)


def _is_python(source: str) -> bool:
    """
    A mapping that is unpacked, `**more`, is an operator to cosmic-ray.
    """
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _annotations(source: str) -> list[tuple[Place, Place]]:
    nodes: list[Any] = []
    for node in ast.walk(ast.parse(source)):
        nodes += [getattr(node, "annotation", None), getattr(node, "returns", None)]
    return [((one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset)) for one in nodes if one is not None]


def _changed_lines(source: str, changed: str) -> tuple[str, str]:
    lines = list(difflib.unified_diff(source.splitlines(), changed.splitlines(), n=0, lineterm=""))[3:]
    was = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    return was, " ".join(line[1:].strip() for line in lines if line.startswith("+"))


def sampled(files: Mapping[str, str], size: int, seed: int) -> list[Mutant]:
    """
    So many mutants of these sources by path, drawn: first the places, then one of the changes at each.
    """
    every = [(file, changes) for file, source in files.items() for changes in places(source)]
    draw = random.Random(seed)
    draw.shuffle(every)
    made = (mutant(files[file], file, draw.choice(changes)) for file, changes in every)
    return list(islice((one for one in made if one is not None), size))


class Player:
    """
    Plays the suite against the server in one folder, as often as asked.
    """

    def __init__(self, folder: Path, *, postgres: bool = False) -> None:
        self.folder = folder
        # The folder comes first on the path of `python -m`, so the changed copy is what the server imports.
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "benchmarks.until_red", *(["--postgres"] if postgres else [])]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, text=True)

    def play(self, wanted: Sequence[str] | None) -> tuple[str, str]:
        """
        The verdict and what comes of it: these cases, or all.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(wanted), file=self._process.stdin, flush=True)
        verdict, _, by = self._process.stdout.readline().strip().partition(" ")
        return verdict, by


def found(row: Row, source: str) -> Mutant | None:
    """
    A mutant of an earlier sample in the source of now, nearest to where it was; `None` where its line is gone.
    """
    changes = [one for place in places(source) for one in place if one[0] == row.operator]
    for change in sorted(changes, key=lambda one: abs(one[2] - row.line)):
        made = mutant(source, row.file, change)
        if made is not None and (made.was, made.now) == (row.was, row.now):
            return made
    return None


def tried(mutant: Mutant, player: Player, reach: Reach | None = None) -> Tried:
    """
    Play against a copy of the server in which this one place is changed: what reaches the place, if that is known.
    """
    path = player.folder / mutant.file
    source = (ROOT / mutant.file).read_text()
    path.write_text(mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence))
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()  # same second, same size: Python would take the old one
    began = time.monotonic()
    verdict, by = player.play(None if reach is None else reaching(reach, mutant.file, mutant.line))
    if verdict == "survived" and path.name in APART:
        verdict, by = _tested(APART[path.name], player.folder)
    path.write_text(source)
    return Tried(mutant, verdict, by, round(time.monotonic() - began, 1))


def _tested(file: Path, folder: Path) -> tuple[str, str]:
    """
    The verdict of tests that start the server themselves, where no scenario can look.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", str(file)]
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    red = [line.split()[1] for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode == 0:
        return "survived", ""
    return "killed", red[0].rpartition("/")[2] if red else file.name


def _cases(reach: Reach | None, mutant: Mutant) -> float:
    """
    How many can see it.
    """
    cases = None if reach is None else reaching(reach, mutant.file, mutant.line)
    return math.inf if cases is None else len(cases)


def _key(mutant: Mutant) -> Change:
    return mutant.file, mutant.was, mutant.now


def _explained() -> dict[Change, Explained]:
    known = yaml.safe_load(EQUIVALENT.read_text()) or []
    return {(one["file"], one["was"], one["now"]): Explained(one["why"], one.get("equivalent", True)) for one in known}


def _read(log: Path) -> dict[str, Tried]:
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    results = [Tried(Mutant(**line.pop("mutant")), **line) for line in lines]
    return {one.mutant.id: one for one in results}


def _committed() -> list[Mutant]:
    sources = core()
    kept = [found(row, sources.get(row.file, "")) for row in parsed(RESULT.read_text(encoding="utf-8")).rows]
    return [one for one in kept if one is not None]


def _filled(kept: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """
    These and new ones, drawn, until there are so many.
    """
    known = {_key(one) for one in kept}
    new = [one for one in sampled(core(), size + len(kept), seed) if _key(one) not in known]
    return [*kept, *new[: max(0, size - len(kept))]]


def _wanted(drawn: Sequence[Mutant], before: Mapping[str, Tried], again: bool, reach: Reach | None) -> list[Mutant]:
    """
    What is to be tried, and first what needs thought: what few can see, and what nobody has explained.
    """
    left = [one for one in drawn if one.id not in before or (again and before[one.id].verdict == "survived")]
    explained = _explained()
    return sorted(left, key=lambda one: (_key(one) in explained, _cases(reach, one)))


@click.command()
@click.option("--sample", default=300, show_default=True, help="How many mutants.")
@click.option("--seed", default=1, show_default=True, help="Draws the same sample again.")
@click.option("--jobs", default=2, show_default=True, help="How many at a time.")
@click.option("--log", type=click.Path(path_type=Path), default=Path("mutants.jsonl"), help="Continued where it ends.")
@click.option("--again", is_flag=True, help="Try the survivors of the log once more too.")
@click.option("--minutes", type=float, default=math.inf, help="Begin nothing more after so many.")
@click.option("--reach", type=click.Path(exists=True, path_type=Path), help="What `python -m benchmarks.reach` noted.")
@click.option("--postgres", is_flag=True, help="Over PostgreSQL: some changes of SQL mean the same to SQLite.")
@click.option(
    "--same",
    is_flag=True,
    help="Those of reports/mutants.json whose lines are still there, and as many new as are wanted.",
)
@click.option("--write", is_flag=True, help="Write reports/mutants.json.")
def main(  # one for each option
    sample: int,
    seed: int,
    jobs: int,
    log: Path,
    again: bool,
    minutes: float,
    reach: Path | None,
    postgres: bool,
    same: bool,
    write: bool,
) -> None:
    """Try a sample of mutants; print what became of them as Markdown."""
    known = json.loads(reach.read_text()) if reach is not None else None
    drawn = _filled(_committed() if same else [], sample, seed)
    before, ends = _read(log), time.monotonic() + 60 * minutes
    wanted = _wanted(drawn, before, again, known)

    def worker(own: Path) -> None:
        player = Player(own, postgres=postgres)
        while wanted and time.monotonic() < ends:
            one = tried(wanted.pop(0), player, known)
            before[one.mutant.id] = one
            click.echo(f"{one.verdict:<9} {one.seconds:>5.1f} s  {one.mutant.id}  {one.by}", err=True)
            log.write_text("".join(json.dumps(asdict(done)) + "\n" for done in list(before.values())))

    with TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(jobs) as pool:
        list(pool.map(worker, [_copy(Path(folder) / str(at)) for at in range(jobs)]))
    counted = {file: len(places(source)) for file, source in core().items()}
    done = [before[one.id] for one in drawn if one.id in before]
    result = Result(seed, counted, rows(done, _explained()))
    if write:
        RESULT.write_text(written(result), encoding="utf-8")
    click.echo(table(result))


def _copy(folder: Path) -> Path:
    shutil.copytree(ROOT / "reference_server", folder / "reference_server")
    return folder


if __name__ == "__main__":
    main()
