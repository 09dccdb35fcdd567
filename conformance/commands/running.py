"""
`threadgauge run`: from options to an exit code.
"""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from conformance.commands.credentials import given_credentials, made_credentials
from conformance.commands.documents import Documents, load_documents
from conformance.commands.listing import check_defects
from conformance.commands.oddities import quirks_named, spoken
from conformance.commands.run import Choice, run
from conformance.commands.secrets import redactor_for
from conformance.commands.targets import Setup
from conformance.driver.http import Limits
from conformance.errors import UsageError
from conformance.loading.places import builtin_profiles
from conformance.reporting.terminal import render_terminal

__all__ = ["parsed_header", "run_command"]

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_ENCODED: Final = re.compile(r"(?:sqlite.*|[^/@]+://(?:[^@/?#]*@)?[^@/?#]*(?:/[^@?#]*)?(?:\?(?:[^=&#]+=[^&#]*&?)*)?)")
_FRAMING: Final = frozenset({"connection", "content-length", "transfer-encoding"})


def run_command(url: str | None, **options: Any) -> int:
    """
    Play, report, print the summary; returns the exit code.
    """
    headers = dict(parsed_header(text) for text in options["headers"])
    command, foreign = options["target_cmd"], url is not None or options["target_cmd"] is not None
    if foreign and options["defects"]:
        raise UsageError("--defect breaks the reference server; it cannot be used with a target of yours.")
    if foreign and options["quirks"]:
        raise UsageError("--quirk changes the reference server; it cannot be used with a target of yours.")
    _check_dsn(options["db"] or "")
    documents = load_documents(options["scenarios"], options["profiles"])
    _check_profiles(foreign, documents)
    check_defects(options["defects"])
    if quirks := quirks_named(options["quirks"]):
        documents = replace(documents, profiles=spoken(documents.profiles, quirks))
    credentials = _credentials(foreign, documents, options["credentials"])
    setup = Setup(
        profiles=documents.profiles,
        url=url,
        command=command,
        db=options["db"],
        upstream=options["upstream"],
        headers=headers,
        credentials=credentials,
        limits=Limits(connect=options["connect_timeout"], answer=options["timeout"]),
        defects=options["defects"],
        quirks=options["quirks"],
        servers=os.cpu_count() or 1,
        named=_named(options["profiles"], options["scenarios"], options["credentials"]),
    )
    redactor = redactor_for(headers, options["db"], documents.profiles, credentials.values())
    folder: Path = options["output"]
    results = run(documents, setup, _choice(foreign, options), folder, redactor, options["quiet"])
    click.echo(render_terminal(results, report=str(folder / "index.html"), colour=sys.stdout.isatty()))
    return results.exit_code


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


def _choice(foreign: bool, options: dict[str, Any]) -> Choice:
    return Choice(
        patterns=options["patterns"],
        levels=[level.upper() for level in options["levels"]],
        seed=options["seed"] if options["seed"] is not None else random.randrange(10**6),
        in_flight=options["in_flight"],
        order=options["order"],
        fail_fast=options["fail_fast"],
        strict=options["strict"],
        require_conclusive=options["require_conclusive"],
        tidy=foreign and not options["keep"],
    )


def _named(profiles: Sequence[str], scenarios: Sequence[Path], credentials: Path | None) -> list[str]:
    """
    The words that a repetition of one scenario needs as they were given: files.
    """
    profile = ["--profile", profiles[0]] if len(profiles) == 1 else []
    tokens = ["--credentials", str(credentials)] if credentials is not None else []
    return [*profile, *tokens, *(word for path in scenarios for word in ("--scenarios", str(path)))]
