"""
Options that several commands have. Nothing but click is imported here: `threadgauge --help` is to answer at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

__all__ = ["CREDENTIALS", "DB", "HEADER", "LEVELS", "MAX_TURNS", "MOST_TURNS", "TIMEOUT", "UPSTREAM", "playing"]

F = TypeVar("F", bound=Callable[..., Any])


class _Seconds(click.FloatRange):
    """
    A time that ends: more than nothing, less than a day.
    """

    name = "seconds"

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True, max=86_400)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = float(super().convert(value, param, ctx))
        # `nan` is in every range, because it is neither below nor above any number.
        return self.fail("nan is no time.", param, ctx) if found != found else found


SECONDS: Final = _Seconds()
LEVELS: Final = ("must", "should", "may")

DB: Final = click.option(
    "--db", metavar="DSN", help="The target's database, only read: postgresql://..., sqlite:///..."
)
UPSTREAM: Final = click.option(
    "--upstream", metavar="HOST:PORT", help="Where the upstream witness listens; the target's model URL."
)
HEADER: Final = click.option(
    "--header", "headers", multiple=True, metavar="NAME:VALUE", help="Sent with every request."
)
CREDENTIALS: Final = click.option(
    "--credentials",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The principals' credentials, YAML: name and token. Else THREADGAUGE_TOKEN_NAME of the environment.",
)
TIMEOUT: Final = click.option(
    "--timeout", type=SECONDS, default=30.0, show_default=True, help="Seconds for one whole answer."
)
# The built-in profiles take 29 to 52; what is beyond is no first look, and who has a real model pays for each.
MOST_TURNS: Final = 100
MAX_TURNS: Final = click.option(
    "--max-turns",
    type=click.IntRange(1),
    default=MOST_TURNS,
    show_default=True,
    metavar="N",
    help="Ask for no more turns in all; most profiles take some 50.",
)

_TARGET: Final[Sequence[Callable[[Any], Any]]] = (
    click.option(
        "--profile", "-p", "profiles", multiple=True, help="Profile by name or file; shows how the API speaks."
    ),
    DB,
    UPSTREAM,
    click.option("--target-cmd", metavar="COMMAND", help="Starts the target, and owns it; {port} is filled in."),
    HEADER,
    CREDENTIALS,
)

_SELECTING: Final[Sequence[Callable[[Any], Any]]] = (
    click.option("--select", "-s", "patterns", multiple=True, help="Scenario id, folder, or pattern with *."),
    click.option("--area", "areas", multiple=True, metavar="NAME", help="The first part of the requirements' ids."),
    click.option("--level", "levels", multiple=True, type=click.Choice(LEVELS, case_sensitive=False)),
    click.option("--requirement", "requirements", multiple=True, metavar="ID", help="Its scenarios; * matches any."),
    click.option("--dialect", "dialects", multiple=True, metavar="NAME", help="Of several profiles, only these."),
    click.option(
        "--capability", "capabilities", multiple=True, metavar="NAME", help="What needs this capability or policy."
    ),
    click.option(
        "--since",
        type=click.Path(path_type=Path),
        metavar="RUN",
        help="What failed or was inconclusive in the run of this report folder.",
    ),
    click.option("--shard", metavar="N/M", help="Part N of M, equally heavy; the same parts on every machine."),
    click.option("--dry-run", is_flag=True, help="List what would be played; send nothing."),
)
"""
They combine: what all of them leave is played.
"""

_PLAYING: Final[Sequence[Callable[[Any], Any]]] = (
    click.option(
        "--scenarios", "scenarios", multiple=True, type=click.Path(path_type=Path), help="Files or folders of your own."
    ),
    click.option("--output", "-o", default="threadgauge-report", type=click.Path(path_type=Path), show_default=True),
    click.option("--seed", default=None, type=int, help="Repeats a run's names and canaries; drawn if not given."),
    click.option(
        "--in-flight", default=16, show_default=True, type=click.IntRange(1, 512), help="Scenarios at a time."
    ),
    click.option("--order", default="longest", show_default=True, type=click.Choice(["longest", "random"])),
    TIMEOUT,
    click.option("--connect-timeout", type=SECONDS, default=5.0, show_default=True, help="Seconds for a connection."),
    click.option("--fail-fast", "-x", is_flag=True, help="Begin nothing more after the first failure."),
    click.option("--strict", is_flag=True, help="A SHOULD that does not hold fails the run."),
    click.option("--require-conclusive", is_flag=True, help="What could not be seen fails the run."),
    click.option("--allure", type=click.Path(path_type=Path), metavar="FOLDER", help="Write Allure results there too."),
    click.option("--live", is_flag=True, help="A real model answers: judge what can be known then, in few turns."),
    click.option("--max-turns", type=click.IntRange(1), metavar="N", help="Begin nothing beyond; 200 with --live."),
    click.option("--keep", is_flag=True, help="Leave the threads of this run on the target."),
    click.option(
        "--baseline",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Failures that are known, YAML; one that passes, has expired or matches nothing fails the run.",
    ),
    click.option(
        "--write-baseline",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write what fails in this run to a baseline, and judge this run by it.",
    ),
    click.option("--defect", "defects", multiple=True, help="Switch on a defect of the reference server (no URL)."),
    click.option("--quirk", "quirks", multiple=True, help="Switch on a quirk of the reference server (no URL)."),
    click.option("--verbose", "-v", is_flag=True, help="Every exchange as it ends, on standard error."),
    click.option("--quiet", "-q", is_flag=True, help="Only failures and the verdict."),
)


def playing(command: F) -> F:
    """
    The options of a run: what is tested, which scenarios are played, and how.
    """
    for option in reversed((*_TARGET, *_SELECTING, *_PLAYING)):
        command = option(command)
    return command
