"""
How often a caller may begin a turn, whatever the clock shows.
"""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, create_engine

from reference_server.core.errors import Limited
from reference_server.core.limits import Limits
from reference_server.core.people import Principal
from reference_server.core.tables import calls

DAVE = Principal("dave", "dave", "one", limit=3)


class At(Limits):
    """
    Limits at a time of the test's own.
    """

    now = 0.0

    def clock(self) -> float:
        return self.now


@pytest.fixture
def connection():
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        calls.create(connection)
        yield connection
    engine.dispose()


def asked(connection: Connection, *times: float) -> list[int]:
    """
    The seconds that each of these turns was told to wait; 0 for one that was taken.
    """
    limits, told = At(), []
    for now in times:
        limits.now = now
        try:
            with connection.begin_nested():
                limits.take(connection, DAVE)
            told.append(0)
        except Limited as refused:
            told.append(refused.retry_after)
    return told


@pytest.mark.parametrize("began", [600.0, 630.0, 659.0, 659.5, 659.9])
def test_the_fourth_in_a_second_is_refused_whether_or_not_a_minute_ends(connection: Connection, began: float):
    told = asked(connection, *(began + 0.2 * place for place in range(8)))

    assert [bool(seconds) for seconds in told] == [False] * 3 + [True] * 5


@pytest.mark.parametrize("began", [600.0, 630.0, 659.9])
def test_who_waits_as_long_as_it_was_told_is_taken(connection: Connection, began: float):
    *_, seconds = asked(connection, began, began, began, began + 0.3)

    assert asked(connection, began + 0.3 + seconds) == [0]


def test_who_comes_much_later_has_all_again(connection: Connection):
    assert asked(connection, *[600.0] * 3, *[720.0] * 3) == [0] * 6
