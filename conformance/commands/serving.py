"""
`threadgauge serve` and `threadgauge upstream`: run a server until it is told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Sequence

import click

from conformance.commands.listing import check_defects
from conformance.errors import LaunchError, UsageError
from conformance.loading.places import builtin_profiles

__all__ = ["serve_command", "upstream_command"]


def serve_command(
    dialects: Sequence[str], host: str, port: int, db: str, upstream: str | None, defects: Sequence[str]
) -> int:
    """
    The reference server in a process of its own, so that harness and server stay strangers; returns its exit code.
    """
    check_defects(defects)
    if unknown := [dialect for dialect in dialects if dialect not in (*builtin_profiles(), "all")]:
        raise UsageError(f"there is no dialect {' and no '.join(unknown)}: {', '.join(builtin_profiles())} and all.")
    with contextlib.ExitStack() as stack:
        if db == "postgres":
            from conformance.driver.postgres import running_postgres

            db = stack.enter_context(running_postgres()).url
            click.echo(f"store    {db}")
        command = [sys.executable, "-m", "reference_server", "--host", host, "--port", str(port), "--db", db]
        for dialect in dialects or ["anita"]:
            command += ["--dialect", dialect]
        for defect in defects:
            command += ["--defect", defect]
        if upstream is not None:
            command += ["--upstream", upstream]
        process = subprocess.Popen(command)
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            return 0


def upstream_command(host: str, port: int) -> int:
    """
    The upstream witness alone, until it is interrupted.
    """
    from conformance.upstream.server import serve

    click.echo(f"listening on http://{host}:{port}/v1 (Ctrl-C ends it); point a target's model URL here")
    try:
        asyncio.run(serve(host, port))
    except OSError as error:
        raise LaunchError(f"cannot listen on {host}:{port} ({error.strerror}): choose another --port.") from None
    return 0
