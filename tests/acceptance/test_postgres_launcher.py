"""
The throw-away PostgreSQL, on this machine: it comes up, and it goes, whatever happens to us.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from conformance.driver.postgres import PostgresServer, running_postgres, start
from conformance.driver.postgres_binaries import SETTING, PostgresNotFound, find_binaries
from conformance.errors import LaunchError

ROOT = Path(__file__).parents[2]
GONE_LIMIT = 10.0  # seconds; 0.1 was measured, a busy machine needs more

PARENT = """
import sys, time
from conformance.driver.postgres import start
server = start()
print(server.folder, flush=True)
time.sleep(600)
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another user")


def ask(url: str, sql: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(sql.encode()).fetchone()
    assert row is not None
    return row[0]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GONE_LIMIT
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def postmaster(folder: Path) -> int:
    return int((folder / "cluster" / "postmaster.pid").read_text().split()[0])


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return b"\nState:\tZ" in Path(f"/proc/{process}/status").read_bytes()


def test_a_server_answers_over_tcp_and_over_its_socket(postgres: PostgresServer) -> None:
    by_socket = f"postgresql://postgres@/postgres?host={postgres.folder}&port={postgres.port}"

    assert [ask(url, "SELECT 2 + 2") for url in (postgres.url, by_socket)] == [4, 4]


def test_nobody_gets_in_over_tcp_without_the_password(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{postgres.port}/postgres")


def test_it_listens_on_this_machine_only(postgres: PostgresServer) -> None:
    assert ask(postgres.url, "SHOW listen_addresses") == "127.0.0.1"


def test_each_database_is_empty_and_apart(postgres: PostgresServer) -> None:
    one, other = postgres.create_database("apart_one"), postgres.create_database("apart_other")
    with psycopg.connect(one) as connection:
        connection.execute("CREATE TABLE threads (id text)")

    assert ask(other, "SELECT count(*) FROM pg_tables WHERE tablename = 'threads'") == 0


def test_a_database_name_is_no_way_to_inject(postgres: PostgresServer) -> None:
    with pytest.raises(LaunchError, match="plain database name"):
        postgres.create_database('x"; DROP DATABASE postgres; --')


def test_stop_ends_the_server_and_removes_its_folder() -> None:
    with running_postgres() as server:
        process = postmaster(server.folder)

    assert (gone(process), server.folder.exists()) == (True, False)


def test_stop_twice_is_stop_once() -> None:
    server = start()
    server.stop()
    server.stop()

    assert not server.folder.exists()


def test_servers_start_side_by_side_and_from_any_thread() -> None:
    with ThreadPoolExecutor(3) as threads:
        servers = list(threads.map(lambda _: start(), range(3)))
    # The threads that started them have ended: the servers must not end with them.
    answers = [ask(server.url, "SELECT 1") for server in servers]
    for server in servers:
        server.stop()

    assert answers == [1, 1, 1]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_however_the_parent_dies_nothing_stays(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        folder = Path(parent.stdout.readline().strip())
        process = postmaster(folder)
        parent.send_signal(how)
        parent.wait()

    wait_until(lambda: gone(process) and not folder.exists())


def test_a_parent_that_dies_while_the_server_starts_leaves_nothing() -> None:
    # Not tmp_path: pytest closes it to the user that root drops to.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        surroundings = {**os.environ, "TMPDIR": place}
        with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, env=surroundings) as parent:
            wait_until(lambda: bool(os.listdir(place)))
            parent.kill()

        wait_until(lambda: not os.listdir(place))


def test_a_guard_that_is_told_to_end_takes_the_server_along() -> None:
    server = start()
    process = postmaster(server.folder)
    os.kill(server.guard_pid, signal.SIGTERM)

    wait_until(lambda: gone(process) and not server.folder.exists())
    server.stop()


def copied(binaries: Path, place: Path) -> Path:
    """
    The binaries in another folder, in the layout of a virtual environment: they find their libraries by a path relative
    to themselves.
    """
    prefix = binaries.parent
    shutil.copytree(prefix, place / prefix.parent.name / prefix.name)
    libraries = prefix.parent.with_name(prefix.parent.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, place / libraries.name)
    return place / prefix.parent.name / prefix.name / "bin"


@as_root
def test_root_starts_it_as_somebody_else_and_changes_no_permission(tmp_path: Path) -> None:
    before = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path, *tmp_path.parents, find_binaries())}
    with running_postgres() as server:
        owner = Path(f"/proc/{postmaster(server.folder)}").stat().st_uid
        mode = stat.S_IMODE(server.folder.stat().st_mode)

    assert (owner, mode) == (65534, 0o700)
    assert before == {path: stat.S_IMODE(path.stat().st_mode) for path in before}


@as_root
def test_binaries_below_a_closed_folder_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    binaries = copied(find_binaries(), closed)
    monkeypatch.setenv(SETTING, str(binaries))
    with running_postgres() as server:
        answer = ask(server.url, "SELECT 1")

    assert (answer, stat.S_IMODE(closed.stat().st_mode)) == (1, 0o700)


@as_root
def test_an_ordinary_user_starts_it_too() -> None:
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("no python that an ordinary user may run")
    guard = ROOT / "conformance" / "driver" / "postgres_guard.py"
    # Not tmp_path: pytest closes it to everybody else. A virtual environment may be closed as well, so it is copied.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        order = f'{{"binaries": "{copied(find_binaries(), Path(place))}", "password": "x"}}\n'
        # The text goes in by -c: the tree may lie where an ordinary user cannot read.
        done = subprocess.run(
            [python, "-I", "-S", "-c", guard.read_text()],
            input=order,
            capture_output=True,
            text=True,
            cwd="/",
            user=65534,
            group=65534,
            extra_groups=[],
            check=False,
        )

    assert '"port"' in done.stdout, done.stdout + done.stderr


def test_a_setting_that_names_no_postgres_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, str(tmp_path))
    with pytest.raises(PostgresNotFound, match=r"pip install 'threadgauge\[postgres\]', or install PostgreSQL"):
        start()


def test_binaries_that_do_not_work_are_an_error_that_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'cannot be so' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv(SETTING, str(tmp_path))
    with pytest.raises(LaunchError, match="cannot be so"):
        start()
