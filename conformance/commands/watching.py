"""
`threadgauge watch`: play what has changed, again and again, until somebody stops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from conformance.commands.linting import kind_of
from conformance.commands.running import run_command
from conformance.errors import DocumentsInvalid, ThreadgaugeError, UsageError
from conformance.loading.places import builtin_profiles
from conformance.loading.scenarios import read_scenario, scenario_files

__all__ = ["Replay", "replay", "watch_command"]

LOOK: Final = 1000  # ms; how late a change is seen that no event told of


@dataclass(frozen=True, slots=True)
class Replay:
    """
    What is to be played after a change: all that is selected, or only these scenarios. `wrong` are files that could
    not be read, as `lint` would say it.
    """

    everything: bool = False
    ids: Sequence[str] = ()
    wrong: Sequence[str] = ()


def watch_command(paths: Sequence[Path], url: str | None, **options: Any) -> int:
    """
    Play what these files and folders hold; then wait, and play what changes. Ends with Ctrl-C.
    """
    if missing := [str(path) for path in paths if not path.exists()]:
        raise UsageError(f"there is no {' and no '.join(missing)}.")
    profiles = [path for path in paths if path.is_file() and kind_of(path, named=False) == "profile"]
    scenarios = [path for path in paths if path not in profiles]
    told = {**options, "scenarios": scenarios, "profiles": (*options["profiles"], *map(str, profiles))}
    files = [Path(name) for name in told["profiles"] if name not in builtin_profiles()]
    followed = [path.resolve() for path in (*paths, *files)]
    before = _times(followed)
    try:
        _play(url, told)
        for changed in _changes(followed, before):
            _again(replay(changed, [file.resolve() for file in files]), url, told)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
    return 0


def replay(changed: Iterable[Path], profiles: Sequence[Path]) -> Replay:
    """
    What a change of these files asks for. A profile is in everything; a file that was deleted, or is nothing of ours,
    asks for nothing.
    """
    files = sorted(file for file in changed if file.suffix in (".yaml", ".yml"))
    if any(file in profiles or (file.is_file() and kind_of(file, named=False) == "profile") for file in files):
        return Replay(everything=True)
    ids: list[str] = []
    wrong: list[str] = []
    for file in files:
        if file.is_file() and kind_of(file, named=False) == "scenario":
            try:
                ids.append(read_scenario(file).scenario.id)
            except DocumentsInvalid as invalid:
                wrong.append(str(invalid))
    return Replay(ids=tuple(ids), wrong=tuple(wrong))


def _again(wanted: Replay, url: str | None, options: dict[str, Any]) -> None:
    for words in wanted.wrong:
        click.echo(words, err=True)
    if wanted.everything:
        click.echo("the profile has changed: playing all again", err=True)
        _play(url, options)
    elif wanted.ids:
        click.echo(f"changed: {', '.join(wanted.ids)}", err=True)
        # Whoever selects, selects among what has changed: an id that is not selected is no reason to stop.
        _play(url, {**options, "patterns": wanted.ids})


def _play(url: str | None, options: dict[str, Any]) -> None:
    """
    One run. What keeps it from being one is said, and may be mended while we wait.
    """
    try:
        run_command(url, **options)
    except ThreadgaugeError as problem:
        click.echo(f"threadgauge: {problem}", err=True)
    click.echo("watching for changes, Ctrl-C stops", err=True)


def _changes(followed: Sequence[Path], before: dict[Path, int]) -> Iterator[set[Path]]:
    """
    The files of each change since those times, also of one that came while something was played.

    Told by their times: an editor that writes a new file in place of the old one ends what watches the old one.
    """
    from watchfiles import watch  # not imported before it is needed

    while True:
        now = _times(followed)
        if changed := {file for file, time in now.items() if before.get(file) != time}:
            yield changed
        else:
            there = [path for path in followed if path.exists()]
            with suppress(FileNotFoundError):
                next(watch(*there, watch_filter=None, raise_interrupt=True, yield_on_timeout=True, rust_timeout=LOOK))
        before = now


def _times(paths: Iterable[Path]) -> dict[Path, int]:
    found: dict[Path, int] = {}
    for file in scenario_files(paths):
        with suppress(OSError):  # gone meanwhile
            found[file] = file.stat().st_mtime_ns
    return found
