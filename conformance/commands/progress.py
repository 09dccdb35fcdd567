"""
What is shown while a run is under way: one line that changes on a terminal, a few plain lines elsewhere.
"""

from __future__ import annotations

import sys
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Final, TextIO

from conformance.model.outcome import KINDS, Outcome

if TYPE_CHECKING:
    from rich.status import Status

__all__ = ["Progress"]

QUARTERS: Final = 4  # lines of progress in a log that is no terminal


class Progress:
    """
    Counts outcomes as they come, on standard error.
    """

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._counts: Counter[str] = Counter()
        self._total = 0
        self._status: Status | None = None

    def __enter__(self) -> Progress:
        if self._stream.isatty() and not self._quiet:
            from rich.console import Console

            self._status = Console(file=self._stream).status("starting ...")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def start(self, total: int) -> None:
        self._total = total
        self._say(f"playing {total} scenarios ...")

    def done(self, outcome: Outcome, count: int) -> None:
        self._counts[outcome.kind] += 1
        if self._status is not None:
            self._status.update(f"{count} of {self._total}: {self._summary()} (last: {outcome.name})")
        elif count * QUARTERS // self._total > (count - 1) * QUARTERS // self._total:
            self._say(f"{count} of {self._total}: {self._summary()}")

    def _summary(self) -> str:
        return ", ".join(f"{self._counts[kind]} {kind}" for kind in KINDS if self._counts[kind])

    def _say(self, line: str) -> None:
        if self._status is None and not self._quiet:
            print(line, file=self._stream, flush=True)
