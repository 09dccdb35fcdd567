"""
`python -m benchmarks.flakes`: the whole suite again and again, and every verdict compared with every other run's.

Each run has its own seed, a random order, a random number of scenarios at a time, and with `--busy` one core that
works on something else; how much the machine did besides is measured of each. A run is a line in the log, so that a
long series can be played in pieces, in two processes that write to the same log, and over several commits: a scenario
that only one of them has is not compared with the other.

What our own lateness made inconclusive is another verdict too, and counts.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby, pairwise, takewhile
from pathlib import Path
from statistics import median

import click
import msgspec

__all__ = ["Odd", "Run", "kept", "odd_ones", "read", "table", "verdicts_of"]

ROOT = Path(__file__).parent.parent
MOST = 64  # scenarios at a time
RED = {"failed", "deviation", "error"}
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(10**6))"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """
    One run. `verdicts` has all of the first run of a commit, and of each later one those that are not the first's;
    where a scenario has no verdict any more, that is an empty text. `others`: how many cores worked on something else.
    """

    seed: int
    in_flight: int
    commit: str
    others: float
    seconds: float
    count: int
    verdicts: dict[str, str]


class Odd(msgspec.Struct, frozen=True, kw_only=True):
    """
    A verdict that most runs do not share: `one` has it, `other` has what is usual.
    """

    scenario: str
    verdict: str
    usual: str
    one: Run
    other: Run

    def __str__(self) -> str:
        return (
            f"{self.scenario}: {self.verdict or 'none'} with seed {self.one.seed}, {self.one.in_flight} at a time; "
            f"{self.usual or 'none'} with seed {self.other.seed}, {self.other.in_flight} at a time"
        )


def verdicts_of(results: Mapping[str, object]) -> dict[str, str]:
    """
    The verdicts in a `results.json`, by profile and scenario.
    """
    outcomes = msgspec.convert(results["outcomes"], list[dict[str, object]])
    return {f"{one['profile']} {one['name']}": str(one["kind"]) for one in outcomes}


def kept(first: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """
    What of a run is kept beside the first one.
    """
    return {key: now.get(key, "") for key in {**first, **now} if now.get(key, "") != first.get(key, "")}


def odd_ones(runs: Sequence[Run]) -> list[Odd]:
    """
    All verdicts that are not what most runs have found; of two that are as frequent, the first run's is usual.
    """
    series = [[*of] for _, of in groupby(runs, key=lambda run: run.commit)]
    within = [odd for one in series for key in _concerned(one) for odd in _odd_in(key, one)]
    return [*within, *(odd for one, other in pairwise(series) for odd in _between(one, other))]


def _concerned(runs: Sequence[Run]) -> list[str]:
    return sorted({key for run in runs[1:] for key in run.verdicts})


def _between(earlier: Sequence[Run], later: Sequence[Run]) -> Iterator[Odd]:
    """
    What two commits find different, of the scenarios that both have.
    """
    before, now = earlier[0], later[0]
    for key in sorted(before.verdicts.keys() & now.verdicts.keys()):
        was, is_ = before.verdicts[key], now.verdicts[key]
        if was != is_:
            yield Odd(scenario=key, verdict=is_, usual=was, one=now, other=before)


def _odd_in(key: str, runs: Sequence[Run]) -> Iterator[Odd]:
    first = runs[0].verdicts.get(key, "")
    found = [first, *(run.verdicts.get(key, first) for run in runs[1:])]
    usual = Counter(found).most_common(1)[0][0]
    other = runs[found.index(usual)]
    for run, verdict in zip(runs, found, strict=True):
        if verdict != usual:
            yield Odd(scenario=key, verdict=verdict, usual=usual, one=run, other=other)


def table(runs: Sequence[Run]) -> str:
    """
    The table for docs/trust.md.
    """
    odd, others = odd_ones(runs), [run.others for run in runs]
    cells = {
        "runs": str(len(runs)),
        "cores busy with other work": f"{min(others):.1f} to {max(others):.1f}, median {median(others):.1f}",
        "scenarios at a time": f"{min(run.in_flight for run in runs)} to {max(run.in_flight for run in runs)}",
        "verdicts compared": f"{sum(run.count for run in runs):,}",
        "differing": str(len(odd)),
        "scenarios concerned": str(len({one.scenario for one in odd})),
        "commit": ", ".join(dict.fromkeys(f"`{run.commit}`" for run in runs)),
    }
    head, rule = " | ".join(cells), "|".join("---" for _ in cells)
    return f"| {head} |\n|{rule}|\n| {' | '.join(cells.values())} |\n"


@click.command()
@click.option("--runs", default=200, show_default=True, help="Runs in all, those in the log counted.")
@click.option("--resume", "log", default="flakes.jsonl", show_default=True, type=click.Path(path_type=Path))
@click.option("--busy", is_flag=True, help="Keep one core busy with something else.")
@click.option("--select", "-s", "patterns", multiple=True, help="Only these scenarios, as in `threadgauge run`.")
@click.option("--profile", "-p", "profiles", multiple=True, help="Only these profiles.")
@click.option("--table", "tells", is_flag=True, help="Play nothing, print the log's table.")
def main(runs: int, log: Path, busy: bool, patterns: tuple[str, ...], profiles: tuple[str, ...], tells: bool) -> None:
    """Play the suite RUNS times, and exit with 1 where a verdict differs."""
    commit = _commit()
    words = [word for one in patterns for word in ("--select", one)]
    words += [word for one in profiles for word in ("--profile", one)]
    with _busy() if busy and not tells else nullcontext():
        while not tells and len(read(log)) < runs:
            _play(words, commit, log)
    done = read(log)
    for odd in odd_ones(done):
        click.echo(str(odd), err=True)
    if done:
        click.echo(table(done), nl=False)
    raise SystemExit(bool(odd_ones(done)))


def _play(words: Sequence[str], commit: str, log: Path) -> None:
    """
    One run more in the log. Its report stays where a verdict of it differs, or is red: the server is healthy.
    """
    seed, in_flight = random.randrange(10**6), random.randint(1, MOST)
    folder = log.with_name(f"{log.stem}-{seed}")
    began, all_before, own_before = time.monotonic(), _machine(), _own()
    found = verdicts_of(_results([*words, "--seed", str(seed), "--in-flight", str(in_flight)], folder))
    done = read(log)  # another process may have written to it meanwhile
    own = [*takewhile(lambda one: one.commit == commit, reversed(done))]  # of this commit, the latest first
    new = kept(own[-1].verdicts, found) if own else found
    seconds = time.monotonic() - began
    run = Run(
        seed=seed,
        in_flight=in_flight,
        commit=commit,
        others=round(max(0.0, _machine() - all_before - (_own() - own_before)) / seconds, 2),
        seconds=round(seconds, 1),
        count=len(found),
        verdicts=new,
    )
    with log.open("ab") as file:
        file.write(msgspec.json.encode(run) + b"\n")
    count = len(new) if own else 0
    click.echo(f"run {len(done) + 1}: {count} differ, seed {seed}, {in_flight} at a time, {run.seconds} s")
    if not (count or RED & {*found.values()}):
        shutil.rmtree(folder)


def _results(words: Sequence[str], folder: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "conformance.cli", "run", "--quiet", "--order", "random", "--output", str(folder)]
    told = subprocess.run([*command, *words], cwd=Path.cwd(), env=_environment(), capture_output=True, text=True)
    if told.returncode not in (0, 1):
        raise click.ClickException(f"the run ended with {told.returncode}: {told.stderr.strip()}")
    return msgspec.json.decode((folder / "results.json").read_bytes(), type=dict[str, object])


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def read(log: Path) -> list[Run]:
    """
    The runs in a log, none where there is none yet.
    """
    lines = log.read_bytes().splitlines() if log.exists() else []
    return [msgspec.json.decode(line, type=Run) for line in lines]


def _commit() -> str:
    """
    Which commit is played; with a plus where the clone has changes that are in none.
    """
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"], cwd=ROOT, capture_output=True, text=True
    )
    return told.stdout.strip() or "unknown"


def _machine() -> float:
    """
    Seconds that all cores of this machine have worked.
    """
    user, nice, system, _idle, _waiting, *interrupts = Path("/proc/stat").read_text().splitlines()[0].split()[1:8]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """
    Seconds that runs have worked which are over, with the servers that they started.
    """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _busy() -> Iterator[None]:
    """
    A process that keeps one core busy. It ends with us, however we end.
    """
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
