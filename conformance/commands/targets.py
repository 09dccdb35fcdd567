"""
Open what a run looks at: the target, its store, the upstream witness; without a target, the reference server.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec import structs

from conformance.commands.credentials import PREFIX, as_principals, made_credentials, of_dialect
from conformance.commands.databases import THROW_AWAY, check_own_database, throw_away
from conformance.driver.desk import Saying, Target
from conformance.driver.http import Limits, Wire
from conformance.driver.owning import Commanded, CommandedOwner, Reference, ReferenceOwner
from conformance.driver.ports import UpstreamPort
from conformance.driver.spawning import Spawner
from conformance.driver.stores import Store, open_store
from conformance.errors import UsageError
from conformance.model.profile import STRANGER, Profile
from conformance.text.redaction import redact_command, redact_url
from conformance.upstream.attach import attached
from conformance.upstream.remote import RemoteWitness
from conformance.upstream.witness import Witness

__all__ = ["Serve", "Setup", "open_targets"]

Serve = Callable[..., AbstractAsyncContextManager[str]]


@dataclass(frozen=True, slots=True)
class Setup:
    """
    What is to be tested. Without a `url`, the reference server is started, with these `defects` and `quirks`.

    `credentials` are the principals' (the reference server is told them; made up where there are none). `db` is a DSN,
    or `postgres` for a throw-away one; `upstream` is `HOST:PORT`, where the witness listens (or already does). `named`
    are the further words of the command line that a repetition needs. `servers` is the number of processes for the
    reference server: one is bound to one core. `command` starts the target, with `{port}`, `{upstream}` and `{db}`
    filled in; `{port}` may be in `url`.
    `live` says that a real model answers the target: then there is no witness of what it is told.
    `serve` starts the reference server; without, it is a fork of the process that scenarios have theirs from.
    """

    profiles: Sequence[Profile]
    url: str | None = None
    db: str | None = None
    upstream: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    defects: Sequence[str] = ()
    named: Sequence[str] = ()
    servers: int = 1
    quirks: Sequence[str] = ()
    command: str | None = None
    serve: Serve | None = None
    live: bool = False

    @property
    def foreign(self) -> bool:
        """
        Whether the target is somebody's own server, not the reference server.
        """
        return self.url is not None or self.command is not None

    @property
    def shared(self) -> bool:
        """
        Whether somebody else has started it, so that all who know its URL play against the same.
        """
        return self.url is not None and self.command is None


@asynccontextmanager
async def open_targets(setup: Setup) -> AsyncIterator[list[Target]]:
    """
    The targets of a run, one per profile; all that was started ends with the context.
    """
    async with AsyncExitStack() as stack:
        if setup.db == THROW_AWAY:
            named = [*setup.named, "--db", THROW_AWAY]  # a repetition gets a database of its own
            takes = not setup.foreign or "{db}" in (setup.command or "")
            setup = replace(setup, named=named, db=await throw_away(takes, stack))
        if setup.command is not None:
            yield [await _commanded(setup, setup.command, stack)]
        elif setup.url is None:
            yield await _reference(setup, stack)
        else:
            yield [await _given(setup, setup.url, stack)]


async def _given(setup: Setup, url: str, stack: AsyncExitStack) -> Target:
    if len(setup.profiles) != 1:
        raise UsageError("a target has one profile: give --profile NAME (`threadgauge list --profiles` shows all).")
    upstream = None
    if setup.upstream is not None:
        upstream = await stack.enter_async_context(attached(setup.upstream))
    store = await _store(setup.db, stack)
    return await _target(setup, setup.profiles[0], url, upstream, store, Saying(), stack)


async def _commanded(setup: Setup, command: str, stack: AsyncExitStack) -> Target:
    """
    A target that we start ourselves; it is ready when it has answered a turn.
    """
    if len(setup.profiles) != 1:
        raise UsageError("a target has one profile: give --profile NAME (`threadgauge list --profiles` shows all).")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threadgauge-")))
    upstream = None
    if not setup.live:
        upstream = await stack.enter_async_context(attached(setup.upstream or "127.0.0.1:0"))
    profile, store = setup.profiles[0], open_store(setup.db) if setup.db is not None else None
    model = f"{upstream.url}/v1" if upstream is not None else ""
    commanded = Commanded(command, setup.url, model, setup.db, profile, folder)
    nowhere = await _target(setup, profile, "http://127.0.0.1", upstream, store, Saying(), stack)
    target = await stack.enter_async_context(CommandedOwner(nowhere, commanded).lent())
    if store is not None:
        stack.push_async_callback(store.close)
        await store.check()  # not before the target has made it
    return target


async def _reference(setup: Setup, stack: AsyncExitStack) -> list[Target]:
    """
    The reference server's dialects, dealt out over its processes. Each process has a store of its own, but where a
    `db` is given: then they share it, as processes of one server do.
    """
    if setup.db is not None:
        check_own_database(setup.db)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threadgauge-")))
    upstream = await stack.enter_async_context(attached(setup.upstream or "127.0.0.1:0"))
    setup = replace(setup, credentials=setup.credentials or made_credentials(setup.profiles))
    saying, spawner = Saying(), Spawner(folder)
    stack.push_async_callback(spawner.end)
    dealt = [setup.profiles[at :: setup.servers] for at in range(min(setup.servers, len(setup.profiles)))]
    shares = [replace(setup, profiles=some) for some in dealt]
    folders = [Path(tempfile.mkdtemp(dir=folder)) for _ in shares]
    started = [
        _process(share, own, upstream, saying, spawner, stack) for share, own in zip(shares, folders, strict=True)
    ]
    found = {one.profile.profile: one for some in await asyncio.gather(*started) for one in some}
    return [found[profile.profile] for profile in setup.profiles]


async def _process(
    setup: Setup,
    folder: Path,
    upstream: Witness | RemoteWitness,
    saying: Saying,
    spawner: Spawner,
    stack: AsyncExitStack,
) -> list[Target]:
    dsn = setup.db or f"sqlite:///{folder / 'reference.db'}"
    dialects = [profile.profile for profile in setup.profiles]
    environment = {"REFERENCE_PRINCIPALS": as_principals(dialects, setup.credentials)}
    environment |= {"REFERENCE_QUIRKS": " ".join(setup.quirks)}
    model = f"{upstream.url}/v1"
    serve = setup.serve or spawner.server
    base = await stack.enter_async_context(serve([*dialects, "all"], dsn, model, folder, setup.defects, environment))
    store = await _store(dsn, stack)
    targets = []
    for profile in setup.profiles:
        known = replace(setup, credentials=of_dialect(profile.profile, setup.credentials))
        target = await _target(known, profile, f"{base}/{profile.profile}", upstream, store, saying, stack)
        reference = Reference(profile.profile, setup.db, model, folder, setup.defects, environment, spawner)
        targets.append(replace(target, owner=ReferenceOwner(target, reference)))
    return targets


async def _store(dsn: str | None, stack: AsyncExitStack) -> Store | None:
    if dsn is None:
        return None
    store = open_store(dsn)
    stack.push_async_callback(store.close)
    await store.check()
    return store


async def _target(
    setup: Setup,
    profile: Profile,
    url: str,
    upstream: UpstreamPort | None,
    store: Store | None,
    saying: Saying,
    stack: AsyncExitStack,
) -> Target:
    _check_credentials(setup, profile)
    tokens = {name: token for name, token in setup.credentials.items() if name in (*profile.principals, STRANGER)}
    wire = await stack.enter_async_context(Wire(url, setup.headers, setup.limits, profile.auth, tokens))
    own = _giving_way(profile, setup.headers)
    return Target(own, wire, upstream, store, saying, _again(setup, profile), live=setup.live)


def _check_credentials(setup: Setup, profile: Profile) -> None:
    """
    Raises `UsageError` where nothing could be asked in the first principal's name and the profile says that it must be.
    """
    if profile.auth is None or not profile.auth.required or not profile.principals:
        return
    name, header = profile.principals[0], profile.auth.header
    if name not in setup.credentials and header.lower() not in (one.lower() for one in setup.headers):
        raise UsageError(
            f"profile {profile.profile} needs credentials: set {PREFIX}{name.upper()}, or give --credentials FILE "
            f"with a line `{name}: ...`, or --header '{header}: ...'. To `threadgauge serve`, any token is a user."
        )


def _again(setup: Setup, profile: Profile) -> list[str]:
    """
    What names the target on a command line; a password is not in it.
    """
    words = [setup.url] if setup.url is not None else []
    words += ["--target-cmd", redact_command(setup.command)] if setup.command is not None else []
    words += [*setup.named] if "--profile" in setup.named else ["--profile", profile.profile, *setup.named]
    words += ["--live"] if setup.live else []
    words += ["--db", redact_url(setup.db)] if setup.db is not None and "--db" not in setup.named else []
    words += ["--upstream", setup.upstream] if setup.upstream is not None else []
    words += [word for defect in setup.defects for word in ("--defect", defect)]
    return words + [word for quirk in setup.quirks for word in ("--quirk", quirk)]


def _giving_way(profile: Profile, headers: Mapping[str, str]) -> Profile:
    """
    The profile without those headers of its own that the command line gives; a step's headers still come first.
    """
    given = {name.lower() for name in headers}

    def kept(own: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in own.items() if name.lower() not in given}

    operations = {
        name: structs.replace(one, request=structs.replace(one.request, headers=kept(one.request.headers)))
        for name, one in profile.operations.items()
    }
    return structs.replace(profile, headers=kept(profile.headers), operations=operations)
