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
from conformance.commands.configuration import Configuration, find_configuration, give_variables, read_configuration
from conformance.commands.options import CREDENTIALS, DB, HEADER, MAX_TURNS, TIMEOUT, UPSTREAM, playing
from conformance.errors import ThreadgaugeError

__all__ = ["main"]


def _errors(command: Callable[..., int | None]) -> Callable[..., None]:
    """
    Whatever can go wrong is a sentence on standard error and exit code 2.
    """

    @wraps(command)
    def guarded(*args: Any, **options: Any) -> None:
        try:
            _check_configuration()
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


def _check_configuration() -> None:
    """
    What is wrong with a file of configuration keeps a command from working, and nobody from reading its help.
    """
    problem = click.get_current_context().find_root().obj.problem
    if problem is not None:
        raise problem


def _without_secrets(text: str, options: dict[str, Any]) -> str:
    from conformance.commands.credentials import any_credentials
    from conformance.commands.secrets import redactor_for

    given = (header.partition(":") for header in options.get("headers") or ())
    headers = {name: value.strip() for name, _, value in given}
    tokens = any_credentials(options.get("credentials"), os.environ)
    command = options.get("target_cmd")
    return redactor_for(headers, options.get("db"), tokens=tokens, command=command).text(text)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="threadgauge")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="THREADGAUGE_CONFIG",
    metavar="FILE",
    help="Defaults, TOML; else the nearest threadgauge.toml, or pyproject.toml with [tool.threadgauge].",
)
@click.option("--isolated", is_flag=True, help="Read no file of defaults.")
@click.pass_context
def main(context: click.Context, config: Path | None, isolated: bool) -> None:
    """Conformance tests for servers that keep conversation threads.

    `threadgauge run` with no arguments starts the bundled reference server and plays every scenario against it.
    """
    file = None if isolated else config or find_configuration(Path.cwd())
    context.obj = Configuration()
    try:
        context.obj = read_configuration(file, main.commands) if file else context.obj
    except ThreadgaugeError as problem:
        context.obj = Configuration(file, problem=problem)
    context.default_map = {name: dict(defaults) for name, defaults in context.obj.defaults.items()}


@main.command()
@click.argument("url", required=False)
@playing
@_errors
def run(url: str | None, **options: Any) -> int:
    """Play scenarios against URL (or the reference server), judge, and write a report."""
    from conformance.commands.configuring import misspelt_variables
    from conformance.commands.running import run_command

    for sentence in misspelt_variables(main.commands.values(), os.environ):
        click.echo(f"threadgauge: {sentence}", err=True)
    return run_command(url, **options)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Where to write; the folder itself if not given.")
@click.option(
    "--strict/--no-strict", default=None, help="A SHOULD that does not hold fails the run; if not given, as in the run."
)
@click.option(
    "--require-conclusive/--no-require-conclusive",
    default=None,
    help="What could not be seen fails the run; if not given, as in the run.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Failures that are known, YAML; one that passes, or has expired, fails the run. Else those of the run.",
)
@_errors
def judge(folder: Path, output: Path | None, **options: Any) -> int:
    """Judge the recorded transcripts of a run again, offline, with today's checks."""
    from conformance.commands.judging import judge_command

    return judge_command(folder, output or folder, **options)


@main.command()
@click.argument("url")
@click.option("--profile", "-p", required=True, help="Profile by name or file; shows how the API speaks.")
@DB
@UPSTREAM
@HEADER
@CREDENTIALS
@click.option("--quick", is_flag=True, help="Ask for one turn, and try no capability.")
@MAX_TURNS
@TIMEOUT
@_errors
def doctor(timeout: float, **options: Any) -> int:
    """Look at URL as a profile says it speaks: one line for each thing that must be right, with its fix."""
    from conformance.commands.doctor import Examined, doctor_command
    from conformance.driver.http import Limits

    return doctor_command(Examined(limits=Limits(answer=timeout), **options))


