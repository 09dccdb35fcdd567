"""
The proxy before PostgreSQL, and what is found with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

from conformance.commands.documents import Documents, load_documents, profiles_named
from conformance.commands.targets import Setup, open_targets
from conformance.driver.http import Limits
from conformance.driver.scheduling import cases, play_all
from conformance.driver.storelink import StoreLink, store_link
from conformance.engine.judge import judge
from conformance.loading.places import shipped_ledger
from conformance.model.outcome import Outcome

T = TypeVar("T")
FOLDER = shipped_ledger().parent


@asynccontextmanager
async def linked(url: str) -> AsyncIterator[tuple[StoreLink, Callable[[Callable[[], T]], Awaitable[T]]]]:
    """
    A link, and a thread for what waits for it.
    """
    with ThreadPoolExecutor(2) as threads:
        async with store_link(url) as link:
            loop = asyncio.get_running_loop()
            yield link, lambda work: loop.run_in_executor(threads, work)


@contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    connection = psycopg.connect(dsn, connect_timeout=5)
    try:
        yield connection
    finally:
        connection.close()


def one(dsn: str) -> Any:
    with connected(dsn) as connection:
        row = connection.execute("SELECT 1").fetchone()
        return row and row[0]


def fails(dsn: str) -> bool:
    try:
        return one(dsn) is None
    except psycopg.OperationalError:
        return True


def test_what_is_not_disturbed_goes_through(postgres_url: str) -> None:
    async def run() -> Any:
        async with linked(postgres_url) as (link, apart):
            return await apart(lambda: one(link.dsn))

    assert asyncio.run(run()) == 1


def test_a_cut_ends_what_is_open_and_lets_new_ones_in(postgres_url: str) -> None:
    async def run() -> tuple[int, bool, Any]:
        async with linked(postgres_url) as (link, apart):
            open_one = await apart(lambda: psycopg.connect(link.dsn))
            seen = link.perform("cut")
            dead = await apart(lambda: _is_dead(open_one))
            return seen.struck, dead, await apart(lambda: one(link.dsn))

    assert asyncio.run(run()) == (1, True, 1)


def _is_dead(connection: psycopg.Connection[Any]) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def test_refusing_lasts_until_it_is_mended_and_counts_who_came(postgres_url: str) -> None:
    async def run() -> tuple[bool, int, Any]:
        async with linked(postgres_url) as (link, apart):
            link.perform("refuse")
            refused = await apart(lambda: fails(link.dsn))
            mended = link.perform("mend")
            return refused, mended.struck, await apart(lambda: one(link.dsn))

    refused, struck, found = asyncio.run(run())

    assert (refused, struck > 0, found) == (True, True, 1)


def test_a_commit_that_is_cut_has_stored_nothing(postgres_url: str) -> None:
    def commit(dsn: str) -> bool:
        with connected(dsn) as connection:
            connection.execute("CREATE TABLE lost (n int)")
            try:
                connection.commit()
            except psycopg.OperationalError:
                return False
            return True

    async def run() -> tuple[bool, int]:
        async with linked(postgres_url) as (link, apart):
            link.perform("cut-commit")
            committed = await apart(lambda: commit(link.dsn))
            return committed, link.perform("mend").struck

    assert asyncio.run(run()) == (False, 1)
    with connected(postgres_url) as connection:
        assert connection.execute("SELECT to_regclass('lost')").fetchone() == (None,)


def test_a_silent_link_says_nothing_until_it_is_mended(postgres_url: str) -> None:
    async def run() -> tuple[bool, Any]:
        async with linked(postgres_url) as (link, apart):
            link.perform("silent")
            asked = asyncio.ensure_future(apart(lambda: one(link.dsn)))
            waits = not (await asyncio.wait({asked}, timeout=0.3))[0]
            link.perform("mend")
            return waits, await asked

    assert asyncio.run(run()) == (True, 1)


def test_a_slow_link_is_late_with_every_answer(postgres_url: str) -> None:
    async def run() -> float:
        async with linked(postgres_url) as (link, apart):
            link.perform("slow")
            began = time.monotonic()
            await apart(lambda: one(link.dsn))
            return time.monotonic() - began

    assert asyncio.run(run()) > 0.4


def documents(*names: str) -> Documents:
    return load_documents([FOLDER / name for name in names], profiles_named(["anita"]))


def played(loaded: Documents, db: str | None, *defects: str) -> list[Outcome]:
    found: list[Outcome] = []

    async def run() -> None:
        setup = Setup(profiles=loaded.profiles, db=db, defects=defects, limits=Limits(answer=15.0))
        async with open_targets(setup) as targets:
            chosen = cases(loaded.scenarios, targets[0], 1, False)

            def done(case: Any, transcript: Any) -> bool:
                found.append(judge(transcript, case.target.profile, loaded.requirements))
                return False

            await play_all(chosen, 4, done)

    asyncio.run(run())
    return sorted(found, key=lambda outcome: outcome.scenario)


STORE = ("storage/cut-at-commit.yaml", "storage/store-comes-back.yaml")


def test_a_healthy_server_stands_every_fault_of_the_link(postgres_url: str) -> None:
    outcomes = played(documents(*STORE, "disconnect/nothing-leaks-in-the-store.yaml"), postgres_url)

    assert [(one.scenario, one.kind, one.reason) for one in outcomes if one.kind != "passed"] == []
    assert len(outcomes) == 3


@pytest.mark.parametrize(
    ("defect", "requirement"),
    [("db-never-reconnects", "storage/store-comes-back"), ("db-cut-done-sent", "storage/save-error-is-an-error")],
)
def test_a_server_that_cannot_cope_is_found(postgres_url: str, defect: str, requirement: str) -> None:
    outcomes = played(documents(*STORE), postgres_url, defect)

    assert requirement in {one.requirement for one in outcomes if one.kind == "failed"}


def test_without_postgresql_nothing_of_the_link_can_be_tried() -> None:
    outcomes = played(documents(*STORE), None)

    assert {one.kind for one in outcomes} == {"unsupported"}
    assert all("PostgreSQL" in str(one.reason) for one in outcomes)


def test_the_scenarios_are_where_they_are_looked_for() -> None:
    assert all((Path(FOLDER) / name).is_file() for name in STORE)
