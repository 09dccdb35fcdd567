"""
A server with a real Redis: two processes, one truth, and a Redis that may go away.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis, RedisError
from reference_process import Process, serving
from sqlalchemy import create_engine, text

REDIS = shutil.which("redis-server")
ALICE, BOB = ({"authorization": f"Bearer {name}"} for name in ("alice", "bob"))

pytestmark = pytest.mark.skipif(REDIS is None, reason="no redis-server is installed: apt-get install redis-server")


@dataclass
class Cached:
    """
    Two servers over one database and one Redis.
    """

    one: Process
    other: Process
    redis: subprocess.Popen[bytes]
    port: int
    database: str


@contextmanager
def redis_on(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """
    A Redis that answers, and keeps nothing on disk.
    """
    command = [str(REDIS), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process, Redis(port=port) as client:
        try:
            wait_until(lambda: answers(client))
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


def wait_until(holds: Any) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "waited for 10 s"
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def cached_over(database: str) -> Iterator[Cached]:
    with ExitStack() as stack:
        port = free_port()
        redis = stack.enter_context(redis_on(port))
        cache = ["--cache", f"redis://127.0.0.1:{port}/0"]
        one, other = (stack.enter_context(serving(database, *cache)) for _ in range(2))
        yield Cached(one, other, redis, port, database)


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cached]:
    with cached_over(f"sqlite:///{tmp_path_factory.mktemp('db')}/cached.db") as both:
        yield both


@pytest.fixture
def shaken(tmp_path: Path) -> Iterator[Cached]:
    """
    One whose Redis may be ended.
    """
    with cached_over(f"sqlite:///{tmp_path / 'shaken.db'}") as both:
        yield both


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest) -> Iterator[Cached]:
    if request.param == "sqlite":
        yield request.getfixturevalue("cached")
    else:
        with cached_over(request.getfixturevalue("postgres_url")) as both:
            yield both


@pytest.fixture(autouse=True)
def own_alice() -> None:
    """
    Every test has its own user: where no principals are configured, every token is one.
    """
    ALICE["authorization"] = f"Bearer {uuid.uuid4().hex}"


def made(server: Process, title: str = "Old") -> str:
    answer = server.ask("POST", "/guide/api/threads", json={"title": title}, headers=ALICE)
    assert answer.status_code == 201
    return str(answer.json()["id"])


def title(server: Process, thread: str) -> str:
    return str(server.ask("GET", f"/guide/api/threads/{thread}", headers=ALICE).json()["title"])


def titles(server: Process, who: dict[str, str] = ALICE) -> list[str]:
    return [one["title"] for one in server.ask("GET", "/guide/api/threads", headers=who).json()]


def said(server: Process, thread: str) -> list[str]:
    listed = server.ask("GET", f"/guide/api/threads/{thread}/messages", headers=ALICE)
    assert listed.status_code == 200
    return [one["content"] for one in listed.json()]


def ask(server: Process, thread: str, words: str) -> None:
    body = {"thread_id": thread, "message": words}
    assert server.ask("POST", "/guide/api/chat", json=body, headers=ALICE).status_code == 200


def rename(server: Process, thread: str, to: str) -> None:
    answer = server.ask("PATCH", f"/guide/api/threads/{thread}", json={"title": to}, headers=ALICE)
    assert answer.status_code == 200


def behind_the_back(cached: Cached, statement: str) -> None:
    engine = create_engine(cached.database)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_what_was_read_is_read_from_the_copy(cached: Cached):
    thread = made(cached.one)
    assert (title(cached.one, thread), titles(cached.one)) == ("Old", ["Old"])

    behind_the_back(cached, f"UPDATE threads SET title = 'Unseen' WHERE id = '{thread}'")

    assert (title(cached.other, thread), titles(cached.other)) == ("Old", ["Old"])


def test_what_one_process_changes_the_other_reads(anywhere: Cached):
    thread = made(anywhere.one)
    for server in (anywhere.one, anywhere.other) * 2:
        assert (title(server, thread), titles(server), said(server, thread)) == ("Old", ["Old"], [])

    rename(anywhere.one, thread, "New")
    assert (title(anywhere.other, thread), titles(anywhere.other)) == ("New", ["New"])
    ask(anywhere.other, thread, "My name is Alice")
    assert len(said(anywhere.one, thread)) == 2
    ask(anywhere.one, thread, "What is my name?")
    assert said(anywhere.other, thread)[-1] == "Your name is Alice."
    anywhere.one.ask("DELETE", f"/guide/api/threads/{thread}", headers=ALICE)

    left = [
        anywhere.other.ask("GET", f"/guide/api/threads/{thread}{rest}", headers=ALICE) for rest in ("", "/messages")
    ]
    assert [one.status_code for one in left] == [404, 404]
    assert titles(anywhere.other) == []


def test_a_thread_made_again_has_nothing_of_the_old_one(cached: Cached):
    body = {"id": "again", "title": "Same"}
    for _ in range(2):
        cached.one.ask("POST", "/guide/api/threads", json=body, headers=ALICE)
        assert said(cached.other, "again") == []
        ask(cached.one, "again", "Hello!")
        assert len(said(cached.other, "again")) == 2
        cached.other.ask("DELETE", "/guide/api/threads/again", headers=ALICE)


def test_a_copy_is_not_for_everybody(cached: Cached):
    thread = made(cached.one)
    assert (title(cached.one, thread), said(cached.one, thread), titles(cached.one)) == ("Old", [], ["Old"])

    for server in (cached.one, cached.other):
        for rest in ("", "/messages"):
            assert server.ask("GET", f"/guide/api/threads/{thread}{rest}", headers=BOB).status_code == 403
        assert titles(server, BOB) == []


def test_dialects_share_what_they_change(cached: Cached):
    cached.one.chat("shared", "Hello!", "q1", "a1")
    assert len(cached.other.messages("shared")) == 2

    cached.one.ask("POST", "/completions/v1/threads/shared/messages", json={"role": "user", "content": "by the way"})

    assert [one["content"] for one in cached.other.messages("shared")][-1] == "by the way"


def test_a_killed_redis_is_not_missed(shaken: Cached):
    thread = made(shaken.one)
    assert title(shaken.other, thread) == "Old"
    shaken.redis.kill()
    shaken.redis.wait()

    rename(shaken.one, thread, "New")
    ask(shaken.one, thread, "Hello!")

    assert [title(one, thread) for one in (shaken.one, shaken.other)] == ["New", "New"]
    with redis_on(shaken.port):
        time.sleep(1.2)  # readers leave a Redis that did not answer alone for a second
        rename(shaken.other, thread, "Newer")
        assert [title(one, thread) for one in (shaken.one, shaken.other) * 2] == ["Newer"] * 4
        behind_the_back(shaken, "UPDATE threads SET title = 'Unseen'")
        assert title(shaken.one, thread) == "Newer"


def test_what_a_redis_did_not_hear_of_makes_its_copies_void(shaken: Cached):
    thread = made(shaken.one)
    assert (title(shaken.one, thread), titles(shaken.one)) == ("Old", ["Old"])
    shaken.redis.send_signal(signal.SIGSTOP)
    rename(shaken.one, thread, "New")
    assert title(shaken.one, thread) == "New"
    shaken.redis.send_signal(signal.SIGCONT)
    time.sleep(1.2)

    assert title(shaken.one, thread) == "New"
    assert (title(shaken.other, thread), titles(shaken.other)) == ("New", ["New"])
