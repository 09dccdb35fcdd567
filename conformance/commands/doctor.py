"""
`threadgauge doctor`: a first look at a target, one line for each thing that must be right before a run makes sense.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import click
from msgspec import structs

from conformance.checkup.conversation import CONVERSATION, conversed
from conformance.checkup.finding import Finding, State, exit_code
from conformance.commands.colours import coloured
from conformance.commands.credentials import given_credentials
from conformance.commands.documents import load_documents
from conformance.commands.options import MOST_TURNS
from conformance.commands.running import parsed_header
from conformance.commands.secrets import redactor_for
from conformance.commands.targets import Setup, open_targets
from conformance.commands.trying import Teller, Trials
from conformance.driver import loop
from conformance.driver.desk import Target
from conformance.driver.http import Limits
from conformance.driver.preflight import reach
from conformance.driver.scheduling import Case, play_case
from conformance.errors import LaunchError, StoreError, TargetUnreachable
from conformance.loading.profiles import load_profile
from conformance.model.profile import Profile
from conformance.reporting.undeclared import gain_lines, gains
from conformance.reporting.visible import inline
from conformance.text.redaction import Redactor

__all__ = ["Examined", "doctor_command"]

_NEEDED: Final = ("turn", "credentials", "list")  # without these, no scenario can be played
_COLOURS: Final[dict[State, str]] = {"ok": "green", "wrong": "red", "not seen": "cyan", "undeclared": "yellow"}


@dataclass(frozen=True, slots=True)
class Examined:
    """
    What is looked at. With `quick`, only the one turn is asked for, and no capability is tried; without, `max_turns` at
    most.
    """

    url: str
    profile: str
    db: str | None = None
    upstream: str | None = None
    headers: Sequence[str] = ()
    credentials: Path | None = None
    quick: bool = False
    max_turns: int = MOST_TURNS
    limits: Limits = field(default_factory=Limits)


def doctor_command(examined: Examined) -> int:
    """
    Look, print one line each, and say by the exit code whether anything is wrong.
    """
    profile = load_profile(examined.profile)
    headers = dict(parsed_header(text) for text in examined.headers)
    tokens = given_credentials([profile], examined.credentials, os.environ)
    setup = Setup(
        profiles=[_without_must(profile)],
        url=examined.url,
        db=examined.db,
        upstream=examined.upstream,
        headers=headers,
        credentials=tokens,
        limits=examined.limits,
    )
    redactor = redactor_for(headers, examined.db, [profile], tokens.values())
    findings: list[Finding] = []
    loop.run(_examine(profile, setup, examined, redactor, findings))
    click.echo(_verdict(findings))
    return exit_code(findings)


async def _examine(
    profile: Profile, setup: Setup, examined: Examined, redactor: Redactor, findings: list[Finding]
) -> None:
    """
    Print each finding as soon as it is there: what comes later may take its time.
    """

    def tell(one: Finding) -> None:
        if one.state == "not seen" and one.about in [told.about for told in findings]:
            return  # why it cannot be seen was told already
        findings.append(one)
        click.echo(shown(one, redactor, colour=coloured()))

    try:
        await reach(examined.url, setup.limits.connect)
    except TargetUnreachable as problem:
        tell(Finding(about="reachable", state="wrong", said=str(problem)))
        return
    tell(Finding(about="reachable", state="ok", said=examined.url))
    async with AsyncExitStack() as stack:
        target = await _opened(setup, tell, stack)
        transcript = await play_case(Case(CONVERSATION, {}, target, random.randrange(10**6), tidy=True))
        for one in conversed(transcript, profile, target.witnesses, redactor.text, db=target.store is not None):
            tell(one)
        if not examined.quick and not any(one.state == "wrong" and one.about in _NEEDED for one in findings):
            trials = Trials(load_documents([], [examined.profile]), target, tell, examined.max_turns - 1)
            await trials.operations()
            await trials.capabilities()
            for line in gain_lines(gains(trials.lacking())):
                click.echo(line)


async def _opened(setup: Setup, tell: Teller, stack: AsyncExitStack) -> Target:
    """
    The target with its witnesses; one that cannot be had is a finding, and the rest is looked at without it.
    """
    try:
        return (await stack.enter_async_context(open_targets(setup)))[0]
    except StoreError as problem:
        said, _, fix = str(problem).partition("\n  hint: ")
        tell(Finding(about="store", state="wrong", said=said, fix=fix or None))
        return await _opened(replace(setup, db=None), tell, stack)
    except LaunchError as problem:
        tell(Finding(about="upstream", state="wrong", said=str(problem)))
        return await _opened(replace(setup, upstream=None), tell, stack)


def _without_must(profile: Profile) -> Profile:
    """
    The profile for opening the target: that a credential is missing is to be seen in the server's own answer.
    """
    return (
        profile
        if profile.auth is None
        else structs.replace(profile, auth=structs.replace(profile.auth, required=False))
    )


def shown(one: Finding, redactor: Redactor, *, colour: bool) -> str:
    """
    The line of a finding, without secrets.
    """
    line = inline(redactor.text(one.line))
    return click.style(one.state, fg=_COLOURS[one.state]) + line.removeprefix(one.state) if colour else line


def _verdict(findings: Sequence[Finding]) -> str:
    counts = [(state, sum(one.state == state for one in findings)) for state in _COLOURS]
    told = ", ".join(f"{count} {state}" for state, count in counts if count)
    if exit_code(list(findings)) == 2:
        return f"could not tell: {told}"
    return f"{'not ready' if exit_code(list(findings)) else 'ready'}: {told}"
