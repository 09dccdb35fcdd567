"""
The healthy server as the other half of every comparison: played only where a defect was, on two servers.
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
    The cases of two healthy servers, by dialect and name. What their plays do not agree on tells nothing of a defect.
    One server would not do: the second play meets the threads of the first, whose ids come from the same seed.
    """

    def __init__(self, one: Sequence[Case], other: Sequence[Case]) -> None:
        pairs = zip(one, other, strict=True)
        self._cases: Mapping[tuple[str, str], tuple[Case, Case]] = {_key(each[0]): each for each in pairs}
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

    async def _twice(self, pair: tuple[Case, Case]) -> tuple[Play, Play]:
        async with self._slots:
            return await _played(pair[0]), await _played(pair[1])


def _key(case: Case) -> tuple[str, str]:
    return case.target.profile.profile, case.name


async def _played(case: Case) -> Play:
    async with LoopLag() as lag:
        transcript = await play_case(case, lag)
    return facts(transcript), durations(transcript)
