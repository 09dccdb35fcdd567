"""
A target whose processes are ours: they are killed, told to end, stopped and started again as a scenario says.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final, Protocol, TypeVar

from conformance.driver.http import Wire
from conformance.driver.processes import Launched
from conformance.engine.effects import Process
from conformance.errors import LaunchError
from conformance.model.process import ProcessSeen

__all__ = ["Launch", "Owner", "Processes"]

GRACE: Final = 10.0  # seconds that a process has for ending after SIGTERM, with its turns: container hosts give as many
DEAD: Final = 5.0  # seconds until the kernel has ended a killed process; it takes milliseconds

T = TypeVar("T", covariant=True)  # a target: the desk's, which is not known here
Launch = Callable[[Mapping[str, str]], Awaitable[Launched]]
"""
Starts one process with these variables of the environment, and comes back when it answers. Raises `LaunchError`.
"""


class Owner(Protocol[T]):
    """
    Starts target processes for one scenario.
    """

    @property
    def links(self) -> bool:
        """
        Whether what they say to their store can go through us.
        """

    def lent(self) -> AbstractAsyncContextManager[T]:
        """
        A target for one scenario; its processes end with the context. Raises `LaunchError`.
        """


class Processes:
    """
    The processes of one target, counted from 1. `lease` is for how long a turn may hold its thread after its process.
    """

    def __init__(self, launch: Launch, wire: Callable[[str], Wire], lease: float = 0.0) -> None:
        self._launch = launch
        self._wire = wire
        self._lease = lease
        self._processes: list[Launched] = []
        self._wires: list[Wire] = []
        self._stack = AsyncExitStack()
        self._zone: str | None = None
        self._free_at = 0.0
        self._told: set[int] = set()

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[Processes]:
        """
        One process, ended with all that came after it.
        """
        try:
            await self._start(1)
            yield self
        finally:
            await self._clear()

    @property
    def lease(self) -> float:
        """
        For how many seconds a thread may be held by a turn whose end nobody could store.
        """
        return self._lease

    def wire(self, server: int) -> Wire:
        """
        Where a process is asked. Its place is kept while it is dead: then nobody answers there.
        """
        return self._wires[min(server, len(self._wires)) - 1]

    @property
    def fallen(self) -> list[str]:
        """
        The last words of those that have ended although nobody told them so.
        """
        return [one.last_words for one in self._processes if not one.alive and id(one) not in self._told]

    async def perform(self, asked: Process) -> ProcessSeen:
        """
        Do it, and say what the target did wrong.
        """
        problem = await (self._restart(asked) if asked.act == "restart" else self._signal(asked))
        return ProcessSeen(did=asked.act, server=asked.server, problem=problem)

    async def _signal(self, asked: Process) -> str | None:
        if asked.server > len(self._processes):
            return f"there is no process {asked.server}: {len(self._processes)} were started"
        process = self._processes[asked.server - 1]
        if not process.alive:
            return f"the target had ended by itself: {process.last_words}"
        match asked.act:
            case "kill":
                return await self._kill(process)
            case "terminate":
                self._told.add(id(process))
                process.signal(signal.SIGTERM)
            case "stop":
                process.signal(signal.SIGSTOP)
            case _:
                process.signal(signal.SIGCONT)
        return None

    async def _kill(self, process: Launched) -> str | None:
        process.signal(signal.SIGKILL)
        self._free_at = time.monotonic() + self._lease
        return None if await process.ended(DEAD) else f"it was not dead {DEAD:g} s after SIGKILL"

    async def _restart(self, asked: Process) -> str | None:
        """
        What is alive is told to end, and has `GRACE` seconds. Nothing is asked before a dead turn's lease is over.
        """
        stubborn = [one for one in self._processes if not await self._has_ended(one)]
        await self._clear()
        self._zone = asked.zone
        try:
            await self._start(asked.servers)
        except LaunchError as error:
            return f"the target did not start again: {error}"
        await asyncio.sleep(max(0.0, self._free_at - time.monotonic()))
        return f"it had not ended {GRACE:g} s after SIGTERM" if stubborn else None

    async def _has_ended(self, process: Launched) -> bool:
        if process.alive and id(process) not in self._told:
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGTERM)
        return await process.ended(GRACE)

    async def _start(self, servers: int) -> None:
        environment = {} if self._zone is None else {"TZ": self._zone}
        for _ in range(servers):
            process = await self._launch(environment)
            self._stack.push_async_callback(process.end)
            self._processes.append(process)
            self._wires.append(await self._stack.enter_async_context(self._wire(process.url)))

    async def _clear(self) -> None:
        await self._stack.aclose()
        self._processes.clear()
        self._wires.clear()
        self._told.clear()