@main.command()
@click.argument("url")
@click.option(
    "--openapi",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The OpenAPI document, JSON or YAML; else URL/openapi.json is read.",
)
@click.option("--output", "-o", default="profile.yaml", type=click.Path(path_type=Path), show_default=True)
@click.option("--name", help="The profile's name; else made from the document's title.")
@click.option("--value", "values", multiple=True, metavar="NAME=VALUE", help="What a field of that name is to hold.")
@click.option("--policy", "policies", multiple=True, metavar="NAME=VALUE", help="What it promises: history=whole.")
@click.option("--auth", metavar="HEADER:VALUE", help="How a request shows who asks, with ${token} in it.")
@HEADER
@click.option(
    "--credentials",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Credentials of alice, bob, carol and dave, YAML. Else THREADGAUGE_TOKEN_NAME of the environment.",
)
@click.option("--db", metavar="DSN", help="For doctor: the target's database, only read.")
@click.option("--upstream", metavar="HOST:PORT", help="Where the upstream witness listens; the target's model URL.")
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
@click.option("--no-doctor", "doctor", flag_value=False, default=True, help="Write the draft, and look no further.")
@MAX_TURNS
@TIMEOUT
@_errors
def init(timeout: float, **options: Any) -> int:
    """Draft a profile for URL from its OpenAPI document and a live turn, then run doctor with it."""
    from conformance.commands.init import Asked, init_command
    from conformance.driver.http import Limits

    return init_command(Asked(limits=Limits(answer=timeout), **options))


@main.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--html", type=click.Path(path_type=Path), help="Write the comparison as one page to this file.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write it as Markdown to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--strict", is_flag=True, help="What is no longer judged is worse too.")
@click.option("--worse-by", metavar="PERCENT", type=click.FloatRange(0), help="So much slower, a figure is worse too.")
@_errors
def compare(folders: tuple[Path, ...], **options: Any) -> int:
    """Show what changed between runs, the oldest first: between versions of a server, or between servers."""
    from conformance.commands.compare import compare_command

    return compare_command(folders, **options)


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


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF RUN]...")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.pass_context
@_errors
def config(context: click.Context, words: tuple[str, ...], as_json: bool) -> int:
    """Show every option of a run, its value, and where it came from: file, variable or command line."""
    from conformance.commands.configuring import config_command

    with run.make_context("run", list(words), parent=context.parent) as told:
        click.echo(config_command(told, context.obj, as_json))
    return 0


@main.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@_errors
def explain(name: str, as_json: bool) -> int:
    """Say what NAME is: a requirement, scenario, defect, quirk, outcome, capability, policy, area or profile."""
    from conformance.commands.explaining import explain_command

    click.echo(explain_command(name, as_json))
    return 0


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--profile", "-p", "profiles", multiple=True, help="Also see that it has what the scenarios' steps need.")
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json", "github"]))
@_errors
def lint(paths: tuple[Path, ...], profiles: tuple[str, ...], form: str) -> int:
    """Check scenario, profile and baseline files; each problem with its place and a hint. Nothing is sent."""
    from conformance.commands.linting import lint_command

    text, code = lint_command(paths, profiles, form)
    click.echo(text)
    return code


@main.command()
@click.argument("kind", type=click.Choice(["scenario", "profile"]))
@click.argument("name")
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="NAME.yaml if not given.")
@click.option("--like", metavar="PROFILE", help="A profile that changes this built-in one.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@_errors
def new(**options: Any) -> int:
    """Write a scenario or a profile to begin with: commented, and right as it stands."""
    from conformance.commands.starting import new_command

    click.echo(new_command(**options))
    return 0


@main.command()
@click.argument("kind", default="scenario", type=click.Choice(["scenario", "profile", "requirements", "baseline"]))
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file.")
@_errors
def schema(kind: str, output: Path | None) -> int:
    """Print the JSON Schema of a kind of file, from which editors complete."""
    from conformance.commands.starting import schema_command

    click.echo(schema_command(kind, output))
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


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--url", help="The server under test; the reference server if not given.")
@_errors
def watch(paths: tuple[Path, ...], url: str | None, **options: Any) -> int:
    """Play the scenarios in PATHS, and again whatever changes: a scenario's file, or all for a profile's."""
    from conformance.commands.watching import watch_command

    return watch_command(paths, url, **options)


watch.params += [parameter for parameter in run.params if parameter.name not in ("url", "scenarios")]
give_variables(main.commands)


if __name__ == "__main__":
    main()
