"""
What is shown while a run is under way, on standard error: a few lines that change on a terminal, a few plain ones
elsewhere, failures as they happen, and with `-v` every exchange.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, TextIO

from conformance.commands.counting import Counting, first_words, told
from conformance.driver.scheduling import Case
from conformance.model.outcome import Outcome
from conformance.model.transcript import Exchange
from conformance.reporting.visible import fitted, inline
from conformance.text.redaction import Redactor

if TYPE_CHECKING:
    from conformance.commands.livedisplay import LiveDisplay

__all__ = ["Progress"]

QUARTERS: Final = 4  # lines of progress in a log that is no terminal
NAMED: Final = 20  # failures named in such a log while it runs: all of them come at the end, in full
WIDE: Final = 160  # characters of a line in a log


class Progress:
    """
    Is told what begins, what is exchanged and what came of it. With `quiet` it says nothing but with `verbose` the
    exchanges, and what it says holds no secret that the redactor knows.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        quiet: bool = False,
        verbose: bool = False,
        redactor: Redactor | None = None,
    ) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._verbose = verbose
        self._redactor = redactor or Redactor()
        self._counting = Counting()
        self._named = 0
        self._live: LiveDisplay | None = None

    def __enter__(self) -> Progress:
        if self._stream.isatty() and not self._quiet:
            from conformance.commands.livedisplay import opened_display

            self._live = opened_display(self._stream, self._counting)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @property
    def verbose(self) -> bool:
        """
        Whether exchanges are wanted.
        """
        return self._verbose

    def start(self, cases: Sequence[Case]) -> None:
        self._counting.start(cases, time.monotonic())
        if self._live is None:
            self._say(f"playing {len(cases)} scenario{'s' if len(cases) != 1 else ''} ...")

    def begun(self, case: Case) -> None:
        self._counting.begun(case, time.monotonic())

    def seen(self, case: Case, exchange: Exchange) -> None:
        """
        One exchange of a scenario that is under way.
        """
        for line in told(case, exchange, self._redactor.text):
            self._line(self._redactor.text(line), "2")

    def done(self, case: Case, outcome: Outcome) -> None:
        before = self._counting.done
        self._counting.ended(case, outcome.kind)
        if outcome.kind in ("failed", "error", "fixed"):
            self._failure(outcome)
        total, done = self._counting.total, self._counting.done
        if self._live is None and done * QUARTERS // total > before * QUARTERS // total:
            self._say(self._counting.line(time.monotonic()))

    def _failure(self, outcome: Outcome) -> None:
        """
        One line, at once: with a server that fails at everything nobody wants to wait for the end.
        """
        self._named += 1
        if self._quiet or (self._live is None and self._named > NAMED):
            return
        words = f"{outcome.kind} {outcome.profile} {inline(outcome.name)}: {first_words(outcome)}"
        self._line(self._redactor.text(words), "31")
        if self._live is None and self._named == NAMED:
            self._say("further failures are told at the end")

    def _line(self, text: str, colour: str) -> None:
        if self._live is not None:
            self._live.line(text, colour)
        else:
            print(fitted(text, WIDE), file=self._stream, flush=True)

    def _say(self, line: str) -> None:
        if self._live is None and not self._quiet:
            print(line, file=self._stream, flush=True)
