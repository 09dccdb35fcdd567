"""
Processes that we start: a port that is free, a line that says ready, an end that leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from conformance.errors import LaunchError

__all__ = ["reference_server", "running"]

READY: Final = 30.0  # seconds until a process must say that it is ready; the reference server takes under 2
STOPPED: Final = 3.0  # seconds from SIGTERM to SIGKILL


@asynccontextmanager
async def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """
    Start a process in a group of its own and wait for its line `ready URL`; the URL is what is given.

    `environment` is added to ours. Its other output goes to the log. At the end its whole group is ended.

    Raises `LaunchError`.
    """
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    try:
        yield await _ready(process, command, log)
    finally:
        await _end(process)


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
    command = [sys.executable, "-m", "reference_server", "--port", "0", "--db", store, "--exit-with-parent"]
    for dialect in dialects:
        command += ["--dialect", dialect]
    for defect in defects:
        command += ["--defect", defect]
    if upstream is not None:
        command += ["--upstream", upstream]
    async with running(command, folder / "reference-server.log", environment) as url:
        yield url


async def _ready(process: asyncio.subprocess.Process, command: Sequence[str], log: Path) -> str:
    assert process.stdout is not None
    name = command[2]
    try:
        async with asyncio.timeout(READY):
            while line := await process.stdout.readline():
                word, _, url = line.decode(errors="replace").strip().partition(" ")
                if word == "ready":
                    return url
    except TimeoutError:
        raise LaunchError(f"{name} was not ready within {READY:g} s: {_last_line(log)}") from None
    raise LaunchError(f"{name} did not start: {_last_line(log)}")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(STOPPED):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
