"""
How many plays go on at once: as many as asked for, and fewer while the target takes long for what it mostly answers at
once.

With sixty scenarios at a time, servers on two busy cores took 2 s for a list that takes 5 ms alone, said 503 of their
own health, and came to no end in 30 s (measured): verdicts on our hurry. So the number falls by a third when simple
requests become slow, and rises again step by step, as TCP's does (RFC 5681, section 3.1).
"""

from __future__ import annotations

import asyncio
from statistics import median
from typing import Final

from conformance.model.transcript import Exchange

__all__ = ["Pace"]

FIRST: Final = 16  # plays at a time before anything is known
LEAST: Final = 4
LOOKS: Final = 16  # simple requests between two looks; the middle one tells, because some wait for a turn by design
SLOW: Final = 0.25  # seconds; the bundled servers take 2 to 20 ms each, a deployed one perhaps 100
TIMES: Final = 6.0  # how much longer than at its best
FALLS: Final = 0.7
RISES: Final = 2


class Pace:
    """
    At most `most` plays at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = float(min(FIRST, most))
        self._playing = 0
        self._taken: list[float] = []
        self._best: float | None = None
        self._freed = asyncio.Event()

    @property
    def allowed(self) -> int:
        """
        How many may be played at this moment.
        """
        return int(self._allowed)

    async def begin(self) -> None:
        """
        Wait until one more may be played.
        """
        while self._playing >= self.allowed:
            self._freed.clear()
            await self._freed.wait()
        self._playing += 1

    def end(self) -> None:
        """
        One is over.
        """
        self._playing -= 1
        self._freed.set()

    def seen(self, exchange: Exchange) -> None:
        """
        An exchange is over. A turn takes as long as its model, and tells nothing.
        """
        if exchange.text is not None or exchange.ended != "clean":
            return
        self._taken.append(exchange.ended_at - exchange.started)
        if len(self._taken) < LOOKS:
            return
        now = median(self._taken)
        self._taken.clear()
        self._best = now if self._best is None else min(self._best, now)
        if now > max(SLOW, TIMES * self._best):
            self._allowed = max(min(LEAST, self._most), self._allowed * FALLS)
        else:
            self._allowed = min(self._allowed + RISES, self._most)
            self._freed.set()
