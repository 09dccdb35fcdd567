"""
`python -m benchmarks.steady --runs 100`: the whole suite again and again, each time with another seed and a server of
its own; the verdicts must always be the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import click

from conformance.commands.documents import Documents, load_documents, profiles_named
from conformance.commands.progress import Progress
from conformance.commands.run import Choice, play_and_judge
from conformance.commands.targets import Setup
from conformance.driver import loop
from conformance.errors import ThreadgaugeError
from conformance.model.outcome import Kind, Outcome

__all__: list[str] = []

Verdicts = Mapping[tuple[str, str], Outcome]


@click.command()
@click.option("--runs", default=100, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", type=int, help="The same for all runs; otherwise the run's number.")
@click.option("--in-flight", default=16, show_default=True, type=click.IntRange(1, 512))
def main(runs: int, seed: int | None, in_flight: int) -> None:
    """Play the suite over and over; exit with 1 where a verdict changes, or anything fails."""
    documents = load_documents([], profiles_named([]))
    first: Verdicts = {}
    wrong: list[str] = []
    same = 0
    for number in range(1, runs + 1):
        began = time.monotonic()
        verdicts = _verdicts(documents, Choice(seed=number if seed is None else seed, in_flight=in_flight))
        first = first or verdicts
        nothing = [] if verdicts else ["nothing was judged"]
        found = [f"run {number}: {line}" for line in (*nothing, *_failing(verdicts), *_changed(first, verdicts))]
        same += not found
        wrong += found
        click.echo(f"run {number}: {len(verdicts)} verdicts in {time.monotonic() - began:.1f} s, {_differing(found)}")
    click.echo("\n".join([*wrong, f"{runs} runs, the same verdicts {same} times"]))
    raise SystemExit(bool(wrong))


def _verdicts(documents: Documents, choice: Choice) -> Verdicts:
    """
    None at all where the run could not even begin: that differs from every other run.
    """
    setup = Setup(profiles=documents.profiles)
    try:
        played = loop.run(play_and_judge(documents, setup, choice, Progress(quiet=True)))
    except ThreadgaugeError as error:
        click.echo(str(error), err=True)
        return {}
    return {(outcome.profile, outcome.name): outcome for outcome in played.outcomes}


def _failing(verdicts: Verdicts) -> Iterator[str]:
    for (profile, name), outcome in verdicts.items():
        if outcome.kind in ("failed", "error"):
            yield f"{profile} {name}: {outcome.kind}, {_why(outcome)}"


def _changed(first: Verdicts, verdicts: Verdicts) -> Iterator[str]:
    for profile, name in {**first, **verdicts}:
        before, now = _kind(first.get((profile, name))), _kind(verdicts.get((profile, name)))
        if before != now:
            yield f"{profile} {name}: {now}, and {before} in the first run"


def _kind(outcome: Outcome | None) -> Kind | None:
    return outcome.kind if outcome is not None else None


def _why(outcome: Outcome) -> str:
    lines = [line for difference in outcome.differences for line in difference.lines]
    return lines[0] if lines else outcome.reason or "without a reason"


def _differing(found: list[str]) -> str:
    return f"{len(found)} wrong" if found else "all as before"


if __name__ == "__main__":
    main()
