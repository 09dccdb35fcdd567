"""
`threadgauge judge`: the verdicts of a recorded run, again, with today's checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from conformance.commands.baselines import opened_baseline
from conformance.commands.colours import coloured
from conformance.commands.documents import Documents
from conformance.commands.likely import judged
from conformance.commands.rejudging import changed_verdicts, edited_since, results_before
from conformance.commands.run import Choice, Played, day_of, left_behind, report, suite_behind
from conformance.driver.folder import Asked, RunFile, claim, read_run
from conformance.engine.baseline import Playable, against
from conformance.errors import UsageError
from conformance.loading.ledger import load_ledger
from conformance.loading.places import builtin_profiles, shipped_ledger, shipped_names
from conformance.model.baseline import Entry
from conformance.model.outcome import Outcome
from conformance.model.results import Results, TargetSeen
from conformance.model.transcript import Transcript
from conformance.reporting.terminal import render_terminal
from conformance.text.redaction import Redactor

__all__ = ["judge_again", "judge_command"]

ONE: Final = "1 verdict changed since it was recorded:"


def judge_command(
    folder: Path,
    output: Path,
    strict: bool | None = None,
    require_conclusive: bool | None = None,
    baseline: Path | None = None,
) -> int:
    """
    Judge again, write the reports anew, print the summary; returns the exit code. What is not given is as in the run.
    """
    run, transcripts = read_run(folder)
    before = results_before(folder)
    asked = _asked(run, before)
    choice = Choice(
        seed=run.seed,
        unplayed=asked.unplayed,
        strict=asked.strict if strict is None else strict,
        require_conclusive=asked.require_conclusive if require_conclusive is None else require_conclusive,
        baseline=asked.baseline if baseline is None else opened_baseline(baseline, None),
    )
    played = judge_again(folder, run, transcripts, choice.baseline, asked.own)
    claim(output)
    played.notes += _news(before, played)
    results = report(played, choice, output, Redactor())
    click.echo(render_terminal(results, report=str(output / "index.html"), colour=coloured()))
    return results.exit_code


def _asked(run: RunFile, before: Results | None) -> Asked:
    """
    What the run was asked for. One of an earlier version says it in its results only, if they are there.
    """
    if run.asked is not None or before is None:
        return run.asked or Asked()
    return Asked(
        strict=before.strict,
        require_conclusive=before.require_conclusive,
        baseline=before.baseline,
        unplayed=before.unplayed,
    )


def _news(before: Results | None, played: Played) -> Iterator[str]:
    """
    What a reader of the recorded verdicts should know.
    """
    suite = suite_behind(played)
    changed = list(changed_verdicts(before, played.outcomes, suite)) if before is not None else []
    if changed:
        many = len(changed) > 1
        yield f"{len(changed)} verdicts changed since they were recorded:" if many else ONE
    yield from changed
    yield from edited_since(suite)


def judge_again(
    folder: Path, run: RunFile, transcripts: Sequence[Transcript], baseline: Sequence[Entry], own: Sequence[str]
) -> Played:
    """
    The recorded transcripts under today's checks and today's ledger; a requirement that is no longer in the ledger
    keeps its recorded words. `own` are scenarios that the baseline may name although they were not played.
    """
    if lacking := {one.profile for one in transcripts} - {profile.profile for profile in run.profiles}:
        raise UsageError(f"{folder} has transcripts of profile {min(lacking)}, which run.json does not hold")
    profiles = {profile.profile for profile in run.profiles}
    requirements = {one.id: one for one in (*run.requirements, *load_ledger(shipped_ledger()).requirements)}
    documents = Documents(scenarios=[], profiles=run.profiles, requirements=requirements)
    ordered = sorted(transcripts, key=lambda one: (one.profile, one.scenario.id))
    return Played(
        documents=documents,
        started=run.started,
        seed=run.seed,
        duration=run.duration,
        targets=[msgspec.convert(target, TargetSeen) for target in run.targets],
        transcripts=ordered,
        outcomes=[against(one, baseline, day_of(run.started)) for one in _outcomes(ordered, run, documents)],
        notes=left_behind(ordered),
        hashes=run.scenarios,
        playable=Playable(
            {*shipped_names(), *own, *(name for one in ordered for name in (one.name, one.scenario.id))},
            {*builtin_profiles(), *profiles},
        ),
    )


def _outcomes(transcripts: Sequence[Transcript], run: RunFile, documents: Documents) -> Iterator[Outcome]:
    profiles = {profile.profile: profile for profile in run.profiles}
    for transcript in transcripts:
        yield judged(transcript, profiles[transcript.profile], documents.requirements)
