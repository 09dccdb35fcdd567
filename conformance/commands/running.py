"""
`threadgauge run`: from options to an exit code.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import click

from conformance.commands.documents import profiles_named
from conformance.commands.run import Choice, run
from conformance.commands.targets import Setup
from conformance.driver.http import Limits
from conformance.errors import UsageError
from conformance.reporting.terminal import render_terminal

__all__ = ["parsed_header", "run_command"]


def run_command(url: str | None, **options: Any) -> int:
    """
    Play, report, print the summary; returns the exit code.
    """
    headers = dict(parsed_header(text) for text in options["headers"])
    setup = Setup(
        profiles=profiles_named(options["profiles"]),
        url=url,
        db=options["db"],
        upstream=options["upstream"],
        headers=headers,
        limits=Limits(connect=options["connect_timeout"], answer=options["timeout"]),
        defects=options["defects"],
    )
    if url is not None and options["defects"]:
        raise UsageError("--defect breaks the reference server; it cannot be used with a URL.")
    seed = options["seed"] if options["seed"] is not None else random.randrange(10**6)
    choice = Choice(
        patterns=options["patterns"],
        levels=[level.upper() for level in options["levels"]],
        seed=seed,
        in_flight=options["in_flight"],
        fail_fast=options["fail_fast"],
        strict=options["strict"],
        require_conclusive=options["require_conclusive"],
        tidy=url is not None and not options["keep"],
    )
    folder: Path = options["output"]
    results = run(setup, choice, folder, options["scenarios"], _secrets(headers, options["db"]), options["quiet"])
    click.echo(render_terminal(results, report=str(folder / "index.html"), colour=sys.stdout.isatty()))
    return results.exit_code


def parsed_header(text: str) -> tuple[str, str]:
    """
    `NAME:VALUE` as a pair. Raises `UsageError`.
    """
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"--header {text!r} is not NAME:VALUE.")
    return name.strip().lower(), value.strip()


def _secrets(headers: dict[str, str], dsn: str | None) -> list[str]:
    """
    Values that must never be written: credentials in headers, the password of the DSN.
    """
    from urllib.parse import unquote, urlsplit

    words = [word for name, value in headers.items() if name not in _HARMLESS for word in (value, *value.split()[1:])]
    password = urlsplit(dsn).password if dsn and "://" in dsn else None
    return [*words, *([password, unquote(password)] if password else [])]


_HARMLESS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
