"""
`threadgauge run`: play, judge, report.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import msgspec

from conformance import __version__
from conformance.commands.documents import Documents
from conformance.commands.likely import judged
from conformance.commands.progress import Progress
from conformance.commands.secrets import cleaned
from conformance.commands.suite import content_hash, suite_of
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.desk import Target
from conformance.driver.folder import Asked, RunFile, claim, encode, transcript_path, write_texts, write_transcripts
from conformance.driver.preflight import preflight
from conformance.driver.scheduling import Case, Order, cases, play_all, shuffled
from conformance.engine.baseline import Playable, against, recorded, settled
from conformance.loading.places import builtin_profiles, shipped_names
from conformance.model.baseline import Entry
from conformance.model.outcome import LATE, Outcome
from conformance.model.requirement import Requirement
from conformance.model.results import Results, TargetSeen
from conformance.model.suite import Suite
from conformance.model.transcript import Transcript, Witness
from conformance.reporting.summary import summarise
from conformance.text.redaction import Redactor

__all__ = ["Choice", "Played", "day_of", "left_behind", "play_and_judge", "report", "run", "settle", "suite_behind"]

SHOWN: Final[tuple[Witness, ...]] = ("wire", "api", "store", "upstream")
NAMED: Final = 3  # threads named in a note: enough to find the others


@dataclass(frozen=True, slots=True)
class Choice:
    """
    What is played, and how. `only` are profile and name of the cases; without it, all are. `unplayed` are named in the
    report, as left out. With `record` what fails is added to the baseline, and known from then on.
    """

    only: frozenset[tuple[str, str]] | None = None
    unplayed: Sequence[str] = ()
    seed: int = 0
    in_flight: int = 16
    order: Order = "longest"
    fail_fast: bool = False
    strict: bool = False
    require_conclusive: bool = False
    tidy: bool = False
    baseline: Sequence[Entry] = ()
    record: bool = False
    allure: Path | None = None


@dataclass(slots=True)
class Played:
    """
    What came of it: transcripts and outcomes in the order of the selection.
    """

    documents: Documents
    started: str
    seed: int
    duration: float = 0.0
    targets: list[TargetSeen] = field(default_factory=list)
    transcripts: list[Transcript] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    playable: Playable | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)


def run(
    documents: Documents,
    setup: Setup,
    choice: Choice,
    folder: Path,
    redactor: Redactor,
    quiet: bool = False,
    verbose: bool = False,
) -> Results:
    """
    The whole command: returns the results, whose `exit_code` is the command's. What the redactor knows is not in them.
    """
    claim(folder)
    with Progress(quiet=quiet, verbose=verbose, redactor=redactor) as progress:
        played = loop.run(play_and_judge(documents, setup, choice, progress))
    return report(played, choice, folder, redactor)


@dataclass(frozen=True, slots=True)
class _Verdicts:
    """
    The verdict on each case as it ends. `doubted` are those that are played again: the first time, and why.
    """

    requirements: Mapping[str, Requirement]
    choice: Choice
    today: date
    progress: Progress
    found: dict[tuple[str, str], tuple[Transcript, Outcome]] = field(default_factory=dict)
    doubted: dict[str, tuple[Transcript, str]] = field(default_factory=dict)

    def doubtful(self, case: Case, transcript: Transcript) -> bool:
        """
        Whether it could not be judged, or was too slow, perhaps for a reason of the moment. A real model has its price.
        """
        outcome = self._judged(case, transcript)
        if not outcome.by_chance or case.target.live:
            return False
        every = [one.reason for one in outcome.unseen] or [one.lines[0] for one in outcome.differences]
        why = every[0] + (f", and {len(every) - 1} more" if len(every) > 1 else "")
        why += f", while our own event loop was {outcome.late:.1f} s late" if outcome.late > LATE else ""
        self.doubted.setdefault(_named(outcome), (transcript, why))
        return True

    def done(self, case: Case, transcript: Transcript) -> bool:
        """
        Keep the verdict; true where nothing more is to be begun.
        """
        outcome = self._judged(case, transcript)
        if self.doubted.get(_named(outcome), (None,))[0] is transcript:
            del self.doubted[_named(outcome)]
        self.progress.done(case, outcome)
        return self.choice.fail_fast and outcome.kind in ("failed", "error")

    def notes(self) -> list[str]:
        """
        Which were played more than once.
        """
        told = [(name, why) for name, (_, why) in self.doubted.items()]
        return [f"{name} was played again, by itself: the first time {why}" for name, why in told]

    def _judged(self, case: Case, transcript: Transcript) -> Outcome:
        known = self.found.get(_key(case))
        if known is not None and known[0] is transcript:
            return known[1]
        outcome = judged(transcript, case.target.profile, self.requirements)
        outcome = against(outcome, self.choice.baseline, self.today)
        self.found[_key(case)] = transcript, outcome
        return outcome


def _named(outcome: Outcome) -> str:
    return f"{outcome.profile} {outcome.name}"


async def play_and_judge(documents: Documents, setup: Setup, choice: Choice, progress: Progress) -> Played:
    """
    Open the targets, see that they are what they are said to be, play, judge.
    """
    played = Played(documents, datetime.now(UTC).isoformat(timespec="seconds"), choice.seed)
    began = time.monotonic()
    async with open_targets(setup) as targets:
        every = [case for target in targets for case in cases(documents.scenarios, target, choice.seed, choice.tidy)]
        played.playable = _playable(every)
        chosen = [case for case in every if choice.only is None or _key(case) in choice.only]
        looked = await asyncio.gather(*(preflight(target, choice.seed, choice.tidy) for target in targets))
        played.targets = [_seen(target) for target in targets]
        verdicts = _Verdicts(documents.requirements, choice, day_of(played.started), progress)
        progress.start(chosen)
        order = chosen if choice.order == "longest" else shuffled(chosen, choice.seed)
        longest, doubtful = choice.order == "longest", verdicts.doubtful
        await play_all(order, choice.in_flight, verdicts.done, longest_first=longest, watch=progress, doubtful=doubtful)
        warnings = _warnings(targets)
    named = {case.scenario.id for case in chosen}
    played.hashes = {one.id: content_hash(one) for one in documents.scenarios if one.id in named}
    found = [verdicts.found[_key(case)] for case in chosen if _key(case) in verdicts.found]
    played.transcripts = [transcript for transcript, _ in found]
    played.outcomes = [outcome for _, outcome in found]
    played.notes = [*warnings, *verdicts.notes(), *left_behind([*looked, *played.transcripts])]
    played.duration = time.monotonic() - began
    return played


def report(played: Played, choice: Choice, folder: Path, redactor: Redactor) -> Results:
    """
    Write the run folder, and the files for Allure where they are asked for.
    """
    played, baseline = settle(_without_secrets(played, redactor), choice)
    results = _results(played, choice, baseline)
    by_path = {transcript_path(one.profile, one.name): one for one in played.transcripts}
    claim(folder)
    shapes = Redactor()
    write_transcripts(folder, played.transcripts)
    run_file = encode(_run_file(played, choice, baseline))
    write_texts(folder, {"run.json": run_file, **_texts(results, by_path)}, shapes)
    if choice.allure is not None:
        write_texts(choice.allure, _for_allure(results, by_path), shapes)
    return results


def _results(played: Played, choice: Choice, baseline: Sequence[Entry]) -> Results:
    results = summarise(
        played.outcomes,
        tool=f"threadgauge {__version__}",
        started=played.started,
        duration=played.duration,
        seed=played.seed,
        targets=played.targets,
        requirements=list(played.documents.requirements.values()),
        strict=choice.strict,
        require_conclusive=choice.require_conclusive,
        notes=played.notes,
        baseline=baseline,
        suite=suite_behind(played),
    )
    live = any(one.live for one in played.transcripts)
    return msgspec.structs.replace(results, live=live, unplayed=list(choice.unplayed))


def _texts(results: Results, by_path: Mapping[str, Transcript]) -> dict[str, str]:
    """
    The reports by file name.
    """
    from conformance.reporting.badge import render_badge
    from conformance.reporting.html import render_html
    from conformance.reporting.jsonfile import render_json
    from conformance.reporting.junit import render_junit
    from conformance.reporting.markdown import render_markdown
    from conformance.reporting.openmetrics import render_openmetrics
    from conformance.reporting.session import render_session

    return {
        "results.json": render_json(results),
        "junit.xml": render_junit(results),
        "summary.md": render_markdown(results),
        "session.md": render_session(results),
        "metrics.txt": render_openmetrics(results),
        "badge.json": render_badge(results),
        "index.html": render_html(results, by_path),
    }


def _for_allure(results: Results, by_path: Mapping[str, Transcript]) -> dict[str, str]:
    from conformance.reporting.allure_results import render_allure

    attached = {path: encode(transcript) for path, transcript in by_path.items()}
    return render_allure(results, attached, by_path)


def suite_behind(played: Played) -> Suite:
    """
    What judges this run, for who compares it.
    """
    return suite_of(played.hashes, played.documents.profiles, played.documents.requirements.values())


def settle(played: Played, choice: Choice) -> tuple[Played, list[Entry]]:
    """
    The baseline with what this run made of it; where it is recorded, the outcomes under the new one.
    """
    today = day_of(played.started)
    entries = settled(choice.baseline, played.outcomes, played.playable, today)
    if not choice.record:
        return played, entries
    new = recorded(entries, played.outcomes, today, choice.strict)
    outcomes = [against(_unfixed(one), new, today) for one in played.outcomes]
    return replace(played, outcomes=outcomes), settled(new, outcomes, played.playable, today)


def _unfixed(outcome: Outcome) -> Outcome:
    """
    The outcome of a passed scenario whose entry is no longer there.
    """
    return msgspec.structs.replace(outcome, kind="passed", reason=None) if outcome.kind == "fixed" else outcome


def day_of(started: str) -> date:
    """
    The day of a run, in UTC.
    """
    return datetime.fromisoformat(started).date()


def left_behind(transcripts: Sequence[Transcript]) -> list[str]:
    """
    A note on the threads that are still on the target although they were to be deleted.
    """
    ids = [one for transcript in transcripts for one in transcript.left_behind]
    if not ids:
        return []
    threads = "1 thread of this run is" if len(ids) == 1 else f"{len(ids)} threads of this run are"
    first = ", ".join(ids[:NAMED]) + (", ..." if len(ids) > NAMED else "")
    return [f"{threads} still on the target, which did not let us delete them: {first}"]


def _warnings(targets: Sequence[Target]) -> list[str]:
    stores = {id(target.store): target.store for target in targets if target.store is not None}
    fallen = [words for target in targets if target.processes is not None for words in target.processes.fallen]
    warnings = [warning for store in stores.values() for warning in store.warnings]
    return [*warnings, *(f"the target ended by itself: {words}" for words in fallen)]


def _without_secrets(played: Played, redactor: Redactor) -> Played:
    documents = replace(
        played.documents, profiles=[cleaned(profile, redactor) for profile in played.documents.profiles]
    )
    return replace(
        played,
        documents=documents,
        targets=[cleaned(target, redactor) for target in played.targets],
        transcripts=[cleaned(transcript, redactor) for transcript in played.transcripts],
        outcomes=[cleaned(outcome, redactor) for outcome in played.outcomes],
        notes=[redactor.text(note) for note in played.notes],
    )


def _run_file(played: Played, choice: Choice, baseline: Sequence[Entry]) -> RunFile:
    return RunFile(
        version=__version__,
        seed=played.seed,
        started=played.started,
        duration=played.duration,
        profiles=list(played.documents.profiles),
        requirements=list(played.documents.requirements.values()),
        targets=[msgspec.to_builtins(target) for target in played.targets],
        scenarios=dict(played.hashes),
        asked=Asked(
            strict=choice.strict,
            require_conclusive=choice.require_conclusive,
            baseline=list(baseline),
            unplayed=list(choice.unplayed),
            own=_own(played.playable),
        ),
    )


def _own(playable: Playable | None) -> list[str]:
    known = {one.partition("[")[0] for one in playable.scenarios} if playable is not None else set()
    return sorted(known - {*shipped_names()})


def _playable(every: Sequence[Case]) -> Playable:
    """
    What a baseline may name: what is loaded here, and what comes with threadgauge and was left out.
    """
    names = {name for case in every for name in (case.name, case.scenario.id)} | {*shipped_names()}
    return Playable(names, {case.target.profile.profile for case in every} | {*builtin_profiles()})


def _key(case: Case) -> tuple[str, str]:
    return case.target.profile.profile, case.name


def _seen(target: Target) -> TargetSeen:
    witnesses: list[Witness] = [name for name in SHOWN if name in ("wire", "api") or name in target.witnesses]
    return TargetSeen(
        profile=target.profile.profile, title=target.profile.title, url=target.wire.base, witnesses=witnesses
    )
