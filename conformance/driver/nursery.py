"""
Reference servers one after the other, each a fork of one process that has imported everything: 0.1 s of CPU, not 1.3.
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

import msgspec

from conformance.driver.processes import reference_command
from conformance.errors import LaunchError

__all__ = ["Nursery"]

READY: Final = (
    30.0  # seconds until a server must say that it is ready; a fork takes 0.2, the first one waits for imports
)
ENDED: Final = 10.0  # seconds until a killed server must be gone


class Nursery:
    """
    One server at a time; to be used as a context, at whose end the process and its server end.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Nursery:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._abandon()

    @asynccontextmanager
    async def server(
        self,
        dialects: Sequence[str],
        store: str,
        upstream: str | None,
        _folder: Path,
        defects: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> AsyncIterator[str]:
        """
        In the place of `processes.reference_server`.
        """
        arguments = reference_command(dialects, store, upstream, defects)[3:]
        process = await self._started()
        try:
            await _say(process, msgspec.json.encode({"arguments": arguments, "environment": environment or {}}))
            yield await self._ready(process)
            await _say(process, b"")
            if await _line(process, ENDED) != "ended":
                await self._abandon()
        except BaseException:
            await self._abandon()
            raise

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            with self._log.open("ab") as errors:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "reference_server", "--nursery"),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
        return self._process

    async def _ready(self, process: asyncio.subprocess.Process) -> str:
        said = await _line(process, READY)
        word, _, url = said.partition(" ")
        if word != "ready":
            lines = self._log.read_text(errors="replace").strip().splitlines()
            raise LaunchError(f"the reference server did not start: {lines[-1] if lines else 'it said nothing'}")
        return url

    async def _abandon(self) -> None:
        """
        End the process and its server, however they are; the next server is another process's.
        """
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _say(process: asyncio.subprocess.Process, line: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(line + b"\n")
    await process.stdin.drain()


async def _line(process: asyncio.subprocess.Process, patience: float) -> str:
    """
    What it says next; nothing where it says nothing in time.
    """
    assert process.stdout is not None
    try:
        async with asyncio.timeout(patience):
            return (await process.stdout.readline()).decode(errors="replace").strip()
    except TimeoutError:
        return ""
