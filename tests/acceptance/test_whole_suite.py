"""
Everything that ships, against the reference server in both dialects, on each store: nothing may fail, and nothing may
go unseen.
"""

import asyncio
from collections import Counter

import pytest

from conformance.commands.documents import load_documents, profiles_named
from conformance.commands.progress import Progress
from conformance.commands.run import Choice, Played, play_and_judge
from conformance.commands.targets import Setup
from conformance.driver.postgres import PostgresServer
from conformance.model.outcome import Outcome


def played(db: str | None) -> Played:
    profiles = profiles_named([])
    documents = load_documents([], profiles)
    return asyncio.run(play_and_judge(documents, Setup(profiles, db=db), Choice(seed=1), Progress(quiet=True)))


def busy(outcome: Outcome) -> bool:
    """
    A machine that was too busy for a figure says nothing of the server.
    """
    return outcome.area == "performance" and outcome.kind == "inconclusive"


def store_of(kind: str, postgres: PostgresServer) -> str | None:
    return postgres.create_database("whole_suite") if kind == "postgres" else None


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_healthy_server_passes_everything_it_declares(kind: str, postgres: PostgresServer):
    outcomes = played(store_of(kind, postgres)).outcomes

    wrong = [
        (one.profile, one.name, one.kind)
        for one in outcomes
        if one.kind not in ("passed", "unsupported") and not busy(one)
    ]
    passed = Counter(one.profile for one in outcomes if one.kind == "passed")
    assert wrong == []
    assert min(passed.values()) > 150
