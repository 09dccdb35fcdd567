"""
How a target of ours is started: by a user's command, or as the reference server; for a run, and for one scenario.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from conformance.driver.desk import Target
from conformance.driver.http import Limits, Wire
from conformance.driver.owned import Processes
from conformance.driver.preflight import has_answered
from conformance.driver.processes import Launched, free_port, launched, reference_command
from conformance.driver.spawning import Spawner
from conformance.driver.storelink import is_postgres, store_link
from conformance.driver.stores import open_store
from conformance.engine.effects import Request, Send
from conformance.errors import LaunchError, UsageError
from conformance.model.profile import Profile

__all__ = ["Commanded", "CommandedOwner", "Reference", "ReferenceOwner"]

READY: Final = 60.0  # seconds until a command's server must answer; a cold Node or JVM server takes 20
KNOCK: Final = 0.05  # seconds between two looks whether it does
GRACE: Final = "8"  # seconds for its answers under way, on a busy machine too; `Processes` waits for ten
LEASE: Final = 3.0  # seconds that a dead turn holds a thread of a spare reference server: a busy machine renews in two


@dataclass(frozen=True, slots=True)
class Commanded:
    """
    The command of a user's server. `url` is where it answers, with `{port}`; `model` is the upstream witness.
    """

    command: str
    url: str | None
    model: str
    db: str | None
    profile: Profile
    folder: Path

    async def launch(self, environment: Mapping[str, str]) -> Launched:
        """
        A process that answers requests. Raises `LaunchError`; `UsageError` where the command has no place for a port.
        """
        port = str(free_port())
        values = {"{port}": port, "{upstream}": self.model, "{db}": self.db or ""}
        words = [_filled(word, values) for word in shlex.split(self.command)]
        if "{port}" not in self.command and "$PORT" not in self.command:
            raise UsageError(f"--target-cmd {self.command!r} does not say where the port belongs: write {{port}}.")
        ours = {"PORT": port, "OPENAI_BASE_URL": self.model, **environment}
        known = {"OPENAI_API_KEY": os.environ.get("OPENAI_API_KEY", "threadgauge")}
        process = await launched(words, self.folder / f"target-{port}.log", {**known, **ours}, speaks=False)
        process.url = _filled(self.url or "http://127.0.0.1:{port}", values)
        try:
            await self._answers(process)
        except BaseException:
            await process.end()
            raise
        return process

    async def _answers(self, process: Launched) -> None:
        """
        Wait until it does: the health route as the profile has it, else any route in any way.
        """
        deadline = time.monotonic() + READY
        async with Wire(process.url, limits=Limits(connect=1.0, answer=5.0)) as wire:
            while not await self._well(wire):
                if not process.alive:
                    raise LaunchError(f"the target ended before it answered: {process.last_words}")
                if time.monotonic() > deadline:
                    raise LaunchError(f"{process.url} did not answer within {READY:g} s: {process.last_words}")
                await asyncio.sleep(KNOCK)

    async def _well(self, wire: Wire) -> bool:
        health = self.profile.operations.get("health")
        path = health.request.path if health is not None else "/"
        seen = await wire.exchange(Send("knock", Request("GET", path)), time.monotonic())
        return seen.status is not None and (health is None or seen.status in health.status)


@dataclass(frozen=True, slots=True)
class CommandedOwner:
    """
    Starts a user's server; it is ready when it has answered a turn. `target` is all but its address.
    """

    target: Target
    commanded: Commanded

    @property
    def links(self) -> bool:
        return is_postgres(self.commanded.db) and "{db}" in self.commanded.command

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Target]:
        lease = self.target.profile.limits.lease or 0.0
        async with AsyncExitStack() as stack:
            # What all scenarios share has no proxy in its way.
            shared, db = self.target.owner is None, self.commanded.db
            link = await stack.enter_async_context(store_link(db)) if db and self.links and not shared else None
            commanded = replace(self.commanded, db=link.dsn if link is not None else db)
            processes = await stack.enter_async_context(Processes(commanded.launch, self.target.wire.at, lease).begun())
            target = replace(self.target, wire=processes.wire(1), processes=processes, link=link)
            await has_answered(target, READY)
            yield replace(target, owner=replace(self, target=replace(self.target, owner=self)))


@dataclass(frozen=True, slots=True)
class Reference:
    """
    The reference server as it is started for one scenario. Without a `db`, each has a store of its own.
    """

    dialect: str
    db: str | None
    model: str
    folder: Path
    defects: Sequence[str]
    environment: Mapping[str, str]
    spawner: Spawner

    async def launch(self, store: str, folder: Path, environment: Mapping[str, str]) -> Launched:
        arguments = reference_command([self.dialect], store, self.model, self.defects)[3:]
        given = {"REFERENCE_LEASE": f"{LEASE:g}", "REFERENCE_GRACE": GRACE, **self.environment, **environment}
        return await self.spawner.launch(arguments, given, folder / "reference-server.log")


@dataclass(frozen=True, slots=True)
class ReferenceOwner:
    """
    Starts reference servers that speak one dialect. `target` is the one that all scenarios share.
    """

    target: Target
    reference: Reference

    @property
    def links(self) -> bool:
        return is_postgres(self.reference.db)

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Target]:
        reference = self.reference
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=reference.folder)))
            store = reference.db or f"sqlite:///{folder / 'reference.db'}"
            link = await stack.enter_async_context(store_link(store)) if self.links else None
            told = link.dsn if link is not None else store

            async def launch(environment: Mapping[str, str]) -> Launched:
                return await reference.launch(told, folder, environment)

            async with Processes(launch, self.target.wire.at, LEASE).begun() as processes:
                reader = open_store(store)
                try:
                    yield replace(self.target, wire=processes.wire(1), processes=processes, store=reader, link=link)
                finally:
                    await reader.close()


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text
