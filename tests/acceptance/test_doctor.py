"""
`threadgauge doctor` says of each thing whether it is right, and what to do where it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from renamed import serving

from conformance.cli import main
from reference_server.application import application
from reference_server.assembly import Settings


@dataclass
class Server:
    url: str
    upstream: str
    db: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    db = f"sqlite:///{tmp_path_factory.mktemp('doctor') / 'store.db'}"

    def made(model: str):
        app, database = application(["anita"], db, Settings(model))
        database.create()
        return app

    with serving(made) as found:
        yield Server(found.url, found.upstream, db)


def doctor(url: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", url, *words])


def states(result: Result) -> dict[str, str]:
    lines = (re.match(r"(ok|wrong|not seen|undeclared) {2,}(.+?) {2,}", line) for line in result.output.splitlines())
    return {found[2]: found[1] for found in lines if found}


def extending(folder: Path, words: str) -> Path:
    """
    A profile that says something else than anita's.
    """
    file = folder / "other.yaml"
    file.write_text(f"profile: other\ntitle: Other\nextends: anita\n{words}")
    return file


def test_a_server_in_order_is_ready(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("THREADGAUGE_TOKEN_ALICE", "alice")

    result = doctor(server.url, "-p", "anita", "--db", server.db, "--upstream", server.upstream)

    found = states(result)
    assert result.exit_code == 0, result.output
    assert {*found.values()} <= {"ok", "not seen"}
    assert {"turn", "framing", "list roles", "store messages", "upstream", "capability titles"} <= {
        name for name, state in found.items() if state == "ok"
    }
    assert "ready:" in result.output


def test_url_and_profile_are_enough(server: Server):
    result = doctor(server.url, "-p", "anita", "--quick")

    assert result.exit_code == 0
    assert (states(result)["turn"], states(result)["store"], states(result)["upstream"]) == (
        "ok",
        "not seen",
        "not seen",
    )


def test_what_is_declared_wrongly_is_named_with_its_fix(server: Server, tmp_path: Path):
    other = extending(
        tmp_path,
        "operations:\n  chat: {stream: {framing: openai-sse, terminal: true}}\n",
    )

    result = doctor(server.url, "-p", str(other), "--quick")

    assert result.exit_code == 1
    assert states(result)["framing"] == "wrong"
    assert "the bytes look like raw-text: write `stream: {framing: raw-text}`" in result.output


def test_a_list_that_is_read_wrongly_is_named_with_its_fix(server: Server, tmp_path: Path):
    other = extending(
        tmp_path,
        "roles: {user: person}\n"
        "operations:\n"
        "  list_messages: {order: descending, fields: {id: $.role}}\n"
        "store: {messages: \"SELECT id, thread_id, role, 'x' AS text FROM messages\"}\n",
    )

    result = doctor(server.url, "-p", str(other), "--quick", "--db", server.db)

    wrong = {name for name, state in states(result).items() if state == "wrong"}
    assert wrong == {"list roles", "list order", "store messages"}
    assert "write `roles: {person: user}`" in result.output


def test_operations_are_held_against_what_is_answered(server: Server, tmp_path: Path):
    other = extending(
        tmp_path,
        "capabilities: []\noperations: {get_thread: {id: $.title, fields: {id: $.title}}}\n",
    )

    found = states(doctor(server.url, "-p", str(other)))

    assert found["operation get_thread"] == "wrong"
    assert found["operation list_threads"] == "ok"


def test_capabilities_are_held_against_what_is_seen(server: Server, tmp_path: Path):
    other = tmp_path / "other.yaml"
    other.write_text("profile: other\ntitle: Other\nextends: anita\ncapabilities: [metadata, finish-reason]\n")

    result = doctor(server.url, "-p", str(other), "--upstream", server.upstream)

    assert result.exit_code == 1
    assert states(result)["capability finish-reason"] == "wrong"
    assert states(result)["capability metadata"] == "ok"
    assert states(result)["capability titles"] == "undeclared"


def test_no_more_turns_are_asked_for_than_may_be(server: Server):
    told = doctor(server.url, "--profile", "anita", "--max-turns", "3")

    assert told.exit_code == 0, told.output
    assert told.output.count("it was not tried, for no more turns may be asked for") == 2
    assert "raise --max-turns" in told.output
    assert "operation health" in states(told)  # which asks for none


def test_nobody_there_cannot_be_told():
    result = doctor("http://127.0.0.1:9", "-p", "anita")

    assert result.exit_code == 2
    assert states(result) == {"reachable": "wrong"}


def test_witnesses_that_cannot_be_had_do_not_hide_the_rest(server: Server, tmp_path: Path):
    port = server.url.rpartition(":")[2]

    result = doctor(
        server.url, "-p", "anita", "--quick", "--db", f"sqlite:///{tmp_path}/none.db", "--upstream", f"127.0.0.1:{port}"
    )

    assert result.exit_code == 1
    assert [result.output.count(f"wrong       {one} ") for one in ("store", "upstream")] == [1, 1]
    assert states(result)["turn"] == "ok"
