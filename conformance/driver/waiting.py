"""
For how long the processes of this run have waited for a core: on a busy machine a good server is slow.

Linux counts it for every thread, whoever else is to blame (https://docs.kernel.org/scheduler/sched-stats.html). Of a
target that somebody else has started, and on other systems, nothing is known.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["waited"]

PROCESSES: Final = Path("/proc")


def waited() -> float:
    """
    Seconds that all threads of this process, and of those that descend from it, have waited so far; those that have
    ended are not counted.
    """
    return sum(_waited(process) for process in _family(os.getpid()))


def _waited(process: int) -> float:
    """
    Of one process: the second figure of each thread, in nanoseconds.
    """
    found = 0
    for thread in (PROCESSES / str(process)).glob("task/*/schedstat"):
        with suppress(OSError):  # it has ended meanwhile
            found += int(thread.read_text().split()[1])
    return found / 1e9


def _family(process: int) -> Iterator[int]:
    children = defaultdict(list)
    for child, parent in _parents():
        children[parent].append(child)
    left = [process]
    while left:
        one = left.pop()
        yield one
        left += children[one]


def _parents() -> Iterator[tuple[int, int]]:
    for name in filter(str.isdigit, os.listdir(PROCESSES) if PROCESSES.is_dir() else ()):
        with suppress(OSError, IndexError):
            # The name in brackets may hold blanks and brackets; a process that ends has an empty file.
            yield int(name), int((PROCESSES / name / "stat").read_text().rpartition(")")[2].split()[1])
