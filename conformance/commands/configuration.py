"""
What is written in `threadgauge.toml`, or in `pyproject.toml` under `[tool.threadgauge]`: defaults for the command line.

Only click and the standard library, and no TOML before there is a file: `threadgauge --help` is to answer at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from conformance.errors import DocumentsInvalid, Problem, UsageError

__all__ = [
    "PREFIX",
    "SHARED",
    "Configuration",
    "find_configuration",
    "give_variables",
    "key_of",
    "options_of",
    "read_configuration",
]

PREFIX: Final = "THREADGAUGE_"
OWN: Final = "threadgauge.toml"
PROJECT: Final = "pyproject.toml"

_JUDGED: Final = frozenset({"strict", "require-conclusive", "baseline"})

SHARED: Final[Mapping[str, frozenset[str] | None]] = {"run": None, "watch": None, "doctor": None, "judge": _JUDGED}
"""
The commands whose options stand at the top of the file, and have variables: all, or those named. Another command has a
table of its own.
"""

_LINES: Final = frozenset({"header"})  # a value of several words: in a variable, one a line


@dataclass(frozen=True, slots=True)
class Configuration:
    """
    What a file says: the defaults by command and parameter, as click takes them, and where each stands. `problem` is
    what is wrong with it.
    """

    file: Path | None = None
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    places: Mapping[tuple[str, str], str] = field(default_factory=dict)
    problem: Exception | None = None


class _Lines(click.types.StringParamType):
    envvar_list_splitter = "\n"


def key_of(parameter: click.Parameter) -> str | None:
    """
    The parameter's name in a file: its long option without the dashes, or `url`.
    """
    if isinstance(parameter, click.Argument):
        return "url" if parameter.name == "url" else None
    names = [name.removeprefix("--") for name in parameter.opts if name.startswith("--")]
    plain = names and parameter.name not in ("help", "version") and not _is_switch(parameter)
    return names[0] if plain else None


def give_variables(commands: Mapping[str, click.Command]) -> None:
    """
    Each option of the shared commands can be given as a variable too: `--in-flight` as `THREADGAUGE_IN_FLIGHT`.
    """
    for name, command in commands.items():
        for key, parameter in options_of(name, command) if name in SHARED else ():
            parameter.envvar = PREFIX + key.upper().replace("-", "_")
            parameter.type = _Lines() if key in _LINES else parameter.type


def options_of(name: str, command: click.Command) -> Iterator[tuple[str, click.Parameter]]:
    """
    The options of a command that may stand in a file, by key.
    """
    shared = SHARED.get(name)
    for parameter in command.params:
        key = key_of(parameter)
        if key is not None and (shared is None or key in shared):
            yield key, parameter


def find_configuration(start: Path) -> Path | None:
    """
    The nearest file from a folder upwards; `threadgauge.toml` comes before `pyproject.toml` beside it.
    """
    for folder in (start, *start.parents):
        if (own := folder / OWN).is_file():
            return own
        project = folder / PROJECT
        if project.is_file() and b"tool.threadgauge" in project.read_bytes():
            return project
    return None


def read_configuration(file: Path, commands: Mapping[str, click.Command]) -> Configuration:
    """
    What the file says to these commands. Raises `DocumentsInvalid` with every problem, `UsageError` for no such file.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--config {file}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"--config {file}: byte {error.start} is not UTF-8, and TOML is: save it as UTF-8.") from None
    reader = _Reader(file, text, commands)
    reader.read()
    if reader.problems:
        raise DocumentsInvalid(reader.problems)
    return Configuration(file, reader.defaults, reader.places)


