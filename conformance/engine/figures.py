"""
The figures of a transcript: what its timing expectations measured, whether they hold or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from conformance.checks import timing
from conformance.checks.finding import NotKept, NotShown
from conformance.engine.scope import scoped
from conformance.engine.sight import seen_of
from conformance.engine.support import indexed
from conformance.model.outcome import Figure
from conformance.model.profile import Profile
from conformance.model.transcript import Transcript

__all__ = ["figures_of"]


def figures_of(transcript: Transcript, profile: Profile) -> list[Figure]:
    """
    One figure per bound: where several steps have the same one, the worst of them.
    """
    return list(_worst(_figures(transcript, profile)))


def _figures(transcript: Transcript, profile: Profile) -> Iterator[Figure]:
    for record, step, lookup in scoped(transcript, dict(indexed(transcript.scenario.steps))):
        want = step.expect.timing if step is not None and step.expect is not None else None
        if step is not None and want is not None:
            try:
                yield from timing.figures(
                    want, seen_of(step, record, profile, lookup, transcript.loop_lag, transcript.waited)
                )
            except (NotKept, NotShown):
                continue  # the check says so; there is no figure to show


def _worst(figures: Iterable[Figure]) -> Iterator[Figure]:
    """
    The worst is the greatest time and the smallest rate; it tells of how many it is the worst.
    """
    found: dict[tuple[str, str], list[Figure]] = {}
    for one in figures:
        found.setdefault((one.name, one.target), []).append(one)
    for (_, target), group in found.items():
        worst = (min if target.startswith(">") else max)(group, key=lambda one: one.value)
        every = sorted(one.value for one in group) if len(group) > 1 else []
        yield msgspec.structs.replace(worst, of=len(group), held=_held(group), every=every)


def _held(group: Iterable[Figure]) -> bool | None:
    told = {one.held for one in group}
    return False if False in told else None if None in told else True
