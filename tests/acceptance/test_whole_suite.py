"""
Everything that ships, against the reference server over PostgreSQL: nothing may fail, and nothing may go unseen. Over
SQLite, `test_run` plays it as a user does.
"""

import asyncio
from collections import Counter

from conformance.commands.documents import load_documents, profiles_named
from conformance.commands.progress import Progress
from conformance.commands.run import Choice, Played, play_and_judge
from conformance.commands.targets import Setup
from conformance.model.outcome import Outcome
from conformance.reporting.failure import failure_lines


def played(db: str) -> Played:
    profiles = profiles_named([])
    documents = load_documents([], profiles)
    return asyncio.run(play_and_judge(documents, Setup(profiles, db=db), Choice(seed=1), Progress(quiet=True)))


def busy(outcome: Outcome) -> bool:
    """
    A machine that was too busy for a figure says nothing of the server.
    """
    return outcome.area == "performance" and outcome.kind in ("inconclusive", "deviation")


def test_the_healthy_server_passes_everything_it_declares(postgres_url: str):
    outcomes = played(postgres_url).outcomes

    wrong = [one for one in outcomes if one.kind not in ("passed", "unsupported") and not busy(one)]
    passed = Counter(one.profile for one in outcomes if one.kind == "passed")
    assert wrong == [], "\n".join(line for one in wrong for line in failure_lines(one))
    assert min(passed.values()) > 150
