"""
Whatever is wrong with a command line or a target: a sentence that says which and what to do, exit 2, soon, and nothing
secret in it.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

PACKAGES = str(Path(find_spec("conformance").origin).parents[1])  # type: ignore[union-attr,arg-type]
SOON = 40.0  # seconds: the connect timeout of 5 and our start; both took 18 on a machine with a load of 6
SECRET = "p@ss/w0rd?#%"


def threadgauge(*words: str, cwd: Path, command: str = "run") -> str:
    """
    Runs it, sees that it ends soon with exit code 2 and nothing but words, and gives these.
    """
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "conformance.cli", command, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": PACKAGES},
        capture_output=True,
        text=True,
        timeout=60,
    )
    taken = time.monotonic() - began
    assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert taken < SOON
    return done.stderr.removeprefix("threadgauge: ").rstrip("\n")


class Answer(BaseHTTPRequestHandler):
    """
    The same status to everything, with what came in the header `authorization`.
    """

    status = 500

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = f"no luck for {self.headers.get('authorization')}".encode()
        self.send_response(self.status)
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def answering(status: int) -> Iterator[str]:
    handler = type("Here", (Answer,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@contextmanager
def silent() -> Iterator[int]:
    """
    The port of somebody who accepts connections and says nothing.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def healthy(folder: Path) -> Iterator[str]:
    """
    A reference server, whose model is its own; its database is `chat.db` in that folder.
    """
    command = ["-m", "reference_server", "--port", "0", "--db", "sqlite:///chat.db", "--exit-with-parent"]
    where = {**os.environ, "PYTHONPATH": PACKAGES}
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, *command], cwd=folder, env=where, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().removeprefix("ready ").strip()
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with healthy(tmp_path_factory.mktemp("reference")) as url:
        yield url


def run(url: str, *words: str, cwd: Path, profile: str = "anita") -> str:
    return threadgauge(url, "--profile", profile, "--select", "storage", *words, cwd=cwd)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "does not answer .*: start the server, or correct the URL"),
        ("http://no-such-host.invalid", "does not answer .*: start the server, or correct the URL"),
        ("127.0.0.1:8000", "is not the URL of a server: write http://HOST:PORT"),
        ("localhost:8000", "is not the URL of a server: write http://HOST:PORT"),
        ("ftp://127.0.0.1", "is not the URL of a server: write http://HOST:PORT"),
        ("http://", "is not the URL of a server: write http://HOST:PORT"),
        ("http://127.0.0.1:99999", "is not the URL of a server: write http://HOST:PORT"),
        ("http://127.0.0.1:1?key=1", "has a query or a fragment: give the URL up to its path"),
        (f"http://me:{SECRET[:4]}@127.0.0.1:1", "credentials in the URL are not sent: give --header"),
    ],
)
def test_a_url_that_leads_nowhere(url: str, said: str, tmp_path: Path):
    sentence = run(url, cwd=tmp_path)

    assert re.search(said, sentence)
    assert SECRET[:4] not in sentence


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, "answered 500 .*: the server fails at a plain turn; see its log"),
        (401, "answered 401 .*: give credentials with --header"),
        (302, "answered 302 .*: redirects are not followed; give the URL that it leads to"),
        (404, "answered 404 .*: is it the right profile, and the base URL without the path?"),
    ],
)
def test_a_target_that_answers_the_same_to_everything(status: int, said: str, tmp_path: Path):
    with answering(status) as url:
        sentence = run(url, "--header", "authorization: Token s3cr3t-of-mine", cwd=tmp_path)

    assert re.search(said, sentence)
    assert "s3cr3t-of-mine" not in sentence


def test_a_base_url_below_the_routes_is_told_where_a_thread_must_be_made_first(tmp_path: Path):
    with answering(404) as url:
        sentence = run(f"{url}/v2", "--header", "authorization: Token s", cwd=tmp_path, profile="assistants")

    assert re.search(r"answered 404.*base URL", sentence)


def test_a_target_that_accepts_and_never_answers(tmp_path: Path):
    with silent() as port:
        sentence = run(f"http://127.0.0.1:{port}", "--connect-timeout", "1", cwd=tmp_path)

    assert "does not answer (no end within 1 s)" in sentence


def test_tls_to_a_port_that_speaks_plain_http(reference: str, tmp_path: Path):
    sentence = run(reference.replace("http:", "https:"), cwd=tmp_path)

    assert sentence.endswith("try http://.")