class _Reader:
    """
    Reads one file, and notes what is wrong with it.
    """

    def __init__(self, file: Path, text: str, commands: Mapping[str, click.Command]) -> None:
        self._file = Path(os.path.relpath(file))
        self._text = text
        self._table = [] if file.name != PROJECT else ["tool", "threadgauge"]
        self._commands = commands
        self.defaults: dict[str, dict[str, Any]] = {}
        self.places: dict[tuple[str, str], str] = {}
        self.problems: list[Problem] = []

    def read(self) -> None:
        table = self._parsed()
        for key, value in table.items():
            if isinstance(value, dict):
                self._command(key, value)
            else:
                self._setting([name for name in SHARED if name in self._commands], [], key, value)

    def _parsed(self) -> dict[str, Any]:
        import tomllib

        try:
            value: Any = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+), column (\d+)", str(error))
            at = (int(line[1]), int(line[2])) if line else (1, 1)
            self.problems.append(Problem(str(self._file), *at, f"this is no TOML: {str(error).partition(' (at')[0]}"))
            return {}
        for name in self._table:
            value = value.get(name, {}) if isinstance(value, dict) else {}
        return value if isinstance(value, dict) else {}

    def _command(self, name: str, table: Mapping[str, Any]) -> None:
        if name not in self._commands or name in SHARED:
            known = [one for one in self._commands if one not in SHARED]
            hint = "options of `run` stand at the top" if name in SHARED else _guess(name, known)
            self._wrong([], name, f"there is no table `{name}`", hint)
            return
        for key, value in table.items():
            self._setting([name], [name], key, value)

    def _setting(self, commands: Sequence[str], table: Sequence[str], key: str, value: Any) -> None:
        """
        One key, for each of the commands that has such an option.
        """
        spelt = key.replace("_", "-")
        known = {name: dict(options_of(name, self._commands[name])) for name in commands}
        taking = [name for name in commands if spelt in known[name]]
        if not taking:
            names = sorted({one for options in known.values() for one in options})
            tables = [] if table else [one for one in self._commands if one not in SHARED]
            self._wrong(table, key, f"unknown key `{key}`", _guess(spelt, [*names, *tables]))
            return
        for name in taking:
            self._keep(name, known[name][spelt], table, key, value)

    def _keep(self, command: str, parameter: click.Parameter, table: Sequence[str], key: str, value: Any) -> None:
        several = value if isinstance(value, list) else [value]
        given: Any = [self._relative(parameter, one) for one in several]
        given = given if parameter.multiple else given[0] if len(given) == 1 else given
        problem = _unfit(parameter, given)
        if problem and command in SHARED and command != "run":
            return  # `doctor` takes one profile, where a run takes several
        if problem:
            self._wrong(table, key, f"`{key}`: {problem}", None)
            return
        self.defaults.setdefault(command, {})[str(parameter.name)] = given
        self.places[command, str(parameter.name)] = f"{self._file}:{self._line(table, key)}"

    def _relative(self, parameter: click.Parameter, value: Any) -> Any:
        """
        A path in a file is meant from where the file is.
        """
        if not isinstance(value, str):
            return value
        if isinstance(parameter.type, click.Path) or (parameter.name in ("profile", "profiles") and _is_file(value)):
            return os.path.relpath(self._file.parent / value)
        if value.startswith("sqlite:///") and not value.startswith(("sqlite:////", "sqlite:///:")):
            return f"sqlite:///{os.path.relpath(self._file.parent / value.removeprefix('sqlite:///'))}"
        return value

    def _wrong(self, table: Sequence[str], key: str, text: str, hint: str | None) -> None:
        problem = Problem(str(self._file), self._line(table, key), 1, text, hint)
        if problem not in self.problems:
            self.problems.append(problem)

    def _line(self, table: Sequence[str], key: str) -> int:
        """
        Where the key stands: TOML's reader does not tell. The first of that name after the head of its table.
        """
        head = ".".join([*self._table, *table])
        own = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=|\s*\[{re.escape(f'{head}.{key}'.strip('.'))}[\].]")
        inside, first = not head, 1
        for number, line in enumerate(self._text.splitlines(), start=1):
            if inside and own.match(line):
                return number
            if line.lstrip().startswith("["):
                inside = line.strip().startswith(f"[{head}]") if head else False
                first = number if inside else first
            if own.match(line) and "[" in line.partition("=")[0]:
                return number
        return first


def _is_switch(parameter: click.Parameter) -> bool:
    """
    Whether several options choose one value, such as `--scenarios` and `--profiles` of `list`.
    """
    return isinstance(parameter, click.Option) and parameter.is_flag and not parameter.is_bool_flag


def _is_file(value: str) -> bool:
    return value.endswith((".yaml", ".yml")) or "/" in value


def _unfit(parameter: click.Parameter, value: Any) -> str | None:
    """
    What is wrong with such a value; nothing if click takes it.
    """
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return None if isinstance(value, bool) else "write true or false"
    if isinstance(value, bool) or (isinstance(value, list) and not parameter.multiple):
        return "this takes one value" if isinstance(value, list) else "this takes a text or a number, not true or false"
    try:
        parameter.type_cast_value(click.Context(click.Command("config")), value)
    except click.BadParameter as problem:
        return problem.message.rstrip(".")
    return None


def _guess(word: str, known: Sequence[str]) -> str:
    from conformance.text.suggest import did_you_mean

    near = did_you_mean(word, known)
    return f"did you mean `{near}`?" if near else f"known: {', '.join(known)}"
