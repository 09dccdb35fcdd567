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
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import click
import yaml
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from benchmarks.figures import ROOT

__all__ = ["Mutant", "Tried", "core", "mutant", "places", "sampled", "table"]

Place = tuple[int, int]  # line, column
Change = tuple[str, str, str]  # file, the line as it was, the line as it became

CORE: Final = ROOT / "reference_server" / "core"
EQUIVALENT: Final = Path(__file__).with_name("equivalent.yaml")
LEFT_OUT: Final = ("NoOp", "VariableReplacer", "VariableInserter")  # no change at all; and two that want arguments
DECLARED: Final = ("tables.py",)  # what queries are written with; the migrations make the tables, a test compares
PATIENCE: Final = 420.0  # seconds for all scenarios: a healthy server takes about 100 on one of two cores


@dataclass(frozen=True, slots=True)
class Mutant:
    """
    One change at one place: `was` and `now` are the changed lines, stripped.
    """

    file: str
    operator: str
    occurrence: int
    line: int
    was: str
    now: str

    @property
    def id(self) -> str:
        return f"{self.file}:{self.line} {self.operator}/{self.occurrence}"


@dataclass(frozen=True, slots=True)
class Tried:
    """
    What the suite made of a mutant: `killed` by a requirement, `dead` (the server did not start), `hung`, `survived`.
    """

    mutant: Mutant
    verdict: str
    by: str = ""
    seconds: float = 0.0


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
    if changed is None or changed == source:
        return None
    was, now = _changed_lines(source, changed)
    return Mutant(file, operator, occurrence, line, was, now)


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


def core() -> dict[str, str]:
    """
    The sources that are changed, by their path in the repository.
    """
    paths = [path for path in sorted(CORE.rglob("*.py")) if path.name not in DECLARED]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


def tried(mutant: Mutant, folder: Path) -> Tried:
    """
    Play against a copy of the server in which this one place is changed.
    """
    path = folder / mutant.file
    source = (ROOT / mutant.file).read_text()
    path.write_text(mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence))
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()  # same second, same size: Python would take the old one
    began = time.monotonic()
    verdict, by = _played(folder)
    path.write_text(source)
    return Tried(mutant, verdict, by, round(time.monotonic() - began, 1))


def _played(folder: Path) -> tuple[str, str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    # The folder comes first on the path of `python -m`, so the changed copy is what the server imports.
    command = [sys.executable, "-m", "benchmarks.until_red"]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return "hung", ""
    if done.returncode:
        return "dead", done.stderr.strip().rpartition("\n")[2][:200]
    red = done.stdout.strip()
    return ("killed", red) if red else ("survived", "")


def table(results: Sequence[Tried], explained: Mapping[Change, str] = MappingProxyType({})) -> str:
    """
    The result as Markdown: counts, the share of those killed that could be, and every survivor with what explains it.
    """
    survivors = [one for one in results if one.verdict == "survived"]
    equivalent = [one for one in survivors if _key(one.mutant) in explained]
    killable = len(results) - len(equivalent)
    killed = len(results) - len(survivors)
    counted = {verdict: sum(one.verdict == verdict for one in results) for verdict in ("killed", "dead", "hung")}
    share = f"{100 * killed / killable:.1f} %" if killable else "none"
    counts = (len(results), *counted.values(), len(survivors), len(equivalent), share)
    row = f"| {' | '.join(map(str, counts))} |"
    lines = [
        "| mutants | killed by a requirement | did not start | hung | survived | equivalent | killed of the others |",
        "|---|---|---|---|---|---|---|",
        row,
        "",
    ]
    lines += ["| place | was | became | why nothing sees it |", "|---|---|---|---|"] if survivors else []
    for one in sorted(survivors, key=lambda one: one.mutant.id):
        why = explained.get(_key(one.mutant), "**not explained**")
        lines.append(f"| {one.mutant.file}:{one.mutant.line} | `{one.mutant.was}` | `{one.mutant.now}` | {why} |")
    return "\n".join(lines)


def _key(mutant: Mutant) -> Change:
    return mutant.file, mutant.was, mutant.now


def _explained() -> dict[Change, str]:
    known = yaml.safe_load(EQUIVALENT.read_text()) if EQUIVALENT.exists() else []
    return {(one["file"], one["was"], one["now"]): one["why"] for one in known or []}


def _read(log: Path) -> list[Tried]:
    rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [Tried(Mutant(**row.pop("mutant")), **row) for row in rows]


@click.command()
@click.option("--sample", default=300, show_default=True, help="How many mutants.")
@click.option("--seed", default=1, show_default=True, help="Draws the same sample again.")
@click.option("--jobs", default=2, show_default=True, help="How many at a time.")
@click.option("--log", type=click.Path(path_type=Path), default=Path("mutants.jsonl"), help="Continued where it ends.")
@click.option("--again", is_flag=True, help="Try the survivors of the log once more, and nothing else.")
@click.option("--minutes", type=float, help="Begin nothing more after so many.")
def main(sample: int, seed: int, jobs: int, log: Path, again: bool, minutes: float | None) -> None:
    """Try a sample of mutants; print what became of them as Markdown."""
    before = {one.mutant.id: one for one in _read(log)}
    wanted = [] if again else sampled(core(), sample, seed)
    if again:
        wanted = [one.mutant for one in before.values() if one.verdict == "survived"]
        before = {name: one for name, one in before.items() if one.verdict != "survived"}
    wanted = [one for one in wanted if one.id not in before]
    ends = time.monotonic() + 60 * minutes if minutes else None
    with TemporaryDirectory(prefix="mutants-") as folder:
        folders = [_copy(Path(folder) / str(at)) for at in range(jobs)]

        def worker(own: Path) -> None:
            while wanted and (ends is None or time.monotonic() < ends):
                one = tried(wanted.pop(0), own)
                before[one.mutant.id] = one
                click.echo(f"{one.verdict:<9} {one.seconds:>5.1f} s  {one.mutant.id}  {one.by}", err=True)
                log.write_text("".join(json.dumps(asdict(done)) + "\n" for done in list(before.values())))

        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(worker, folders))
    click.echo(table(list(before.values()), _explained()))


def _copy(folder: Path) -> Path:
    shutil.copytree(ROOT / "reference_server", folder / "reference_server")
    return folder


if __name__ == "__main__":
    main()
