"""
The command `threadgauge`: options in, an exit code out. What a command does lives in `conformance.commands`.

Exit codes: 0 conforms, 1 does not, 2 could not tell (unreachable, bad configuration, or nothing was checked).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from conformance import __version__
from conformance.errors import ThreadgaugeError

__all__ = ["main"]

LEVELS = ("must", "should", "may")


def _errors(command: Callable[..., int | None]) -> Callable[..., None]:
    """
    Whatever can go wrong is a sentence on standard error and exit code 2.
    """

    @wraps(command)
    def guarded(*args: Any, **options: Any) -> None:
        try:
            sys.exit(command(*args, **options) or 0)
        except ThreadgaugeError as error:
            click.echo(f"threadgauge: {_without_secrets(str(error), options)}", err=True)
            sys.exit(2)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: the rest is not written
            sys.exit(2)
        except OSError as error:
            click.echo(f"threadgauge: {error.filename or 'the system'}: {error.strerror or error}", err=True)
            sys.exit(2)
        except Exception:
            click.echo(_without_secrets(traceback.format_exc(), options), err=True)
            click.echo("threadgauge: this is a mistake of ours; please report it with the lines above.", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("threadgauge: interrupted; nothing was judged.", err=True)
            sys.exit(2)

    return guarded


def _without_secrets(text: str, options: dict[str, Any]) -> str:
    from conformance.commands.credentials import any_credentials
    from conformance.commands.secrets import redactor_for

    given = (header.partition(":") for header in options.get("headers") or ())
    headers = {name: value.strip() for name, _, value in given}
    tokens = any_credentials(options.get("credentials"), os.environ)
    return redactor_for(headers, options.get("db"), tokens=tokens).text(text)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="threadgauge")
def main() -> None:
    """Conformance tests for servers that keep conversation threads.

    `threadgauge run` with no arguments starts the bundled reference server and plays every scenario against it.
    """


@main.command()
@click.argument("url", required=False)
@click.option("--profile", "-p", "profiles", multiple=True, help="Profile by name or file; shows how the API speaks.")
@click.option("--db", metavar="DSN", help="The target's database, only read: postgresql://..., sqlite:///...")
@click.option("--upstream", metavar="HOST:PORT", help="Where the upstream witness listens; the target's model URL.")
@click.option("--target-cmd", metavar="COMMAND", help="Starts the target, and owns it; {port} is filled in.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="Sent with every request.")
@click.option(
    "--credentials",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The principals' credentials, YAML: name and token. Else THREADGAUGE_TOKEN_NAME of the environment.",
)
@click.option("--select", "-s", "patterns", multiple=True, help="Scenario id, folder, or pattern with *.")
@click.option("--level", "levels", multiple=True, type=click.Choice(LEVELS, case_sensitive=False))
@click.option(
    "--scenarios", "scenarios", multiple=True, type=click.Path(path_type=Path), help="Files or folders of your own."
)
@click.option("--output", "-o", default="threadgauge-report", type=click.Path(path_type=Path), show_default=True)
@click.option("--seed", default=None, type=int, help="Repeats a run's names and canaries; drawn if not given.")
@click.option("--in-flight", default=16, show_default=True, type=click.IntRange(1, 512), help="Scenarios at a time.")
@click.option("--order", default="longest", show_default=True, type=click.Choice(["longest", "random"]))
@click.option("--timeout", default=30.0, show_default=True, help="Seconds for one whole answer.")
@click.option("--connect-timeout", default=5.0, show_default=True, help="Seconds for a connection.")
@click.option("--fail-fast", "-x", is_flag=True, help="Begin nothing more after the first failure.")
@click.option("--strict", is_flag=True, help="A SHOULD that does not hold fails the run.")
@click.option("--require-conclusive", is_flag=True, help="What could not be seen fails the run.")
@click.option("--keep", is_flag=True, help="Leave the threads of this run on the target.")
@click.option("--defect", "defects", multiple=True, help="Switch on a defect of the reference server (no URL).")
@click.option("--quirk", "quirks", multiple=True, help="Switch on a quirk of the reference server (no URL).")
@click.option("--quiet", "-q", is_flag=True, help="Only failures and the verdict.")
@_errors
def run(url: str | None, **options: Any) -> int:
    """Play scenarios against URL (or the reference server), judge, and write a report."""
    from conformance.commands.running import run_command

    return run_command(url, **options)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Where to write; the folder itself if not given.")
@click.option("--strict", is_flag=True, help="A SHOULD that does not hold fails the run.")
@click.option("--require-conclusive", is_flag=True, help="What could not be seen fails the run.")
@_errors
def judge(folder: Path, output: Path | None, strict: bool, require_conclusive: bool) -> int:
    """Judge the recorded transcripts of a run again, offline, with today's checks."""
    from conformance.commands.judging import judge_command

    return judge_command(folder, output or folder, strict, require_conclusive)


