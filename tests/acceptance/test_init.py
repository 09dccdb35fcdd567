"""
`threadgauge init` drafts a profile for a server that it has never seen, and a run with it judges without a failure.
"""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from agentos import agentos
from click.testing import CliRunner
from homegrown import DIALECTS, homegrown
from renamed import NAMES, served, serving

from conformance.cli import main

TOKEN = "a-token-of-alice"
PLAYED = (
    "storage/one-text-everywhere",
    "recall/seed-test-2-conversation-history",
    "streaming/three-deltas-are-one-message",
    "streaming/well-formed",
    "order/oldest-first",
)


def outcomes(folder: Path) -> dict[str, str]:
    results = json.loads((folder / "results.json").read_text())
    return {one["scenario"]: one["kind"] for one in results["outcomes"]}


@pytest.mark.parametrize("dialect", NAMES)
def test_a_server_under_other_names_gets_a_profile_that_works(
    dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("THREADGAUGE_TOKEN_ALICE", TOKEN)
    with served(dialect, tmp_path, {TOKEN: "alice"}) as server:
        file, report = tmp_path / "draft.yaml", tmp_path / "report"
        words = [server.url, "--upstream", server.upstream]
        drafted = CliRunner().invoke(main, ["init", *words, "-o", str(file)])
        chosen = [word for one in PLAYED for word in ("-s", one)]
        CliRunner().invoke(main, ["run", *words, "-p", str(file), *chosen, "-o", str(report), "-q"])

    assert drafted.exit_code == 0, drafted.output
    assert "\nready: " in drafted.output
    assert "TO DO" not in file.read_text()
    assert {one: outcomes(report).get(one) for one in PLAYED} == dict.fromkeys(PLAYED, "passed")
    assert set(outcomes(report).values()) <= {"passed", "unsupported"}


def test_a_server_that_others_wrote_gets_a_profile_that_works(tmp_path: Path):
    file, report = tmp_path / "draft.yaml", tmp_path / "report"
    with serving(agentos) as server:
        words = [server.url, "--upstream", server.upstream]
        drafted = CliRunner().invoke(main, ["init", *words, "-o", str(file)])
        chosen = [word for one in (*PLAYED, "streaming/first-text-before-the-last") for word in ("-s", one)]
        CliRunner().invoke(main, ["run", *words, "-p", str(file), *chosen, "-o", str(report), "-q"])

    assert drafted.exit_code == 0, drafted.output
    assert "ok          list texts" in drafted.output
    assert "{name: RunContent, text: $.content}" in file.read_text()
    assert "stream: json-sse, by the bytes of one answer" in file.read_text()
    assert outcomes(report)["storage/one-text-everywhere"] == "passed"
    assert outcomes(report)["streaming/first-text-before-the-last"] == "passed"
    assert set(outcomes(report).values()) <= {"passed", "unsupported"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_of_the_servers_own_is_drafted_from_its_bytes(dialect: str, tmp_path: Path):
    file, report = tmp_path / "draft.yaml", tmp_path / "report"
    with serving(homegrown(dialect)) as server:
        words = [server.url, "--upstream", server.upstream]
        drafted = CliRunner().invoke(main, ["init", *words, "-o", str(file)])
        chosen = [word for one in PLAYED[2:4] for word in ("-s", one)]
        CliRunner().invoke(main, ["run", *words, "-p", str(file), *chosen, "-o", str(report), "-q"])

    assert drafted.exit_code == 0, drafted.output
    assert "as declared" in drafted.output
    assert {one: outcomes(report).get(one) for one in PLAYED[2:4]} == dict.fromkeys(PLAYED[2:4], "passed")


def test_what_only_the_owner_knows_is_asked_for_or_taken_from_a_flag(tmp_path: Path):
    document = tmp_path / "openapi.json"
    properties = {name: {"type": "string"} for name in ("message", "session_id", "shop")}
    properties["stream"] = {"type": "boolean"}
    schema = {"type": "object", "properties": properties, "required": ["message", "shop"]}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}
    paths = {"/agents/echo/runs": {"post": {"requestBody": body}}, "/sessions/{session_id}": {"get": {}}}
    document.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": paths}))
    with serving(agentos) as server:
        words = ["init", server.url, "--openapi", str(document), "-o", str(tmp_path / "shop.yaml"), "--no-doctor"]
        asked = CliRunner().invoke(main, words)
        told = CliRunner().invoke(main, [*words, "--value", "shop=books"])
        screen = at_a_terminal([*words, "-o", str(tmp_path / "typed.yaml")], "[1\nbooks\n\n")

        chosen = ["-p", str(tmp_path / "shop.yaml"), "-s", "errors/missing-text", "-s", "storage/one-text-everywhere"]
        chosen += ["-o", str(tmp_path / "report"), "-q"]
        played = CliRunner().invoke(main, ["run", server.url, *chosen, "--upstream", server.upstream])

    assert asked.exit_code == 2
    assert "give it with --value shop=..." in asked.output
    assert told.exit_code == 0, told.output
    assert "shop: books" in (tmp_path / "shop.yaml").read_text()
    assert "'[1' is no value" in screen
    assert "shop: books" in (tmp_path / "typed.yaml").read_text()
    assert played.exit_code == 0, played.output  # a server without a health route is as good as another
    assert outcomes(tmp_path / "report")["errors/missing-text"] == "unsupported"


def test_without_its_model_a_server_is_drafted_in_part_and_init_starts_the_model_where_it_is_told(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    words = ["-o", str(tmp_path / "p.yaml"), "--force"]
    with serving(lambda _: homegrown("events")(f"http://{address}/v1")) as server:
        alone = CliRunner().invoke(main, ["init", server.url, *words])
        in_part = (tmp_path / "p.yaml").read_text()
        whole = CliRunner().invoke(main, ["init", server.url, "--upstream", address, *words])

    assert alone.exit_code == 1
    assert "its answer was broken off), as one does that does not reach its model" in alone.output
    assert "threadgauge upstream --port 9911" in alone.output
    assert "add `stream: {framing: ...}`" in alone.output
    assert "\n  list_messages:\n" in in_part
    assert whole.exit_code == 0, whole.output
    assert "\nready: " in whole.output
    assert "ok          policy extra_system_prompt" in whole.output


def test_nothing_is_written_over_and_no_document_is_made_up(tmp_path: Path):
    taken = tmp_path / "mine.yaml"
    taken.write_text("mine")

    refused = CliRunner().invoke(main, ["init", "http://127.0.0.1:9", "-o", str(taken)])

    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert taken.read_text() == "mine"


def test_what_a_server_promises_is_given_or_asked_for_at_a_terminal(tmp_path: Path):
    words = ["--no-doctor", "-o"]
    with serving(homegrown("lines")) as server:
        given = CliRunner().invoke(
            main, ["init", server.url, "--policy", "history=whole", *words, str(tmp_path / "given.yaml")]
        )
        screen = at_a_terminal(["init", server.url, *words, str(tmp_path / "asked.yaml")], "window\n")

    assert given.exit_code == 0, given.output
    assert "history: whole" in (tmp_path / "given.yaml").read_text()
    assert "history (whole, window, unknown) [unknown]:" in screen
    assert "history: window" in (tmp_path / "asked.yaml").read_text()


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("history", "--policy history is not NAME=VALUE."),
        ("histori=whole", "there is no policy 'histori'. Did you mean history?"),
        ("history=some", "history is one of whole, window."),
    ],
)
def test_a_promise_that_no_policy_knows_is_refused_before_anything_is_sent(policy: str, told: str, tmp_path: Path):
    refused = CliRunner().invoke(main, ["init", "http://127.0.0.1:9", "--policy", policy, "-o", str(tmp_path / "p")])

    assert refused.exit_code == 2
    assert told in refused.output


def at_a_terminal(words: list[str], typed: str) -> str:
    """
    What stands on the screen when these are the words and that is what is typed.
    """
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "conformance.cli", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        seen = b""
        with suppress(OSError):  # so a pseudo-terminal ends, on Linux
            while piece := os.read(ours, 4096):
                seen += piece
        os.close(ours)
        process.wait(20)
    return seen.decode(errors="replace")
