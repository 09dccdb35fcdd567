"""
`threadgauge init`: a profile drafted from an OpenAPI document and one live turn, and then looked at.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from conformance.commands.credentials import PREFIX
from conformance.commands.doctor import Examined, doctor_command
from conformance.commands.options import MOST_TURNS
from conformance.commands.performing import Performer
from conformance.commands.promised import given_policies
from conformance.commands.running import parsed_header
from conformance.commands.secrets import redactor_for
from conformance.commands.values import value_of
from conformance.drafting.draft import Draft, Given
from conformance.drafting.drafting import drafting
from conformance.drafting.openapi import Api, read_api
from conformance.drafting.writing import written
from conformance.driver import loop
from conformance.driver.http import Limits, Wire
from conformance.driver.preflight import reach
from conformance.engine.effects import Request, Send
from conformance.errors import DocumentsInvalid, TargetUnreachable, UsageError
from conformance.loading.profiles import parse_profile
from conformance.loading.yaml_document import read_document
from conformance.model.profile import STRANGER, Auth
from conformance.reporting.visible import inline
from conformance.upstream.attach import attached

__all__ = ["Asked", "init_command"]

PRINCIPALS: Final = ("alice", "bob", "carol", "dave")
DOCUMENT: Final = "/openapi.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What the command line says. `values` and `policies` are texts `NAME=VALUE`; `auth` is `HEADER: VALUE` with
    `${token}` in it.
    """

    url: str
    openapi: Path | None = None
    output: Path = Path("profile.yaml")
    name: str | None = None
    values: Sequence[str] = ()
    policies: Sequence[str] = ()
    auth: str | None = None
    headers: Sequence[str] = ()
    credentials: Path | None = None
    db: str | None = None
    upstream: str | None = None
    force: bool = False
    doctor: bool = True
    max_turns: int = MOST_TURNS
    limits: Limits = field(default_factory=Limits)


def init_command(asked: Asked) -> int:
    """
    Draft, write, examine; the exit code is the examination's.
    """
    if asked.output.exists() and not asked.force:
        raise UsageError(f"{asked.output} is there already: give another name with --output, or --force.")
    headers = dict(parsed_header(text) for text in asked.headers)
    tokens, policies = _tokens(asked.credentials), given_policies(asked.policies)
    redactor = redactor_for(headers, asked.db, [], tokens.values())
    values = dict(_value(text) for text in asked.values)
    known = Given("", "", values=values, policies=policies, clean=redactor.text)
    api, draft = loop.run(_draft(asked, headers, tokens, known))
    text = redactor.text(written(draft, api, asked.url, lambda one: inline(redactor.text(one))))
    lacking = _lacking(text, draft, asked.output)
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(text, encoding="utf-8")
    click.echo(_told(draft, api, asked.output))
    if draft.problems:
        for one in draft.problems:
            click.echo(inline(redactor.text(f"to do: {one}")))
        click.echo("".join(f"{line}\n" for line in lacking), nl=False)
        return 1
    if not asked.doctor:
        return 0
    click.echo(f"\nthreadgauge doctor {asked.url} --profile {asked.output}")
    examined = Examined(
        asked.url,
        str(asked.output),
        db=asked.db,
        upstream=asked.upstream,
        headers=asked.headers,
        credentials=asked.credentials,
        max_turns=max(asked.max_turns - draft.turns, 1),
        limits=asked.limits,
    )
    return doctor_command(examined)


def _lacking(text: str, draft: Draft, output: Path) -> list[str]:
    """
    What the file needs before it can be loaded, with its places: only a turn that failed leaves something open.
    """
    try:
        parse_profile(text, str(output))
    except DocumentsInvalid as invalid:
        if not draft.problems:
            raise
        return str(invalid).splitlines()
    return []


async def _draft(asked: Asked, headers: dict[str, str], tokens: Mapping[str, str], known: Given) -> tuple[Api, Draft]:
    await reach(asked.url, asked.limits.connect)
    async with Wire(asked.url, headers, asked.limits) as bare:
        api = read_api(_given_document(asked.openapi) if asked.openapi else await _served_document(bare))
    given = _given(asked, api, tokens, known)
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(attached(asked.upstream)) if asked.upstream is not None else None
        wire = await stack.enter_async_context(Wire(asked.url, headers, asked.limits, given.auth, tokens))
        return api, await Performer(wire, upstream).perform(drafting(api, given))


def _given(asked: Asked, api: Api, tokens: Mapping[str, str], known: Given) -> Given:
    """
    Who asks is shown as the command line says, or else the document, or else by a bearer token.
    """
    auth, declared = _auth(asked.auth), asked.auth is not None
    if auth is None and tokens:
        auth = Auth(header=api.auth[0], value=api.auth[1]) if api.auth is not None else Auth()
    return replace(
        known,
        name=asked.name or _name(api, asked.url),
        token=f"tg-{secrets.token_hex(5)}",
        auth=auth,
        declared=declared,
        upstream=asked.upstream,
        turns=asked.max_turns,
        principals=tuple(name for name in PRINCIPALS if name in tokens),
    )


def _given_document(file: Path) -> Any:
    return read_document(file).value


async def _served_document(wire: Wire) -> Any:
    exchange = await wire.exchange(Send("openapi", Request("GET", DOCUMENT)), time.monotonic())
    if exchange.status is None:
        raise TargetUnreachable(f"{wire.base}{DOCUMENT} was not answered ({exchange.trouble}): see the server's log.")
    if exchange.status != 200 or exchange.value is None:
        raise UsageError(
            f"{wire.base}{DOCUMENT} answered {exchange.status}, and no document: give one with --openapi FILE, or "
            "write the profile by hand (docs/write-a-profile.md)."
        )
    return exchange.value


def _tokens(file: Path | None) -> dict[str, str]:
    """
    The credentials by the usual names, from the environment or the file.
    """
    found = {name: token for name in PRINCIPALS if (token := os.environ.get(f"{PREFIX}{name.upper()}"))}
    written_down = read_document(file).value if file is not None else {}
    given = {**found, **{name: str(token) for name, token in written_down.items() if name in PRINCIPALS}}
    return {**given, STRANGER: f"tg-{secrets.token_hex(16)}"} if given else {}


def _auth(text: str | None) -> Auth | None:
    if text is None:
        return None
    header, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or "${token}" not in value or not re.fullmatch(r"[A-Za-z0-9_-]+", header):
        raise UsageError("--auth is `HEADER: VALUE` with ${token} in it: --auth 'x-api-key: ${token}'.")
    return Auth(header=header.lower(), value=value)


def _value(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--value {text} is not NAME=VALUE.")
    return name.strip(), value_of(value)


def _name(api: Api, url: str) -> str:
    """
    A lower-case word of the document's title, or of the host.
    """
    for text in (api.title, urlsplit(url).hostname or ""):
        word = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        if re.fullmatch(r"[a-z][a-z0-9-]*", word):
            return word
    return "my-server"


def _told(draft: Draft, api: Api, output: Path) -> str:
    names = ", ".join(draft.operations) or "none"
    left = sum(str(one) not in draft.mapped for one in api.endpoints)
    return (
        f"{output}: {len(draft.operations)} operations ({names}); {left} of {len(api.endpoints)} endpoints not mapped"
    )
