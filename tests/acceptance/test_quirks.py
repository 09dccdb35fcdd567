"""
Odd servers played for real: each is as green as the healthy one, and what is no oddity is still caught.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from conformance.cli import main
from conformance.commands.documents import load_documents
from conformance.commands.oddities import quirks_named, spoken
from conformance.commands.targets import Setup, open_targets
from conformance.driver.scheduling import cases, play_all
from conformance.engine.judge import judge
from conformance.model.outcome import Outcome
from conformance.model.quirk import Trials

PLAYED = (
    "order/oldest-first",
    "pages/walk",
    "recall/first-turn-reaches-the-model",
    "storage/seed-test-1-basic-message-storage",
    "streaming/three-deltas-are-one-message",
    "streaming/terminal-marker",
)
COMPLETIONS = ["cr", "comments", "gzip", "single-bytes", "interim-answers", "title-calls", "opaque-cursors"]
ANITA = ["times-milliseconds", "lists-wrapped-twice", "roles-human-and-ai", "own-system-message", "stored-300-ms-later"]


def outcomes(dialect: str, quirks: list[str], *, told: bool = True, defects: tuple[str, ...] = ()) -> list[Outcome]:
    documents = load_documents([], [dialect])
    profiles = spoken(documents.profiles, quirks_named(quirks)) if told else documents.profiles
    documents = replace(documents, scenarios=[one for one in documents.scenarios if one.id in PLAYED])
    found: list[Outcome] = []

    async def play() -> None:
        async with open_targets(Setup(profiles=profiles, quirks=quirks, defects=defects)) as targets:
            every = [case for one in targets for case in cases(documents.scenarios, one, seed=1, tidy=False)]
            await play_all(every, 4, lambda case, seen: found.append(verdict(case, seen)) or False)

    def verdict(case, seen) -> Outcome:
        return judge(seen, case.target.profile, documents.requirements)

    asyncio.run(play())
    return found


@pytest.mark.parametrize(("dialect", "quirks"), [("completions", COMPLETIONS), ("anita", ANITA)])
def test_an_odd_server_is_green(dialect: str, quirks: list[str]):
    found = outcomes(dialect, quirks)

    assert {one.kind for one in found} <= {"passed", "unsupported"}
    assert sum(one.kind == "passed" for one in found) >= 4


def test_what_must_be_declared_is_seen_where_it_is_not():
    found = outcomes("anita", ["lists-wrapped-twice"], told=False)

    assert "failed" in {one.kind for one in found}


def test_a_defect_is_caught_on_an_odd_server_too():
    found = outcomes("completions", COMPLETIONS, defects=("no-history-sent",))

    assert "recall/first-turn-reaches-the-model" in [one.scenario for one in found if one.kind == "failed"]


def test_the_command_keeps_what_it_found(tmp_path: Path):
    file = tmp_path / "quirks.json"
    words = ["selftest", "--quirk", "no-date", "--quirk", "trailers", "--dialect", "anita", "--combinations", "0"]
    result = CliRunner().invoke(main, [*words, "--output", str(file)])
    trials = msgspec.json.decode(file.read_bytes(), type=Trials)

    assert result.exit_code == 0, result.output
    assert [(one.quirks, one.verdict) for one in trials.alone] == [(["no-date"], "green"), (["trailers"], "green")]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["run", "--quirk", "gzipp"], "Did you mean gzip?"),
        (["run", "--quirk", "cr", "--quirk", "crlf"], "exclude each other"),
        (["run", "--profile", "anita", "--quirk", "cr"], "no dialect has cr"),
        (["run", "http://127.0.0.1:1", "--profile", "anita", "--quirk", "cr"], "cannot be used with a target of yours"),
    ],
)
def test_a_quirk_that_cannot_be_is_refused(words: list[str], problem: str):
    result = CliRunner().invoke(main, words)

    assert result.exit_code == 2
    assert problem in result.output
