"""
`threadgauge doctor`: a first look at a target, one line for each thing that must be right before a run makes sense.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import click
from msgspec import structs

from conformance.checkup.conversation import CONVERSATION, conversed
from conformance.checkup.finding import Finding, State, exit_code
from conformance.checkup.honesty import declaring, found, probe_of, unplayed
from conformance.checkup.operations import calls, read
from conformance.commands.colours import coloured
from conformance.commands.credentials import given_credentials
from conformance.commands.documents import Documents, load_documents
from conformance.commands.running import parsed_header
from conformance.commands.secrets import redactor_for
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.desk import Target
from conformance.driver.http import Limits
from conformance.driver.preflight import reach
from conformance.driver.scheduling import Case, play_all, play_case
from conformance.engine.judge import judge
from conformance.engine.play import examples
from conformance.errors import LaunchError, StoreError, TargetUnreachable
from conformance.loading.ledger import load_ledger
from conformance.loading.places import shipped_ledger
from conformance.loading.profiles import load_profile
from conformance.model.profile import Profile
from conformance.model.transcript import Transcript
from conformance.reporting.visible import inline
from conformance.text.redaction import Redactor

__all__ = ["Examined", "doctor_command"]

IN_FLIGHT: Final = 4  # a first look is no load test
_NEEDED: Final = ("turn", "credentials", "list")  # without these, no scenario can be played
Teller = Callable[[Finding], None]
_COLOURS: Final[dict[State, str]] = {"ok": "green", "wrong": "red", "not seen": "cyan", "undeclared": "yellow"}


@dataclass(frozen=True, slots=True)
class Examined:
    """
    What is looked at. With `quick`, only the one turn is asked for, and no capability is tried.
    """

    url: str
    profile: str
    db: str | None = None
    upstream: str | None = None
    headers: Sequence[str] = ()
    credentials: Path | None = None
    quick: bool = False
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
        for one in conversed(transcript, profile, target.witnesses, redactor.text):
            tell(one)
        if not examined.quick and not any(one.state == "wrong" and one.about in _NEEDED for one in findings):
            await _operations(target, tell)
            await _capabilities(load_documents([], [examined.profile]), target, tell)


async def _opened(setup: Setup, tell: Teller, stack: AsyncExitStack) -> Target:
    """
    The target with its witnesses; one that cannot be had is a finding, and the rest is looked at without it.
    """
    try:
        return (await stack.enter_async_context(open_targets(setup)))[0]
    except StoreError as problem:
        tell(Finding(about="store", state="wrong", said=str(problem)))
        return await _opened(replace(setup, db=None), tell, stack)
    except LaunchError as problem:
        tell(Finding(about="upstream", state="wrong", said=str(problem)))
        return await _opened(replace(setup, upstream=None), tell, stack)


async def _operations(target: Target, tell: Teller) -> None:
    """
    Each operation that the profile declares, in the order in which they end.
    """

    def done(case: Case, transcript: Transcript) -> bool:
        tell(read(judge(transcript, case.target.profile, {})))
        return False

    await play_all([Case(one, {}, target, tidy=True) for one in calls(target.profile)], IN_FLIGHT, done)


async def _capabilities(documents: Documents, target: Target, tell: Teller) -> None:
    """
    Each capability's probe, played as if the profile declared it.
    """
    profile, witnesses = documents.profiles[0], target.witnesses
    known = list(load_ledger(shipped_ledger()).capabilities)
    probes = {name: probe_of(name, documents.scenarios, profile, witnesses, target.holders) for name in known}
    for name in profile.capabilities:
        if probes.get(name) is None:
            tell(unplayed(name, documents.scenarios, profile, witnesses, target.holders))
    chosen: dict[str, list[str]] = {}
    cases = []
    for name, scenario in probes.items():
        if scenario is not None:
            able = declaring(profile, name)
            case = Case(scenario, next(examples(scenario, able)), replace(target, profile=able), tidy=True)
            cases.append(case)
            chosen.setdefault(case.name, []).append(name)

    def done(case: Case, transcript: Transcript) -> bool:
        outcome = judge(transcript, case.target.profile, documents.requirements)
        for name in chosen[case.name]:
            if name in case.target.profile.capabilities:
                for one in found(name, name in profile.capabilities, outcome):
                    tell(one)
        return False

    await play_all(cases, IN_FLIGHT, done)


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
