"""
`threadgauge judge`: the verdicts of a recorded run, again, with today's checks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from conformance.commands.documents import Documents
from conformance.commands.run import Choice, Played, left_behind, report
from conformance.driver.folder import RunFile, claim, read_run, transcript_path
from conformance.engine.judge import judge
from conformance.errors import UsageError
from conformance.loading.ledger import load_ledger
from conformance.loading.places import shipped_ledger
from conformance.model.outcome import Outcome
from conformance.model.results import TargetSeen
from conformance.model.transcript import Transcript
from conformance.reporting.terminal import render_terminal
from conformance.text.redaction import Redactor

__all__ = ["judge_again", "judge_command"]


def judge_command(folder: Path, output: Path, strict: bool, require_conclusive: bool) -> int:
    """
    Judge again, write the reports anew, print the summary; returns the exit code.
    """
    played = judge_again(folder)
    claim(output)
    choice = Choice(seed=played.seed, strict=strict, require_conclusive=require_conclusive)
    results = report(played, choice, output, Redactor())
    click.echo(render_terminal(results, report=str(output / "index.html"), colour=sys.stdout.isatty()))
    return results.exit_code


def judge_again(folder: Path) -> Played:
    """
    The recorded transcripts under today's checks and today's ledger; a requirement that is no longer in the ledger
    keeps its recorded words.
    """
    run, transcripts = read_run(folder)
    if lacking := {one.profile for one in transcripts} - {profile.profile for profile in run.profiles}:
        raise UsageError(f"{folder} has transcripts of profile {min(lacking)}, which run.json does not hold")
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
        outcomes=list(_outcomes(ordered, run, documents)),
        notes=left_behind(ordered),
    )


def _outcomes(transcripts: Sequence[Transcript], run: RunFile, documents: Documents) -> Iterator[Outcome]:
    profiles = {profile.profile: profile for profile in run.profiles}
    for transcript in transcripts:
        outcome = judge(transcript, profiles[transcript.profile], documents.requirements)
        yield msgspec.structs.replace(outcome, transcript=transcript_path(transcript.profile, transcript.name))
