"""
A figure and its bound, and processes that measure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["Figure", "lean_server", "measured", "typical"]

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Figure:
    """
    What was measured. `bound` is the most that it may be; without one, the figure is only told.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        return self.bound is None or self.value <= self.bound

    def __str__(self) -> str:
        bound = "" if self.bound is None else f"bound {self.bound:g}"
        verdict = "" if self.bound is None else "met" if self.met else "MISSED"
        note = f"  ({self.note})" if self.note else ""
        return f"{self.name:<52}{self.value:>9.3g} {self.unit:<7}{bound:<12}{verdict:<7}{note}".rstrip()


@contextmanager
def lean_server(*options: str) -> Iterator[str]:
    """
    The server in a process of its own; gives its URL.
    """
    command = [sys.executable, "-m", "benchmarks.lean_server", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[1]
        server.communicate()  # closes its input: it ends


def measured(module: str, *arguments: object) -> dict[str, float]:
    """
    What a module of ours says that it cost, in a fresh process: this one's imports must not be in its memory.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    costs: dict[str, float] = json.loads(done.stdout)
    return costs


def typical(module: str, *arguments: object, times: int = 3) -> dict[str, float]:
    """
    The median of each cost over some runs.
    """
    runs = [measured(module, *arguments) for _ in range(times)]
    return {name: median(run[name] for run in runs) for name in runs[0]}