@main.command("list")
@click.option("--requirements", "what", flag_value="requirements", help="The ledger, and what shows each.")
@click.option("--scenarios", "what", flag_value="scenarios", default=True, help="The scenarios (default).")
@click.option("--profiles", "what", flag_value="profiles", help="The built-in profiles.")
@click.option("--defects", "what", flag_value="defects", help="The reference server's defects.")
@click.option("--quirks", "what", flag_value="quirks", help="The reference server's legal oddities.")
@click.option("--source", metavar="NAME", help='Only the requirements that come from there, such as "seed 003".')
@_errors
def list_(what: str, source: str | None) -> int:
    """Show what there is: scenarios, requirements, profiles, defects, quirks."""
    from conformance.commands.listing import list_command

    click.echo(list_command(what, source))
    return 0


@main.command()
@click.option("--dialect", "dialects", multiple=True, help="A dialect; several, or `all`, are served under /NAME.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--db", default="sqlite:///threadgauge.db", show_default=True, help="sqlite:///FILE, postgresql://..., postgres"
)
@click.option("--upstream", metavar="URL", help="Any OpenAI-compatible model, such as http://127.0.0.1:9911/v1.")
@click.option(
    "--credentials",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Who may ask, YAML: name and token. Without it every token is a user of its own.",
)
@click.option("--cache", metavar="URL", help="redis://... for what is read often.")
@click.option("--log", is_flag=True, help="A line of JSON for each turn, on standard error.")
@click.option("--defect", "defects", multiple=True, help="Break it on purpose; `threadgauge list --defects`.")
@click.option("--quirk", "quirks", multiple=True, help="Make it odd and right; `threadgauge list --quirks`.")
@_errors
def serve(**options: Any) -> int:
    """Run the reference server. `--db postgres` starts a throw-away PostgreSQL for it."""
    from conformance.commands.serving import serve_command

    return serve_command(**options)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=9911, show_default=True, type=click.IntRange(0, 65535))
@_errors
def upstream(host: str, port: int) -> int:
    """Run the upstream witness alone: an OpenAI-compatible model that records what it is sent."""
    from conformance.commands.serving import upstream_command

    return upstream_command(host, port)


@main.command()
@click.option("--defect", "defects", multiple=True, help="Only these defects.")
@click.option("--dialect", "dialects", multiple=True, help="Only in these dialects.")
@click.option("--sample", metavar="N/M", help="Every defect in every M-th of its dialects, at least one: part N.")
@click.option("--all", "everything", is_flag=True, help="Play every scenario against every defect.")
@click.option("--twins", is_flag=True, help="Play the suite against the identity twins of all defects at once.")
@click.option("--proofs", is_flag=True, help="Play nothing: print what has broken each requirement, by the matrix.")
@click.option("--jobs", "-j", default=2, show_default=True, type=click.IntRange(1, 32), help="Servers at a time.")
@click.option("--before", type=click.Path(path_type=Path, exists=True), help="The matrix to compare with.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the matrix as JSON to this file.")
@click.option("--html", type=click.Path(path_type=Path), help="Write the matrix as one page to this file.")
@click.option("--quirks", "odd", is_flag=True, help="Play against legal oddities instead: none may be an alarm.")
@click.option("--quirk", "quirks", multiple=True, help="Only these quirks.")
@click.option("--combinations", default=20, show_default=True, type=click.IntRange(0), help="Of quirks, drawn.")
@click.option("--seed", default=1, show_default=True, help="Draws the combinations, and each quirk's dialect.")
@_errors
def selftest(
    sample: str | None, odd: bool, quirks: tuple[str, ...], combinations: int, seed: int, **options: Any
) -> int:
    """Play the suite against every known defect: each must be caught by the requirement that it names."""
    if odd or quirks:
        from conformance.commands.quirks import Wanted, quirks_command

        kept = {name: options[name] for name in ("dialects", "jobs", "everything", "output")}
        return quirks_command(Wanted(quirks=quirks, combinations=combinations, seed=seed, **kept))
    from conformance.commands.selftest import Asked, selftest_command
    from conformance.commands.suspects import Sample

    return selftest_command(Asked(sample=Sample.read(sample) if sample else None, **options))


if __name__ == "__main__":
    main()