def test_a_url_with_a_wrong_path(reference: str, tmp_path: Path):
    sentence = run(f"{reference}/v1", cwd=tmp_path)

    assert sentence.endswith("is it the right profile, and the base URL without the path?")


def test_a_wrong_profile(reference: str, tmp_path: Path):
    sentence = run(reference, cwd=tmp_path, profile="completions")

    assert re.search("answered 404 .*profile completions expects 200: is it the right profile", sentence)


@pytest.mark.parametrize("change", ["role: $.sender", "text: $.text", "id: $.number"])
def test_a_profile_whose_list_maps_to_nothing(change: str, reference: str, tmp_path: Path):
    fields = f"{{list_messages: {{fields: {{{change}}}}}}}"
    (tmp_path / "mine.yaml").write_text(f"extends: anita\nprofile: mine\noperations: {fields}\n")
    name = change.partition(":")[0]

    sentence = run(reference, cwd=tmp_path, profile="mine.yaml")

    assert re.search(
        rf"^mine.yaml:3:4\d: profile mine does not fit the list: .*`fields.{name}` of `list_messages`\)\n"
        rf"  hint: write `{name}: ",
        sentence,
    )


def test_a_url_without_a_profile(reference: str, tmp_path: Path):
    assert "give --profile NAME" in threadgauge(reference, cwd=tmp_path)


def test_an_unknown_profile(reference: str, tmp_path: Path):
    assert "Did you mean anita?" in run(reference, cwd=tmp_path, profile="anitta")


def test_a_profile_of_ones_own_without_a_url(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text("extends: anita\nprofile: mine\n")

    assert "give the URL of your server" in threadgauge("--profile", "mine.yaml", cwd=tmp_path)


def test_every_mistake_of_every_file_is_said(reference: str, tmp_path: Path):
    (tmp_path / "mine.yaml").write_text("extends: anita\nprofile: mine\ncapabilities: [retrie]\n")
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "one.yaml").write_text("id: own/one\ntitle: One\nstepz: []\n")
    (folder / "two.yaml").write_text(
        "id: own/two\ntitle: Two\nsteps:\n  - chat: {thread: t, say: Hi}\n    expect: {stauts: 200}\n"
    )
    (folder / "three.yaml").write_text(
        "id: own/three\ntitle: Three\nneeds: [upstreem]\nsteps: [{chat: {thread: t, say: Hi}, expect: {status: 200}}]\n"
    )
    said = run(reference, "--scenarios", "own", cwd=tmp_path, profile="mine.yaml")

    assert "mine.yaml:3:16: the ledger has no capability `retrie`\n  hint: did you mean `retry`?" in said
    assert "own/one.yaml:3:1: unknown field `stepz`\n  hint: did you mean `steps`?" in said
    assert "own/two.yaml:5:14: unknown field `stauts`\n  hint: did you mean `status`?" in said
    assert "own/three.yaml:3:9: the ledger has no capability `upstreem`\n  hint: did you mean `upstream`?" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scenarios", "nowhere"], "there is no nowhere: correct --scenarios"),
        (["--scenarios", "."], r"there is no scenario \(\*\.yaml\) in \."),
        (["--select", "nothing-like-it"], "no scenario matches nothing-like-it. `threadgauge list --scenarios`"),
        (["--select", "recal"], "no scenario matches recal. Did you mean recall?"),
        (["--level", "may"], "no scenario is left by --select storage.* and --level MAY"),
        (["--header", "authorization Bearer s3cr3t-of-mine"], "a --header is not NAME:VALUE"),
        (["--header", "x y: s3cr3t-of-mine"], "this is no name of a header"),
        (["--header", "x-y: s3cr3t-of-mine ü"], "its value holds characters that a header cannot"),
        (["--header", "content-length: 3"], "it belongs to each request's own framing; leave it out"),
        (["--upstream", "127.0.0.1"], "`127.0.0.1` is not an address for the upstream witness: write HOST:PORT"),
        (["--upstream", "127.0.0.1:http"], "write HOST:PORT"),
        (["--upstream", "no-such-host.invalid:9911"], "cannot listen on .*: choose another address"),
        (
            ["--defect", "no-history-sent"],
            "--defect breaks the reference server; it cannot be used with a target of yours",
        ),
        (["--db", "mysql://me:s3cr3t-of-mine@127.0.0.1/chat"], '"mysql" is no kind of store that we read'),
        (["--db", "chat.db"], "it has no ://"),
        (["--db", "postgres"], "nothing tells your server to store there: give the DSN of its own database"),
        (["--db", "sqlite:///nowhere.db"], "there is no such file"),
        (["--db", f"postgresql://me:{SECRET}@127.0.0.1:1/chat"], "write @ / .* as %40 %2F"),
        (["--db", "postgresql://me:pass/w0rd@127.0.0.1:1/chat"], "write @ / .* as %40 %2F"),
        (["--db", "postgresql://me:s3cr3t%2Dof-mine@127.0.0.1:1/chat"], "start the database, or fix the DSN"),
        (["--db", "postgresql://me@127.0.0.1:1/chat?password=s3cr3t-of-mine"], "start the database, or fix the DSN"),
        (["--output", "/proc/nowhere"], "cannot write to /proc/nowhere .*: choose another --output"),
        (["--output", "file"], "cannot write to file .*: choose another --output"),
    ],
)
def test_a_word_of_the_command_line_that_is_wrong(words: list[str], said: str, reference: str, tmp_path: Path):
    (tmp_path / "file").touch()
    sentence = run(reference, *words, cwd=tmp_path)

    assert re.search(said, sentence)
    assert [secret for secret in ("s3cr3t-of-mine", SECRET, "w0rd") if secret in sentence] == []


