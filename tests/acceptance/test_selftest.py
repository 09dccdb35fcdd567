"""
The kill matrix of a few defects: one that is caught, one that is only slow, one that names the wrong requirement, and
one that is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from conformance.commands.documents import Documents, load_documents
from conformance.commands.healthy import Healthy
from conformance.commands.killing import PATIENCE, SEED, Hunt
from conformance.commands.suspects import chosen_suspects
from conformance.commands.targets import Setup, open_targets
from conformance.driver.nursery import Nursery
from conformance.driver.processes import TWINS
from conformance.driver.scheduling import cases
from conformance.errors import LaunchError
from conformance.model.matrix import KillMatrix, Row, Suspect
from conformance.reporting.kills import wrongs

T = TypeVar("T")
RECALL = "recall/history-reaches-the-model"
PLAYED = ("recall/first-turn-reaches-the-model", "recall/no-duplicates", "performance/first-token")
NOTHING = Suspect(id=TWINS, sentence="Nothing is wrong.", dialects=["anita"], caught_by=[RECALL])


@pytest.fixture(scope="module")
def documents() -> Documents:
    every = load_documents([], ["anita"])
    return replace(every, scenarios=[one for one in every.scenarios if one.id in PLAYED])


def in_nursery(folder: Path, work: Callable[[Nursery], Coroutine[None, None, T]]) -> T:
    async def inside() -> T:
        async with Nursery(folder / "nursery.log") as nursery:
            return await work(nursery)

    return asyncio.run(inside())


def matrix(documents: Documents, folder: Path, *suspects: Suspect) -> dict[str, Row]:
    async def hunted(nursery: Nursery) -> dict[str, Row]:
        setup = Setup(profiles=documents.profiles, limits=PATIENCE)
        async with open_targets(setup) as some, open_targets(setup) as others:
            healthy = Healthy(
                *(
                    [case for one in each for case in cases(documents.scenarios, one, SEED, False)]
                    for each in (some, others)
                )
            )
            return {one.id: await row(one, nursery, healthy) for one in suspects}

    async def row(suspect: Suspect, nursery: Nursery, healthy: Healthy) -> Row:
        hunt = Hunt(documents, suspect, ["anita"])
        await hunt.named(nursery.server)
        if hunt.missing:
            await hunt.alone(nursery.server)
        return await hunt.row(healthy)

    return in_nursery(folder, hunted)


def test_what_is_made_of_a_few_defects(documents: Documents, tmp_path: Path) -> None:
    lost, slow = chosen_suspects(["no-history-sent", "slow-first-token"])
    misnamed = Suspect(
        id="current-user-duplicated", sentence="Doubled.", dialects=["anita"], caught_by=["performance/first-token"]
    )

    rows = matrix(documents, tmp_path, lost, slow, misnamed, NOTHING)

    assert {name: row.verdict for name, row in rows.items()} == {
        "no-history-sent": "caught",
        "slow-first-token": "caught",
        "current-user-duplicated": "caught elsewhere",
        TWINS: "survived",
    }
    assert rows["no-history-sent"].shown == [RECALL]
    assert rows["current-user-duplicated"].dialects["anita"].also
    assert [name for name, row in rows.items() if row.witness is None] == [TWINS]
    assert rows["no-history-sent"].witness.scenario == "recall/first-turn-reaches-the-model"
    assert rows["slow-first-token"].witness.seen.at.endswith("after")
    assert [one.partition(":")[0] for one in wrongs(KillMatrix(rows=list(rows.values())))] == [
        "current-user-duplicated in anita",
        "twins in anita",
        "twins in anita",
    ]


def test_a_nursery_has_one_server_after_the_other_and_says_why_one_did_not_start(tmp_path: Path) -> None:
    async def three(nursery: Nursery) -> list[str]:
        seen = []
        for number in range(2):
            async with nursery.server(["anita"], f"sqlite:///{tmp_path / str(number)}.db", None, tmp_path) as url:
                seen.append(url)
        with pytest.raises(LaunchError, match="there is no defect nix"):
            async with nursery.server(["anita"], f"sqlite:///{tmp_path}/x.db", None, tmp_path, ["nix"]):
                pass
        async with nursery.server(["anita"], f"sqlite:///{tmp_path}/last.db", None, tmp_path) as url:
            seen.append(url)
        return seen

    urls = in_nursery(tmp_path, three)

    assert len(urls) == 3
    assert all(url.startswith("http://127.0.0.1:") for url in urls)
