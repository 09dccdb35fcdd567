"""
`threadgauge judge`: the verdicts of a recorded run, again, with today's checks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from conformance.commands.baselines import opened_baseline
from conformance.commands.documents import Documents
from conformance.commands.likely import judged
from conformance.commands.rejudging import changed_verdicts, edited_since, results_before
from conformance.commands.run import Choice, Played, day_of, left_behind, report, suite_behind
from conformance.driver.folder import RunFile, claim, read_run
from conformance.engine.baseline import Playable, against
from conformance.errors import UsageError
from conformance.loading.ledger import load_ledger
from conformance.loading.places import builtin_profiles, shipped_ledger, shipped_names
from conformance.model.baseline import Entry
from conformance.model.outcome import Outcome
from conformance.model.results import TargetSeen
from conformance.model.transcript import Transcript
from conformance.reporting.terminal import render_terminal
from conformance.text.redaction import Redactor

__all__ = ["judge_again", "judge_command"]

ONE: Final = "1 verdict changed since it was recorded:"


def judge_command(
    folder: Path, output: Path, strict: bool, require_conclusive: bool, baseline: Path | None = None
) -> int:
    """
    Judge again, write the reports anew, print the summary; returns the exit code.
    """
    entries = opened_baseline(baseline, None)
    played = judge_again(folder, entries)
    claim(output)
    choice = Choice(seed=played.seed, strict=strict, require_conclusive=require_conclusive, baseline=entries)
    played.notes += _news(folder, played)
    results = report(played, choice, output, Redactor())
    click.echo(render_terminal(results, report=str(output / "index.html"), colour=sys.stdout.isatty()))
    return results.exit_code


def _news(folder: Path, played: Played) -> Iterator[str]:
    """
    What a reader of the recorded verdicts should know.
    """
    suite = suite_behind(played)
    before = results_before(folder)
    changed = list(changed_verdicts(before, played.outcomes, suite)) if before is not None else []
    if changed:
        many = len(changed) > 1
        yield f"{len(changed)} verdicts changed since they were recorded:" if many else ONE
    yield from changed
    yield from edited_since(suite)


def judge_again(folder: Path, baseline: Sequence[Entry] = ()) -> Played:
    """
    The recorded transcripts under today's checks and today's ledger; a requirement that is no longer in the ledger
    keeps its recorded words.
    """
    run, transcripts = read_run(folder)
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
            {*shipped_names(), *(name for one in ordered for name in (one.name, one.scenario.id))},
            {*builtin_profiles(), *profiles},
        ),
    )


def _outcomes(transcripts: Sequence[Transcript], run: RunFile, documents: Documents) -> Iterator[Outcome]:
    profiles = {profile.profile: profile for profile in run.profiles}
    for transcript in transcripts:
        yield judged(transcript, profiles[transcript.profile], documents.requirements)
