"""
The examples of the documentation are true: YAML loads, commands parse, links lead somewhere, names exist.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
import yaml

from conformance import plugin
from conformance.cli import main
from conformance.engine.baseline import Playable, settled
from conformance.loading.baseline import load_baseline
from conformance.loading.ledger import load_ledger
from conformance.loading.lint.words import lint_against_ledger, lint_profile_words
from conformance.loading.places import builtin_profiles, shipped_ledger, shipped_names, shipped_scenarios
from conformance.loading.profiles import read_profile
from conformance.loading.scenarios import load_scenarios, read_scenario
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")

MADE_UP = {"mine", "storage/pinned-messages-are-kept", "pin-lost-on-turn"}
"""
Names that the pages introduce as the reader's own.
"""


def prose(text: str) -> str:
    return FENCE.sub("", text)


def blocks(*languages: str) -> list[Any]:
    """
    The fenced blocks in these languages, as (page, line, text), ready to be a test's parameters.
    """
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for block in FENCE.finditer(text):
            if block[2] in languages:
                line = text.count("\n", 0, block.start()) + 2
                found.append(pytest.param(block[3], id=f"{path.relative_to(ROOT)}:{line}"))
    return found


@pytest.mark.parametrize("text", blocks("yaml"))
def test_a_yaml_block_loads(text: str, tmp_path: Path) -> None:
    value = yaml.load(text, yaml.BaseLoader)
    kind = next(kind for kind, fits in KINDS_OF_YAML.items() if fits(value))
    file = tmp_path / "block.yaml"

    LOADING[kind](file, text)


def _scenario(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert not list(lint_against_ledger(read_scenario(file), _ledger()))


def _steps(file: Path, text: str) -> None:
    _scenario(file, f"id: docs/block\ntitle: A block of the docs\nsteps:\n{text}")


def _profile(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert not list(lint_profile_words(read_profile(file), _ledger()))


def _part_of_a_profile(file: Path, text: str) -> None:
    _profile(file, f"profile: docs\ntitle: A block of the docs\nextends: anita\n{text}")


def _requirements(file: Path, text: str) -> None:
    assert msgspec.convert(yaml.safe_load(text), list[Requirement])


def _baseline(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    playable = Playable(shipped_names(), builtin_profiles())

    assert {one.state for one in settled(load_baseline(file), [], playable, date(2026, 1, 1))} == {"not played"}


def _action(_: Path, text: str) -> None:
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
    ours = [step["with"] for step in steps if step.get("uses") == "./threadgauge"]
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert ours
    assert {key for one in ours for key in one} <= set(inputs)


def _job(_: Path, text: str) -> None:
    # `!reference` is GitLab's own.
    jobs = yaml.safe_load(text.replace("!reference ", ""))
    template = yaml.safe_load((ROOT / "deploy" / "gitlab.yml").read_text(encoding="utf-8"))
    extended = [job["extends"] for job in jobs.values() if "extends" in job]
    assert set(extended) <= set(template)
    assert extended or "threadgauge run" in text


def _hooks(_: Path, text: str) -> None:
    known = {one["id"] for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert {hook["id"] for repo in yaml.safe_load(text)["repos"] for hook in repo["hooks"]} <= known


LOADING = {
    "scenario": _scenario,
    "profile": _profile,
    "requirements": _requirements,
    "steps": _steps,
    "part of a profile": _part_of_a_profile,
    "baseline": _baseline,
    "hooks": _hooks,
    "action": _action,
    "job": _job,
}
KINDS_OF_YAML = {
    "scenario": lambda value: "steps" in value,
    "profile": lambda value: "profile" in value,
    "requirements": lambda value: isinstance(value, list) and "sentence" in value[0],
    "steps": lambda value: isinstance(value, list),
    "part of a profile": lambda value: set(value) <= {field.encode_name for field in msgspec.structs.fields(Profile)},
    "baseline": lambda value: "known" in value,
    "hooks": lambda value: "repos" in value,
    "action": lambda value: "jobs" in value,
    "job": lambda value: "include" in value or any("script" in job for job in value.values()),
}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    links = [link for link in LINK.findall(prose(path.read_text(encoding="utf-8"))) if "://" not in link]

    assert [link for link in links if not _leads(path, link)] == []


def _leads(path: Path, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = (path.parent / file).resolve() if file else path
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(target: Path) -> set[str]:
    headings = (found[2] for found in HEADING.finditer(prose(target.read_text(encoding="utf-8"))))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands() -> list[Any]:
    """
    Every command line of ours in the docs: in shell blocks, in CI files, and between backticks.
    """
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        code = [block[3] for block in FENCE.finditer(text) if block[2] in ("sh", "yaml", "")]
        lines = "\n".join(code).replace("\\\n", " ").replace("\n          --", " --").splitlines()
        lines += re.findall(r"`((?:threadgauge|pytest) [^`\n]+)`", prose(text))
        ours = (line for line in lines if re.search(r"\b(threadgauge|pytest) [\w-]", line))
        found += [pytest.param(line.strip(), id=f"{path.name}: {line.strip()[:60]}") for line in ours]
    return found


def _argument_lists(line: str) -> Iterator[list[str]]:
    """
    The commands of a line, `&&`, `|` and redirections apart.
    """
    line = re.sub(r"^.*?(?=\b(?:threadgauge|pip|pytest)\b)", "", line, count=1)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word and set(word) <= set("&|;<>()"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


@pytest.mark.parametrize("line", commands())
def test_a_command_line_of_the_docs_parses(line: str) -> None:
    ours = [words for words in _argument_lists(line) if words and words[0] in ("threadgauge", "pytest")]

    assert ours
    for words in ours:
        (_threadgauge if words[0] == "threadgauge" else _pytest)(words[1:])


def _threadgauge(arguments: list[str]) -> None:
    if arguments == ["--version"]:
        return
    command = main.commands[arguments[0]]
    given = [word for word in arguments[1:] if word != "[URL]"]
    missing = [one.make_metavar(click.Context(command)) for one in command.params if one.required]
    # A command that is only named, such as `threadgauge judge`, has no arguments to parse.
    if given or not missing:
        command.make_context(arguments[0], given)


def _pytest(arguments: list[str]) -> None:
    ours = {word.partition("=")[0] for word in arguments if word.startswith(("--target", "--in-flight"))}

    assert ours <= set(plugin.OPTIONS)


def test_there_are_examples() -> None:
    assert len(blocks("yaml")) >= 30
    assert len(commands()) >= 50


def test_every_defect_that_a_command_names_is_in_the_ledger() -> None:
    known = {defect.id for requirement in _ledger().requirements for defect in requirement.defects}

    assert _values("--defect")
    assert _values("--defect") - known - MADE_UP == set()


def test_every_selection_of_a_command_finds_a_scenario() -> None:
    ids = {one.scenario.id for one in load_scenarios([shipped_scenarios()])}
    known = ids | {one.split("/")[0] for one in ids} | {one.id for one in _ledger().requirements}

    assert _values("--select")
    assert _values("--select") - known - MADE_UP == set()


def _values(option: str) -> set[str]:
    return {value for line in commands() for value in re.findall(rf"{option} ([\w/-]+)", line.values[0])}


def _ledger() -> Any:
    return load_ledger(shipped_ledger())
