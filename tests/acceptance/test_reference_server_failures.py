"""
The reference server when something goes: the client, the model, the store, the process itself.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import psycopg
import pytest
from reference_process import Model, Process, modelling, serving, turn

from conformance.driver.postgres import PostgresServer


@contextmanager
def raw_stream(server: Process, path: str, body: Any) -> Iterator[socket.socket]:
    """
    A request whose answer is read as bytes.
    """
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    place = urlsplit(server.url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as connection:
        connection.sendall(head.encode() + content)
        yield connection


def read_to_end(connection: socket.socket, until: bytes | None = None) -> bytes:
    seen = b""
    while (until is None or until not in seen) and (part := connection.recv(4096)):
        seen += part
    return seen


def eventually(look: Callable[[], Any], wanted: Any) -> Any:
    """
    What is seen when it is as wanted, or after 5 s.
    """
    end = time.monotonic() + 5
    while (seen := look()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    return seen


@pytest.fixture
def model() -> Iterator[Model]:
    with modelling() as one:
        yield one


@pytest.fixture
def asking(model: Model, tmp_path: Path) -> Iterator[Process]:
    """
    A server that asks our model.
    """
    with serving(f"sqlite:///{tmp_path}/asking.db", "--upstream", model.url) as process:
        yield process


# -- a client or a model that goes


def test_the_answer_to_a_client_that_left_is_stored(model: Model, asking: Process):
    with raw_stream(asking, "/anita/chat", turn("left", "Hello!")) as connection:
        read_to_end(connection, b"first ")
    model.gate.set()

    assert eventually(lambda: asking.texts("left"), ["Hello!", "first second"]) == ["Hello!", "first second"]


def test_an_answer_that_dies_has_no_end(model: Model, asking: Process):
    model.dies = True

    with raw_stream(asking, "/anita/chat", turn("died", "Hello!")) as connection:
        raw = read_to_end(connection)

    assert b"first " in raw
    assert not raw.endswith(b"0\r\n\r\n")
    assert asking.texts("died") == ["Hello!"]


def test_an_answer_that_dies_is_told_to_the_official_client(model: Model, asking: Process):
    model.dies = True
    base = f"{asking.url}/completions/v1/threads/died"

    with openai.OpenAI(base_url=base, api_key="-", max_retries=0) as client, pytest.raises(openai.APIError) as told:
        list(client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True))

    assert told.value.type == "upstream_error"


def test_a_turn_that_failed_can_be_tried_again(model: Model, asking: Process):
    model.dies = True
    with raw_stream(asking, "/anita/chat", turn("again", "Hello!", "p", "r")) as connection:
        read_to_end(connection)
    model.dies = False
    model.gate.set()

    assert asking.chat("again", "Hello!", "p", "r").text == "first second"
    assert [one["id"] for one in asking.messages("again")] == ["p", "r"]


# -- the process


def test_sigterm_ends_it_with_a_stream_open(model: Model, asking: Process):
    with raw_stream(asking, "/anita/chat", turn("open", "Hello!")) as connection:
        read_to_end(connection, b"first ")
        asking.process.send_signal(signal.SIGTERM)

        assert asking.ended() in (0, -signal.SIGTERM)


def test_it_ends_with_its_parent(tmp_path: Path):
    with serving(f"sqlite:///{tmp_path}/parent.db") as one:
        assert one.process.stdin is not None
        one.process.stdin.close()

        assert one.ended() == 0


# -- two processes, one store


@pytest.fixture(params=["sqlite", "postgres"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    url = f"sqlite:///{tmp_path}/shared.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with serving(url) as one, serving(url) as other:
        yield one, other


def test_two_processes_keep_one_order(pair: tuple[Process, Process]):
    texts = [f"message {number}" for number in range(16)]
    with ThreadPoolExecutor(8) as posting:
        answers = list(posting.map(lambda n: pair[n % 2].chat("shared", texts[n]).status_code, range(16)))

    assert answers == [200] * 16
    seen = [one.messages("shared") for one in pair]
    assert seen[0] == seen[1]
    assert sorted(one["content"] for one in seen[0] if one["role"] == "user") == sorted(texts)
    assert len({one["id"] for one in seen[0]}) == 32


def test_the_same_turn_in_two_processes_is_stored_once(pair: tuple[Process, Process]):
    def said(one: Process) -> str:
        # Whoever comes second may be refused or cut off, but is never given another answer than the stored one.
        try:
            answer = one.chat("twice", "Hello!", "p", "r")
        except httpx.RemoteProtocolError:
            return "cut"
        return answer.text if answer.status_code == 200 else "refused"

    with ThreadPoolExecutor(2) as posting:
        answers = list(posting.map(said, pair))

    stored = pair[0].texts("twice")
    assert [one["id"] for one in pair[0].messages("twice")] == ["p", "r"]
    assert set(answers) - {"cut", "refused"} == {stored[1]}
    assert [said(one) for one in pair] == [stored[1]] * 2


def test_a_store_that_is_gone_shows_nothing_of_itself(postgres: PostgresServer, postgres_url: str):
    name = urlsplit(postgres_url).path.lstrip("/")
    with serving(postgres_url) as server:
        assert server.ask("GET", "/anita/health").status_code == 200
        with psycopg.connect(postgres.url, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]
        health = [server.ask("GET", f"/{dialect}/health").status_code for dialect in ("anita", "completions")]
        failed = [server.ask("GET", "/anita/threads"), server.chat("t", "Hello!")]

    assert health == [503, 503]
    assert all(one.status_code >= 500 for one in failed)
    assert not [word for word in (name, "psycopg", "sqlalchemy", "SELECT", "Traceback") if word in failed[0].text]
    assert not [word for word in (name, "psycopg", "sqlalchemy", "INSERT", "Traceback") if word in failed[1].text]


def test_a_defect_that_the_dialect_cannot_show_is_told(tmp_path: Path):
    command = [sys.executable, "-m", "reference_server", "--port", "0", "--db", f"sqlite:///{tmp_path / 'a.db'}"]
    with subprocess.Popen(
        [*command, "--defect", "ephemeral-thread-leak"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.kill()

    assert said == "reference server: the defect ephemeral-thread-leak shows in conversations only\n"
