"""
`threadgauge config`: every option of a run, its value, and where that came from.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click
from click.core import ParameterSource

from conformance.commands.configuration import PREFIX, Configuration, key_of
from conformance.commands.credentials import PREFIX as TOKENS
from conformance.commands.secrets import HARMLESS
from conformance.text.redaction import MARK, redact_command, redact_headers
from conformance.text.suggest import did_you_mean

__all__ = ["config_command", "misspelt_variables"]

OTHERS: Final = ("THREADGAUGE_PG_BIN", "THREADGAUGE_CONFIG")


@dataclass(frozen=True, slots=True)
class Setting:
    """
    One option: its value as it may be shown, and where that came from.
    """

    key: str
    value: Any
    source: str


def config_command(run: click.Context, configuration: Configuration, as_json: bool = False) -> str:
    """
    What a run would be told, from a context of `run` that was made from the given words. No secret is in it.
    """
    settings = list(_settings(run, configuration))
    if as_json:
        return json.dumps({one.key: {"value": one.value, "from": one.source} for one in settings}, indent=2)
    return "\n".join([*_table(settings), "", *_remarks(run, configuration)])


def misspelt_variables(commands: Iterable[click.Command], environment: Mapping[str, str]) -> list[str]:
    """
    A sentence for each variable that is named like ours and is one of none of the commands.
    """
    known = sorted({str(one.envvar) for command in commands for one in command.params if one.envvar})
    odd = [
        name
        for name in sorted(environment)
        if name.startswith(PREFIX) and not name.startswith(TOKENS) and name not in (*known, *OTHERS)
    ]
    near = {name: did_you_mean(name, known) for name in odd}
    return [
        f"{name} is set, and no option has that variable" + (f": did you mean {near[name]}?" if near[name] else ".")
        for name in odd
    ]


def _settings(run: click.Context, configuration: Configuration) -> Iterator[Setting]:
    for parameter in run.command.params:
        key, name = key_of(parameter), str(parameter.name)
        if key is not None:
            source = _source(run, parameter, configuration.places.get(("run", name), ""))
            yield Setting(key, _shown(key, run.params.get(name)), source)
    for name in sorted(os.environ):
        if name.startswith(TOKENS) and os.environ[name]:
            yield Setting(f"token of {name.removeprefix(TOKENS).lower()}", MARK, f"variable {name}")


def _source(run: click.Context, parameter: click.Parameter, place: str) -> str:
    source = run.get_parameter_source(str(parameter.name))
    if source is ParameterSource.DEFAULT_MAP:
        return place
    if source is ParameterSource.ENVIRONMENT:
        return f"variable {parameter.envvar}"
    return "command line" if source is ParameterSource.COMMANDLINE else "default"


def _shown(key: str, value: Any) -> Any:
    """
    The value as JSON has it, without a secret.
    """
    if isinstance(value, (list, tuple)):
        return [_shown(key, one) for one in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if key == "header":
        return _header(str(value))
    return redact_command(str(value))


def _header(text: str) -> str:
    """
    Any header may be a credential, whatever its name; those that never are, are shown.
    """
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon:
        return MARK
    hidden = redact_headers({name: value})[name]
    return f"{name}: {hidden if hidden != value or name.lower() in HARMLESS else MARK}"


def _table(settings: Sequence[Setting]) -> Iterator[str]:
    """
    What somebody has set first, then the defaults.
    """
    rows = [(one.key, _text(one.value), one.source) for one in settings]
    columns = shutil.get_terminal_size((100, 24)).columns
    wide = [max(len(row[at]) for row in rows) for at in (0, 2)]
    room = max(columns - sum(wide) - 4, 20)
    values = min(max(len(row[1]) for row in rows), room)
    for key, value, source in sorted(rows, key=lambda row: row[2] == "default"):
        yield f"{key:<{wide[0]}}  {value:<{values}}  {source}"


def _text(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _remarks(run: click.Context, configuration: Configuration) -> Iterator[str]:
    if configuration.file is None:
        yield "no threadgauge.toml, and no [tool.threadgauge] in a pyproject.toml, from here upwards"
    else:
        yield f"file: {os.path.relpath(configuration.file)}"
    root = run.find_root().command
    commands = root.commands.values() if isinstance(root, click.Group) else [run.command]
    yield from misspelt_variables(commands, os.environ)
