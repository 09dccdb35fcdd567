"""
`threadgauge run`: from options to an exit code.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from conformance.commands.baselines import opened_baseline, write_baseline
from conformance.commands.colours import coloured
from conformance.commands.credentials import given_credentials, made_credentials
from conformance.commands.documents import Documents, load_documents, placed
from conformance.commands.listing import check_defects
from conformance.commands.oddities import quirks_named, spoken
from conformance.commands.planning import chosen, narrowed, render_plan, selection_of, within
from conformance.commands.run import Choice, run
from conformance.commands.secrets import redactor_for
from conformance.commands.selection import Planned
from conformance.commands.targets import Setup
from conformance.driver.http import Limits
from conformance.errors import NothingSelected, ProfileMismatch, UsageError
from conformance.loading.places import builtin_profiles
from conformance.reporting.terminal import render_brief, render_terminal

__all__ = ["parsed_header", "run_command"]

LIVE_TURNS: Final = 200  # of a real model, unless --max-turns says otherwise: nobody is to be surprised by a bill
KNOCKING: Final = 2  # turns that are played before anything is judged

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_ENCODED: Final = re.compile(r"(?:sqlite.*|[^/@]+://(?:[^@/?#]*@)?[^@/?#]*(?:/[^@?#]*)?(?:\?(?:[^=&#]+=[^&#]*&?)*)?)")
_FRAMING: Final = frozenset({"connection", "content-length", "transfer-encoding"})


def run_command(url: str | None, **options: Any) -> int:
    """
    Play, report, print the summary; returns the exit code.
    """
    headers = dict(parsed_header(text) for text in options["headers"])
    foreign = url is not None or options["target_cmd"] is not None
    _check_target(foreign, options)
    documents = _documents(foreign, options)
    planned, unplayed = _planned(foreign, documents, options)
    if options["dry_run"]:
        click.echo(render_plan(planned, unplayed))
        return 0
    documents = narrowed(documents, planned)
    setup = _setup(url, documents, headers, options)
    tokens, command = setup.credentials.values(), options["target_cmd"]
    redactor = redactor_for(headers, options["db"], documents.profiles, tokens, command)
    folder: Path = options["output"]
    choice = _choice(foreign, options, planned, unplayed)
    try:
        results = run(documents, setup, choice, folder, redactor, options["quiet"], options["verbose"])
    except ProfileMismatch as problem:
        raise placed(problem, options["profiles"]) from None
    render = render_brief if options["quiet"] else render_terminal
    click.echo(render(results, report=str(folder / "index.html"), colour=coloured()))
    if options["write_baseline"] is not None:
        click.echo(write_baseline(results, options["write_baseline"]), err=True)
    return results.exit_code


def _documents(foreign: bool, options: dict[str, Any]) -> Documents:
    documents = load_documents(options["scenarios"], options["profiles"])
    _check_profiles(foreign, documents)
    check_defects(options["defects"])
    quirks = quirks_named(options["quirks"])
    return replace(documents, profiles=spoken(documents.profiles, quirks)) if quirks else documents


def _planned(foreign: bool, documents: Documents, options: dict[str, Any]) -> tuple[list[Planned], list[Planned]]:
    """
    What is to be played, and what is beyond the number of turns that it may take.
    """
    planned = chosen(documents, selection_of(options))
    most = options["max_turns"] or (LIVE_TURNS if options["live"] else None)
    if most is None:
        return planned, []
    prompts = not options["live"] and (not foreign or bool(options["upstream"] or options["target_cmd"]))
    there = {"upstream": prompts, "store": not foreign or options["db"] is not None}
    witnesses = frozenset(name for name, seen in there.items() if seen)
    kept, unplayed = within(planned, max(most - KNOCKING, 0), witnesses, documents.requirements)
    if not kept:
        raise NothingSelected(f"--max-turns {most}: no scenario that is selected takes so few; {KNOCKING} are ours.")
    return kept, unplayed


def _setup(url: str | None, documents: Documents, headers: dict[str, str], options: dict[str, Any]) -> Setup:
    foreign = url is not None or options["target_cmd"] is not None
    return Setup(
        profiles=documents.profiles,
        url=url,
        command=options["target_cmd"],
        db=options["db"],
        upstream=options["upstream"],
        headers=headers,
        credentials=_credentials(foreign, documents, options["credentials"]),
        limits=Limits(connect=options["connect_timeout"], answer=options["timeout"]),
        defects=options["defects"],
        quirks=options["quirks"],
        servers=os.cpu_count() or 1,
        named=_named(options["profiles"], options["scenarios"], options["credentials"]),
        live=options["live"],
    )


def _check_target(foreign: bool, options: dict[str, Any]) -> None:
    """
    Raises `UsageError` for options that contradict each other.
    """
    if foreign and options["defects"]:
        raise UsageError("--defect breaks the reference server; it cannot be used with a target of yours.")
    if foreign and options["quirks"]:
        raise UsageError("--quirk changes the reference server; it cannot be used with a target of yours.")
    if options["live"] and not foreign:
        raise UsageError("--live is for a server of yours with a real model: give its URL, or --target-cmd.")
    if options["live"] and (options["upstream"] or "{upstream}" in (options["target_cmd"] or "")):
        raise UsageError("--live means that a real model answers; with --upstream the witness does: leave one out.")
    _check_dsn(options["db"] or "")


def parsed_header(text: str) -> tuple[str, str]:
    """
    `NAME:VALUE` as a pair. Raises `UsageError`, which never shows the value.
    """
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not name:
        raise UsageError("a --header is not NAME:VALUE; write --header 'authorization: Bearer ...'.")
    if not _NAME.fullmatch(name):
        raise UsageError(f"--header {name!r}: this is no name of a header; write letters, digits and hyphens.")
    if not _VALUE.fullmatch(value):
        raise UsageError(f"--header {name}: its value holds characters that a header cannot; percent-encode them.")
    if name.lower() in _FRAMING:
        raise UsageError(f"--header {name}: it belongs to each request's own framing; leave it out.")
    return name.lower(), value


def _credentials(foreign: bool, documents: Documents, file: Path | None) -> dict[str, str]:
    if foreign:
        return given_credentials(documents.profiles, file, os.environ)
    if file is not None:
        raise UsageError("--credentials are for a URL; the reference server gets new ones for every run.")
    return made_credentials(documents.profiles)


def _check_dsn(dsn: str) -> None:
    """
    A password that is not encoded is cut somewhere, and its rest is then a host's name, in messages and in packets.
    """
    if "://" in dsn and "@" in dsn and not _ENCODED.fullmatch(dsn):
        raise UsageError("--db: in its user and password, write @ / ? # as %40 %2F %3F %23.")


def _check_profiles(foreign: bool, documents: Documents) -> None:
    names = [profile.profile for profile in documents.profiles]
    if foreign and len(names) != 1:
        raise UsageError("a target has one profile: give --profile NAME (`threadgauge list --profiles` shows all).")
    spoken = builtin_profiles()
    if not foreign and (unknown := [name for name in names if name not in spoken]):
        raise UsageError(
            f"without a URL the reference server is tested, and it speaks {' and '.join(spoken)}, not "
            f"{' or '.join(unknown)}: give the URL of your server."
        )
    if len(set(names)) < len(names):
        raise UsageError(f"--profile is given twice for {max(names, key=names.count)}: leave one out.")


def _choice(foreign: bool, options: dict[str, Any], planned: Sequence[Planned], unplayed: Sequence[Planned]) -> Choice:
    return Choice(
        only=frozenset(one.key for one in planned),
        unplayed=[f"{one.name}@{one.profile.profile}" for one in unplayed],
        seed=options["seed"] if options["seed"] is not None else random.randrange(10**6),
        in_flight=options["in_flight"],
        order=options["order"],
        fail_fast=options["fail_fast"],
        strict=options["strict"],
        require_conclusive=options["require_conclusive"],
        tidy=foreign and not options["keep"],
        baseline=opened_baseline(options["baseline"], options["write_baseline"]),
        record=options["write_baseline"] is not None,
        allure=options["allure"],
    )


def _named(profiles: Sequence[str], scenarios: Sequence[Path], credentials: Path | None) -> list[str]:
    """
    The words that a repetition of one scenario needs as they were given: files.
    """
    profile = ["--profile", profiles[0]] if len(profiles) == 1 else []
    tokens = ["--credentials", str(credentials)] if credentials is not None else []
    return [*profile, *tokens, *(word for path in scenarios for word in ("--scenarios", str(path)))]
