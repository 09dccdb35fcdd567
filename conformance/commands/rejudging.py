"""
What is new when a recorded run is judged again: the verdicts that changed and why, and what was edited since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from conformance.commands.recorded import read_results
from conformance.commands.suite import content_hash
from conformance.errors import ThreadgaugeError
from conformance.loading.places import builtin_profiles, shipped_scenarios
from conformance.loading.profiles import load_profile
from conformance.loading.scenarios import read_scenario
from conformance.model.outcome import Outcome
from conformance.model.results import Results
from conformance.model.suite import Suite
from conformance.reporting.changes import causes

__all__ = ["changed_verdicts", "edited_since", "results_before"]

NAMED: Final = 5  # of what was edited: enough to look one up


def results_before(folder: Path) -> Results | None:
    """
    The verdicts that the folder has, or nothing where it has none that can be read: they are not needed to judge.
    """
    try:
        return read_results(folder)
    except ThreadgaugeError:
        return None


def changed_verdicts(before: Results, outcomes: Sequence[Outcome], suite: Suite) -> Iterator[str]:
    """
    A sentence for each verdict that is another one now, with what changed of that which judges.
    """
    old = {(one.profile, one.name): one for one in before.outcomes}
    for one in outcomes:
        was = old.get((one.profile, one.name))
        if was is not None and was.kind != one.kind:
            told = causes(was, one, before.suite, suite) or [_unknown(before)]
            yield f"{one.level} {one.name} [{one.profile}]: {was.kind} → {one.kind}, because: {'; '.join(told)}"


def _unknown(before: Results) -> str:
    return "it was judged by a version that kept no hashes" if before.suite is None else "nothing that is kept tells"


def edited_since(suite: Suite) -> Iterator[str]:
    """
    What is not as it was recorded, among what comes with threadgauge: it was judged as recorded.
    """
    scenarios = [name for name, known in suite.scenarios.items() if _now(name, known) != known]
    profiles = [name for name, known in suite.profiles.items() if _profile_now(name, known) != known]
    for kind, names in (("scenario", scenarios), ("profile", profiles)):
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            told = f"{len(names)} {kind}{'s' if len(names) > 1 else ''} edited since: {', '.join(names[:NAMED])}{more}"
            yield f"{told}; judged as recorded, so play {'them' if len(names) > 1 else 'it'} again"


def _now(name: str, known: str) -> str:
    """
    The hash of the shipped scenario of that name; a scenario of somebody's own, or one that is gone, is as it was.
    """
    file = shipped_scenarios() / f"{name}.yaml"
    try:
        return content_hash(read_scenario(file).scenario) if file.is_file() else known
    except ThreadgaugeError:
        return known


def _profile_now(name: str, known: str) -> str:
    return content_hash(load_profile(name)) if name in builtin_profiles() else known
