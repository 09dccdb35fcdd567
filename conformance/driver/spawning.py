"""
The reference servers of a run, and those that one scenario has for itself: each a fork of one process, 0.1 s of CPU
instead of 1.5.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from conformance.driver.processes import READY, STOPPED, Launched, launched, reference_command
from conformance.errors import LaunchError

__all__ = ["Forked", "Spawner"]

LOOK: Final = (
    0.01  # seconds between two looks whether a process is there: it is no child of ours that we could wait for
)


class Forked(Launched):
    """
    A process that the spawner has forked, in a session of its own.
    """

    def __init__(self, pid: int, spawner: asyncio.subprocess.Process, log: Path, url: str) -> None:
        super().__init__(spawner, log, url)
        self._pid = pid

    @property
    def alive(self) -> bool:
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, number)

    async def ended(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:  # noqa: ASYNC110 # the kernel sets no event
            await asyncio.sleep(LOOK)
        return not self.alive

    async def end(self) -> None:
        if self.alive:
            self.signal(signal.SIGKILL)
            await self.ended(STOPPED)


class Spawner:
    """
    Starts reference servers. It begins with the first of them, and all end with it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: Launched | None = None
        self._one_by_one = asyncio.Lock()

    @asynccontextmanager
    async def server(
        self,
        dialects: Sequence[str],
        store: str,
        upstream: str | None,
        folder: Path,
        defects: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> AsyncIterator[str]:
        """
        The URL of a server that is told to end with the context. Raises `LaunchError`.
        """
        arguments = reference_command(dialects, store, upstream, defects)[3:]
        forked = await self.launch(arguments, environment or {}, folder / "reference-server.log")
        try:
            yield forked.url
        finally:
            forked.signal(signal.SIGTERM)
            await forked.ended(STOPPED)
            await forked.end()

    async def launch(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
        """
        A server that answers. Raises `LaunchError`.
        """
        async with self._one_by_one:
            if self._process is None:
                command = [sys.executable, "-m", "reference_server", "--spawner"]
                self._process = await launched(command, self._folder / "spawner.log", {}, speaks=True)
            process = self._process.process
            assert process.stdin is not None
            wanted = {"arguments": arguments, "environment": environment, "log": str(log)}
            process.stdin.write(msgspec.json.encode(wanted) + b"\n")
            try:
                async with asyncio.timeout(READY):
                    pid, url = await _begun(process, self._process)
            except TimeoutError:
                raise LaunchError(f"the reference server was not ready within {READY:g} s") from None
        forked = Forked(int(pid), process, log, url)
        if not url:
            raise LaunchError(f"the reference server did not start: {forked.last_words}")
        return forked

    async def end(self) -> None:
        if self._process is not None:
            await self._process.end()


async def _begun(process: asyncio.subprocess.Process, spawner: Launched) -> tuple[str, str]:
    """
    The number and the URL of the server that was asked for; no URL where it ended before it had one.
    """
    assert process.stdout is not None
    pid = url = ""
    ended: set[str] = set()
    while not pid or not (url or pid in ended):
        line = await process.stdout.readline()
        if not line:
            raise LaunchError(f"the reference server did not start: {spawner.last_words}")
        word, _, value = line.decode().strip().partition(" ")
        if word == "pid":
            pid = value
        elif word == "ready":
            url = value
        elif word == "ended":
            ended.add(value)
    return pid, url