@pytest.mark.parametrize(
    ("db", "said"), [("chat.db", "it is no DSN"), ("mongodb://127.0.0.1/chat", "not store in mongodb")]
)
def test_a_database_in_which_the_reference_server_cannot_store(db: str, said: str, tmp_path: Path):
    told = threadgauge("--profile", "anita", "--db", db, cwd=tmp_path)

    assert re.search(f"{said}: give sqlite:///FILE, .* or `postgres` for a throw-away PostgreSQL", told)


def test_a_defect_that_there_is_not(tmp_path: Path):
    said = threadgauge("--defect", "no-history-snt", cwd=tmp_path)

    assert said == "there is no defect no-history-snt. Did you mean no-history-sent?"


def test_a_database_without_the_tables(reference: str, tmp_path: Path):
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE invoices (id)")
    said = run(reference, "--db", "sqlite:///other.db", cwd=tmp_path)

    assert "no such table: threads\n  hint: there are invoices" in said


def test_a_database_of_another_server(reference: str, tmp_path: Path):
    with healthy(tmp_path):
        said = run(reference, "--db", "sqlite:///chat.db", cwd=tmp_path)

    assert "holds no message of a turn that was just answered: is --db the target's own database" in said


def test_a_wrong_password(reference: str, tmp_path: Path):
    postgres = pytest.importorskip("conformance.driver.postgres")
    with postgres.running_postgres() as server:
        dsn = f"postgresql://postgres:wrong-one@127.0.0.1:{server.port}/postgres"
        said = run(reference, "--db", dsn, cwd=tmp_path)

    assert "password authentication failed" in said
    assert "wrong-one" not in said


def test_an_upstream_address_that_something_else_has(reference: str, tmp_path: Path):
    said = run(reference, "--upstream", reference.removeprefix("http://"), cwd=tmp_path)

    assert re.search("cannot listen on .* and no upstream witness listens there: choose another address", said)


def test_an_upstream_that_is_never_called(reference: str, tmp_path: Path):
    said = run(reference, "--upstream", "127.0.0.1:0", cwd=tmp_path)

    assert re.search("without calling the upstream witness: point its model URL .* at the witness", said)


def test_a_run_that_could_not_begin_leaves_no_report(tmp_path: Path):
    run("http://127.0.0.1:1", cwd=tmp_path)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("command", ["serve", "upstream"])
def test_a_port_that_is_taken(command: str, tmp_path: Path):
    with silent() as port:
        said = threadgauge("--port", str(port), cwd=tmp_path, command=command)

    assert said == f"cannot listen on 127.0.0.1:{port} (Address already in use): choose another --host or --port."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--dialect", "anta"],
            "there is no dialect anta: anita, assistants, completions, conversations, guide, shadflare and all.",
        ),
        (["--defect", "no-history-snt"], "there is no defect no-history-snt. Did you mean no-history-sent?"),
    ],
)
def test_a_word_for_serve_that_there_is_not(words: list[str], said: str, tmp_path: Path):
    assert threadgauge(*words, cwd=tmp_path, command="serve") == said


@pytest.mark.skipif(shutil.which("id") is None or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(reference: str, tmp_path: Path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)

    assert "(Permission denied): choose another --output" in run(reference, "--output", "locked", cwd=tmp_path)
