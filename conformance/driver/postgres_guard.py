"""
Holds one PostgreSQL for exactly as long as its parent lives.

Runs alone, as `python -I -S postgres_guard.py`: the standard library only, and nothing of this package. It reads one
JSON line (`binaries`, `password`), makes a folder and a server in it, and answers one (`folder` and `port`, or
`error`). Then it waits for the end of its standard input, which comes however the parent dies, SIGKILL included, and
takes server and folder away.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

INITDB_LIMIT = 60.0  # seconds; 0.4 to 0.6 were measured on two cores, a busy CI machine takes ten times that
READY_LIMIT = 30.0  # seconds; 0.1 was measured
QUIT_LIMIT = 5.0  # seconds; 0.02 was measured
PORT_ATTEMPTS = 5  # somebody else may take the port between our look and the server's bind
SOCKET_PATH_LIMIT = 80  # sockaddr_un holds 104 bytes on macOS; folder name and file name need the rest
UNPRIVILEGED = (65534, 1)  # nobody, daemon; PostgreSQL refuses to run as root
SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # nothing here has to survive a power cut


class Failed(Exception):
    """
    The server did not come up; the text says why.
    """


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    order = json.loads(sys.stdin.readline())
    uid = None
    folder = None
    server = None
    try:
        uid = _unprivileged() if os.geteuid() == 0 else None
        folder = _make_folder(uid)
        binaries = _reachable(Path(order["binaries"]), folder, uid)
        _initdb(binaries, folder, uid, order["password"])
        server, port = _start(binaries, folder, uid)
        _say({"folder": str(folder), "port": port, "pid": server.pid})
        _wait_for_the_parent(server)
    except (Failed, OSError, subprocess.SubprocessError) as problem:
        _say({"error": str(problem)})
    finally:
        _end(server, folder)


def _leave(number: int, _frame: Any) -> NoReturn:
    raise SystemExit(128 + number)


def _say(answer: dict[str, object]) -> None:
    with contextlib.suppress(BrokenPipeError):  # a parent that is gone needs no answer
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _unprivileged() -> int:
    for uid in UNPRIVILEGED:
        with contextlib.suppress(KeyError):  # initdb looks its own user up, and fails without an entry
            return pwd.getpwuid(uid).pw_uid
    raise Failed(f"running as root, and no user with id {' or '.join(map(str, UNPRIVILEGED))} exists to drop to")


def _make_folder(uid: int | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="threadgauge-pg-", dir=_parent_folder(uid)))
    if uid is not None:
        os.chown(folder, uid, uid)
    return folder


def _parent_folder(uid: int | None) -> str:
    """
    Where our own folder goes: TMPDIR, unless its path is too long for a socket or closed to the user we drop to.
    """
    first = tempfile.gettempdir()
    for parent in (first, "/tmp", "/var/tmp"):
        if len(parent) <= SOCKET_PATH_LIMIT and os.path.isdir(parent) and (uid is None or _open_to_all(Path(parent))):
            return parent
    return first


def _open_to_all(folder: Path) -> bool:
    folder = folder.resolve()
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))


def _reachable(binaries: Path, folder: Path, uid: int | None) -> Path:
    """
    The binaries, or a copy of them where the user that we drop to cannot reach them (a venv below a 0700 home).
    """
    if uid is None:
        return binaries
    try:
        if _run([binaries / "postgres", "--version"], folder, uid).returncode == 0:
            return binaries
    except OSError as problem:
        if problem.errno != errno.EACCES:
            raise
    return _copy(binaries, folder, uid)


def _copy(binaries: Path, folder: Path, uid: int) -> Path:
    prefix = binaries.parent
    package = prefix.parent
    libraries = package.with_name(package.name + ".libs")
    # The binaries find their libraries by a path relative to themselves, so the copy keeps the layout.
    copied = folder / "copy" / package.name / prefix.name
    shutil.copytree(prefix, copied, symlinks=True, ignore=shutil.ignore_patterns("include"))
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "copy" / libraries.name)
    for path in (folder / "copy", *(folder / "copy").rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)
    return copied / binaries.name


def _run(command: list[Any], folder: Path, uid: int | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, **_as_user(folder, uid), capture_output=True, text=True, errors="replace", timeout=INITDB_LIMIT
    )


def _as_user(folder: Path, uid: int | None) -> dict[str, Any]:
    # PGDATA, PGPORT and the like belong to somebody else's server.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    drop = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    return {"cwd": folder, "env": environment, **drop}


def _initdb(binaries: Path, folder: Path, uid: int | None, password: str) -> None:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if uid is not None:
        os.chown(secret, uid, uid)
    # C.UTF-8 is missing on macOS and on old systems; C gives the same order, by code point.
    for locale in ("C.UTF-8", "C"):
        done = _run(_initdb_command(binaries, folder, locale), folder, uid)
        if done.returncode == 0:
            return secret.unlink()
    raise Failed(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")


def _initdb_command(binaries: Path, folder: Path, locale: str) -> list[Any]:
    # A password on TCP: with `trust`, any user of this machine could run programs as us by COPY ... TO PROGRAM.
    access = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={folder / 'password'}"]
    encoding = ["-E", "UTF8", f"--locale={locale}"]
    return [binaries / "initdb", "-D", folder / "cluster", "-U", "postgres", *access, *encoding, "--no-sync"]


def _start(binaries: Path, folder: Path, uid: int | None) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(PORT_ATTEMPTS):
        port = _free_port()
        server = _spawn(binaries, folder, uid, port)
        try:
            if _ready(server, folder / "cluster" / "postmaster.pid"):
                return server, port
        except BaseException:
            _quit(server)
            raise
        log = _log(folder)
        if "already in use" not in log:
            break
    raise Failed(f"postgres ended while it started: {log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _spawn(binaries: Path, folder: Path, uid: int | None, port: int) -> subprocess.Popen[bytes]:
    settings = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}", *SPEED)
    options = [word for setting in settings for word in ("-c", setting)]
    command: list[Any] = [binaries / "postgres", "-D", folder / "cluster", *options]
    with (folder / "log").open("wb") as log:
        server: subprocess.Popen[bytes] = subprocess.Popen(
            command, **_as_user(folder, uid), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        return server


def _ready(server: subprocess.Popen[bytes], status: Path) -> bool:
    """
    Waits as pg_ctl does, for the eighth line of postmaster.pid; False when the server ended instead.
    """
    deadline = time.monotonic() + READY_LIMIT
    while server.poll() is None:
        lines = status.read_text().splitlines() if status.exists() else []
        if lines[7:] and lines[7].strip() == "ready":
            return True
        if time.monotonic() > deadline:
            raise Failed(f"postgres was not ready after {READY_LIMIT:.0f} s")
        time.sleep(0.005)
    return False


def _log(folder: Path) -> str:
    return " / ".join((folder / "log").read_text(errors="replace").splitlines()[-5:])


def _wait_for_the_parent(server: subprocess.Popen[bytes]) -> None:
    parent = os.getppid()
    # A child that the parent forked may hold the other end of the pipe open, so the parent's id is watched too.
    while os.getppid() == parent and not select.select([0], [], [], 0.5)[0]:
        server.poll()  # reaps a server that somebody killed


def _end(server: subprocess.Popen[bytes] | None, folder: Path | None) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if server is not None:
        _quit(server)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _quit(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGQUIT)
    try:
        server.wait(QUIT_LIMIT)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
