"""
Processes that we start: a port that is free, a sign that they are ready, an end that leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from conformance.errors import LaunchError

__all__ = [
    "READY",
    "STOPPED",
    "TWINS",
    "Launched",
    "free_port",
    "launched",
    "reference_command",
    "reference_server",
    "running",
]

READY: Final = 30.0  # seconds until a process must say that it is ready; the reference server takes under 2
TWINS: Final = "twins"
STOPPED: Final = 3.0  # seconds from SIGTERM to SIGKILL
SAID: Final = 3  # last lines of its log that are shown of a process that did not start


class Launched:
    """
    A process in a group of its own. `url` is where it is asked; signals go to its whole group.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path, url: str = "") -> None:
        self.process = process
        self.log = log
        self.url = url

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    @property
    def last_words(self) -> str:
        """
        The last lines that it has written.
        """
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(line.strip() for line in lines[-SAID:]) if lines else "it said nothing"

    def signal(self, number: signal.Signals) -> None:
        """
        To the group, also where its leader has ended: its children may live.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    async def ended(self, seconds: float) -> bool:
        """
        Whether it has ended by then.
        """
        try:
            async with asyncio.timeout(seconds):
                await self.process.wait()
        except TimeoutError:
            return False
        return True

    async def end(self) -> None:
        """
        Tell it to end; kill what is still there after `STOPPED` seconds.
        """
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.alive:
            self.signal(signal.SIGCONT)  # one that is stopped hears nothing else
            self.signal(signal.SIGTERM)
            await self.ended(STOPPED)
        self.signal(signal.SIGKILL)
        await self.process.wait()


async def launched(command: Sequence[str], log: Path, environment: Mapping[str, str], *, speaks: bool) -> Launched:
    """
    Start a process; its output goes to the log, but its standard output where it `speaks` to us there.

    `environment` is added to ours. Raises `LaunchError`.
    """
    with log.open("ab") as written:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE if speaks else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if speaks else written,
                stderr=written,
                start_new_session=True,
                env={**os.environ, **environment},
            )
        except OSError as error:
            raise LaunchError(f"{command[0]} did not start: {error.strerror or error}") from None
    return Launched(process, log)


@asynccontextmanager
async def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """
    Start a process in a group of its own and wait for its line `ready URL`; the URL is what is given.

    `environment` is added to ours. Its other output goes to the log. At the end its whole group is ended.

    Raises `LaunchError`.
    """
    process = await announced(command, log, environment or {})
    try:
        yield process.url
    finally:
        await process.end()


async def announced(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Launched:
    """
    A process that has said its line `ready URL`. Raises `LaunchError`.
    """
    process = await launched(command, log, environment, speaks=True)
    try:
        process.url = await _ready(process, command[2])
    except BaseException:
        await process.end()
        raise
    return process


def reference_command(
    dialects: Sequence[str], store: str, upstream: str | None, defects: Sequence[str] = ()
) -> list[str]:
    """
    The command that starts the reference server on a free port of 127.0.0.1. The defect `twins` is the methods of all
    defects without a mistake.
    """
    command = [sys.executable, "-m", "reference_server", "--port", "0", "--db", store, "--exit-with-parent"]
    for dialect in dialects:
        command += ["--dialect", dialect]
    for defect in defects:
        command += ["--twins"] if defect == TWINS else ["--defect", defect]
    return command if upstream is None else [*command, "--upstream", upstream]


@asynccontextmanager
async def reference_server(
    dialects: Sequence[str],
    store: str,
    upstream: str | None,
    folder: Path,
    defects: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[str]:
    """
    The reference server in a process of its own, on a free port of 127.0.0.1.
    """
    command = reference_command(dialects, store, upstream, defects)
    async with running(command, folder / "reference-server.log", environment) as url:
        yield url


def free_port() -> int:
    """
    A port of 127.0.0.1 that nobody listens on.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _ready(process: Launched, name: str) -> str:
    assert process.process.stdout is not None
    try:
        async with asyncio.timeout(READY):
            while line := await process.process.stdout.readline():
                word, _, url = line.decode(errors="replace").strip().partition(" ")
                if word == "ready":
                    return url
    except TimeoutError:
        raise LaunchError(f"{name} was not ready within {READY:g} s: {process.last_words}") from None
    raise LaunchError(f"{name} did not start: {process.last_words}")
