"""
`threadgauge new` and `threadgauge schema`: a file to begin with, and what an editor completes it from.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from conformance.commands.linting import problems_of
from conformance.driver.folder import claim
from conformance.errors import UsageError
from conformance.loading.places import ROOT, builtin_profiles
from conformance.loading.schema import KINDS, schema_of

__all__ = ["STARTERS", "new_command", "schema_command"]

STARTERS: Final = ROOT / "conformance" / "starters"

_ID: Final = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")
_PROFILE: Final = re.compile(r"[a-z][a-z0-9_-]*")


def new_command(kind: str, name: str, output: Path | None, like: str | None, force: bool) -> str:
    """
    Write a commented file of that kind; returns what to do with it. Raises `UsageError`.
    """
    pattern, words = (_ID, "small letters, digits, - and /") if kind == "scenario" else (_PROFILE, "a lower-case word")
    if not pattern.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a {kind}: write {words}.")
    if like is not None and kind != "profile":
        raise UsageError("--like is for a profile, which may extend another one.")
    file = output or Path(f"{name}.yaml")
    if file.exists() and not force:
        raise UsageError(f"{file} is there already: give another --output, or --force to write over it.")
    claim(file.parent)
    text = _extending(name, like) if like is not None else _starter(kind, name)
    file.write_text(text, encoding="utf-8")
    assert not list(problems_of({file: kind}, [])), "what we write must be right"
    return f"{file} is written. {_NEXT[kind].format(file=file)}"


def schema_command(kind: str, output: Path | None) -> str:
    """
    The JSON Schema of a kind of file, or where it was written.
    """
    text = json.dumps(schema_of(KINDS[kind]), indent=2, ensure_ascii=False)
    if output is None:
        return text
    claim(output.parent)
    output.write_text(f"{text}\n", encoding="utf-8")
    return f"{output} is written. First line of a {kind}: # yaml-language-server: $schema={output}"


_NEXT: Final = {
    "scenario": "Play it: threadgauge run --scenarios {file} --profile anita",
    "profile": "Correct it, and look: threadgauge doctor URL --profile {file}",
}


def _starter(kind: str, name: str) -> str:
    """
    The starter with the name in it; what is behind it on its line stays where it was.
    """
    text = (STARTERS / f"{kind}.yaml").read_text(encoding="utf-8")
    return re.sub(r"NAME( *)", lambda found: name + " " * max(len(found[0]) - len(name), bool(found[1])), text, count=1)


def _extending(name: str, like: str) -> str:
    if like not in builtin_profiles():
        raise UsageError(f"--like {like}: the built-in profiles are {', '.join(builtin_profiles())}.")
    return _EXTENDING.format(name=name, like=like)


_EXTENDING: Final = """\
# What is not said here is as in the profile {like}. Mappings are merged key by key, lists are replaced whole.
# All keys: docs/write-a-profile.md.

profile: {name}
title: One line for people
extends: {like}

# operations:
#   health:
#     request: {{method: GET, path: /status}}
# policies: {{unknown_thread: refuse}}
"""
