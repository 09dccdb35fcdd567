"""
What acceptance tests share: one real PostgreSQL for the session, and a fresh database in it for each test.
"""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator

import pytest

from conformance.driver.postgres import PostgresServer, running_postgres

# A job in the background of a shell has SIGINT ignored, and so would every process that the tests start: those that
# are to be ended by Ctrl-C never would.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# As long as a third of the rest: begun last, it would leave all cores but one with nothing to do. `test_run`, which
# plays as much, is not played beside it: two whole suites on two cores show what the machine cannot do.
LONGEST = ("test_whole_suite.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    The longest files first, for who plays several at once (`-n 2 --dist loadfile --no-loadscope-reorder`).
    """
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """
    A real server. Where none can be found this fails, and says what to install: the extra is part of the tests.
    """
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """
    The superuser's DSN of an empty database that nobody else uses.
    """
    return postgres.create_database(f"test_{uuid.uuid4().hex}")
