"""
Two processes over one PostgreSQL are one server: what one does, the other knows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from reference_process import Model, Process, modelling, serving


@dataclass
class Pair:
    """
    Two servers, the model of both, and their database.
    """

    one: Process
    other: Process
    model: Model
    database: str


@pytest.fixture
def pair(postgres_url: str) -> Iterator[Pair]:
    with ExitStack() as stack:
        model = stack.enter_context(modelling())
        servers = [stack.enter_context(serving(postgres_url, "--upstream", model.url)) for _ in range(2)]
        yield Pair(*servers, model, postgres_url)


def wait_for_turn(pair: Pair, thread: str) -> None:
    """
    Until a turn is under way in the thread. Raises where none is after 5 s.
    """
    end = time.monotonic() + 5
    with psycopg.connect(pair.database, autocommit=True) as connection:
        while time.monotonic() < end:
            row = connection.execute("SELECT busy_by FROM threads WHERE id = %s", [thread]).fetchone()
            if row and row[0]:
                return
            time.sleep(0.01)
    raise AssertionError("no turn began")


def test_what_one_stores_the_other_lists(pair: Pair):
    pair.model.gate.set()
    assert pair.one.chat("t", "Hello!").text == "first second"

    assert pair.other.texts("t") == ["Hello!", "first second"]


def test_turns_of_one_thread_queue_over_both(pair: Pair):
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(pair.one.chat, "t", "one")
        wait_for_turn(pair, "t")
        second = threads.submit(pair.other.chat, "t", "two")
        time.sleep(0.3)  # long enough for a turn that does not wait: this one takes 10 ms
        waiting = pair.one.texts("t")
        pair.model.gate.set()
        answers = [first.result().text, second.result().text]

    assert waiting == ["one"]
    assert answers == ["first second", "first second"]
    assert pair.one.texts("t") == ["one", "first second", "two", "first second"]


def test_a_thread_that_the_other_deletes_is_not_revived(pair: Pair):
    with ThreadPoolExecutor(1) as threads:
        answering = threads.submit(pair.one.chat, "t", "one")
        wait_for_turn(pair, "t")
        assert pair.other.ask("DELETE", "/anita/threads/t").status_code == 204
        pair.model.gate.set()
        answering.result()

    assert pair.other.ask("GET", "/anita/threads/t").status_code == 404


def test_a_thread_whose_process_died_is_free_when_its_time_is_over(pair: Pair):
    with ThreadPoolExecutor(1) as threads:
        lost = threads.submit(pair.one.chat, "t", "one")
        wait_for_turn(pair, "t")
        pair.one.process.kill()
        assert lost.exception() is not None
    with psycopg.connect(pair.database, autocommit=True) as connection:
        connection.execute("UPDATE threads SET busy_until = now()")  # the half minute, without waiting for it
    pair.model.gate.set()

    assert pair.other.chat("t", "two").text == "first second"
    assert pair.other.texts("t") == ["one", "two", "first second"]
