"""
`threadgauge serve` and `threadgauge upstream`: run a server until it is told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import click

from conformance.commands.credentials import as_principals, given_credentials
from conformance.commands.listing import check_defects, check_shown
from conformance.commands.oddities import quirks_named
from conformance.errors import LaunchError, UsageError
from conformance.loading.places import builtin_profiles
from conformance.loading.profiles import load_profile

__all__ = ["serve_command", "upstream_command"]

DEFAULT: Final = ("anita",)
STOPPED: Final = 3.0  # seconds from SIGTERM to SIGKILL; the reference server gives open answers one


def serve_command(
    dialects: Sequence[str],
    host: str,
    port: int,
    db: str,
    upstream: str | None,
    defects: Sequence[str],
    credentials: Path | None = None,
    cache: str | None = None,
    log: bool = False,
    quirks: Sequence[str] = (),
) -> int:
    """
    The reference server in a process of its own, so that harness and server stay strangers; 0 when it was told to end.
    """
    if unknown := [dialect for dialect in dialects if dialect not in (*builtin_profiles(), "all")]:
        raise UsageError(f"there is no dialect {' and no '.join(unknown)}: {', '.join(builtin_profiles())} and all.")
    check_defects(defects)
    served = dialects or DEFAULT
    if "all" not in served:
        check_shown(defects, served)
    quirks_named(quirks)
    _check_port(host, port)
    with _ended_by_signals(), contextlib.ExitStack() as stack:
        if db == "postgres":
            from conformance.driver.postgres import running_postgres

            db = stack.enter_context(running_postgres()).url
            click.echo(f"store    {db}")
        command = [sys.executable, "-m", "reference_server", "--host", host, "--port", str(port), "--db", db]
        command += [word for dialect in served for word in ("--dialect", dialect)]
        command += [word for defect in defects for word in ("--defect", defect)]
        command += [word for quirk in quirks for word in ("--quirk", quirk)]
        command += ["--upstream", upstream] if upstream is not None else []
        command += ["--cache", cache] if cache is not None else []
        command += ["--log", "json"] if log else []
        return _run(command, _principals(credentials))
    return 0


def _principals(file: Path | None) -> dict[str, str]:
    """
    The callers that the server is told of, as the one variable of its environment.
    """
    if file is None:
        return {}
    tokens = given_credentials([load_profile(name) for name in builtin_profiles()], file, {})
    return {"REFERENCE_PRINCIPALS": as_principals([""], tokens)}


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """
    Wait for the process. It ends with us, however we end, because we hold its standard input; Ctrl-C is for us alone.
    """
    process = subprocess.Popen(
        [*command, "--exit-with-parent"],
        stdin=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **environment},
    )
    try:
        return 2 if process.wait() else 0
    except KeyboardInterrupt:
        process.terminate()
        return 0
    finally:
        try:
            process.wait(STOPPED)
        except subprocess.TimeoutExpired:
            process.kill()


def upstream_command(host: str, port: int) -> int:
    """
    The upstream witness alone, until it is told to end.
    """
    try:
        asyncio.run(_upstream(host, port))
    except OSError as error:
        raise _taken(host, port, error) from None
    return 0


async def _upstream(host: str, port: int) -> None:
    from conformance.upstream.server import Upstream

    upstream = Upstream()
    await upstream.start(host, port)
    told = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, told.set)
    async with upstream:
        click.echo(f"listening on {upstream.url}/v1 (Ctrl-C ends it); point a target's model URL here")
        await told.wait()


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """
    SIGTERM is like Ctrl-C: what was started is ended.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise _taken(host, port, error) from None


def _taken(host: str, port: int, error: Exception) -> LaunchError:
    number = error.errno if isinstance(error, OSError) else None
    why = os.strerror(number) if number is not None and number > 0 else str(error)
    return LaunchError(f"cannot listen on {host}:{port} ({why}): choose another --host or --port.")
