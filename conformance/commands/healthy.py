"""
The healthy server as the other half of every comparison: played only where a defect was, and twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from conformance.driver.scheduling import Case, LoopLag, play_case
from conformance.engine.observed import Facts, contrast, durations, facts, slowness
from conformance.model.matrix import Contrast
from conformance.model.transcript import Transcript

__all__ = ["Healthy"]

AT_ONCE = 4  # a comparison of times needs a server that is not busy


Play = tuple[Facts, dict[tuple[str, str], float]]


class Healthy:
    """
    The healthy server's cases, by dialect and name. What two plays of it do not agree on tells nothing of a defect.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases: Mapping[tuple[str, str], Case] = {(one.target.profile.profile, one.name): one for one in cases}
        self._plays: dict[tuple[str, str], asyncio.Task[tuple[Play, Play]]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def contrast(self, dialect: str, name: str, broken: Transcript, *, times: bool) -> Contrast | None:
        """
        The first difference from what the healthy server showed in the same scenario; with `times`, else in durations.
        """
        key = dialect, name
        if key not in self._plays:
            self._plays[key] = asyncio.create_task(self._twice(self._cases[key]))
        first, second = await self._plays[key]
        seen = contrast(first[0], second[0], facts(broken))
        return seen or (slowness(first[1], second[1], durations(broken)) if times else None)

    async def _twice(self, case: Case) -> tuple[Play, Play]:
        async with self._slots:
            return await _played(case), await _played(case)


async def _played(case: Case) -> Play:
    async with LoopLag() as lag:
        transcript = await play_case(case, lag)
    return facts(transcript), durations(transcript)
