"""
The lines that change, on a terminal. Drawn by a thread of rich's, a few times a second, whatever happens meanwhile.
"""

from __future__ import annotations

import time
from typing import Final, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from conformance.commands.counting import Counting, clock
from conformance.model.outcome import Kind

__all__ = ["LiveDisplay", "opened_display"]

A_SECOND: Final = 8  # looks of a person's eye; each costs 2 ms
NAMED: Final = 3  # scenarios under way: the longest, which are those one asks about
_STYLES: Final[dict[Kind, str]] = {"passed": "green", "failed": "red", "error": "magenta", "deviation": "yellow"}


class LiveDisplay:
    """
    Shows the counts as they are when it is drawn; lines that stay go above it.
    """

    def __init__(self, console: Console, counting: Counting) -> None:
        self._counting = counting
        self._live = Live(
            get_renderable=self._drawn,
            console=console,
            refresh_per_second=A_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def line(self, text: str, colour: str) -> None:
        """
        A line that stays.
        """
        style = "red" if colour == "31" else "dim"
        self._live.console.print(Text(text, style=style), overflow="ellipsis", no_wrap=True)

    def stop(self) -> None:
        self._live.stop()

    def _drawn(self) -> Group:
        now, counting = time.monotonic(), self._counting
        if not counting.total:
            return Group(Text(f"starting ... {now - counting.began:.0f} s" if counting.began else "starting ..."))
        names = [Text(f"  {name}", style="dim", overflow="ellipsis", no_wrap=True) for name in self._names(now)]
        return Group(self._head(now), self._counts(), *names)

    def _head(self, now: float) -> Table:
        """
        The bar, and how many of how many.
        """
        counting, rest = self._counting, self._counting.rest(now)
        row = Table.grid(padding=(0, 2))
        row.add_row(
            ProgressBar(total=counting.total, completed=counting.done, width=30),
            f"{counting.done} of {counting.total}",
            f"{len(counting.under_way)} in flight",
            f"{clock(now - counting.began)}" + (f", about {clock(rest)} left" if rest is not None else ""),
        )
        return row

    def _counts(self) -> Text:
        counts = [(f"{count} {kind}", _STYLES.get(kind, "dim")) for kind, count in self._counting.counts.copy().items()]
        return Text("  ", overflow="ellipsis", no_wrap=True).join([Text(words, style=style) for words, style in counts])

    def _names(self, now: float) -> list[str]:
        return self._counting.longest(now, NAMED)


def opened_display(stream: TextIO, counting: Counting) -> LiveDisplay | None:
    """
    The display; none on a terminal that cannot move its cursor.
    """
    console = Console(file=stream)
    return None if console.is_dumb_terminal else LiveDisplay(console, counting)
