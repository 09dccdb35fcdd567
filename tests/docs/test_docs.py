"""
The documentation names all that there is, where one looks for it, and nothing that there is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import msgspec
import pytest

from conformance import plugin
from conformance.cli import main
from conformance.loading.ledger import load_ledger
from conformance.loading.lint.actions import ACTIONS, PLACEHOLDERS
from conformance.loading.lint.applies import APPLICABLE
from conformance.loading.lint.names import RESERVED
from conformance.loading.lint.variables import PARTS
from conformance.loading.places import builtin_profiles, shipped_ledger
from conformance.model import profile as profiles
from conformance.model import scenario as scenarios
from conformance.model.columns import COLUMNS, TableName
from conformance.model.outcome import KINDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
CONTRACT = DOCS / "contract.md"  # it names its sources, and says what each is

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.MULTILINE)

SOURCES = {
    "seed 000": "the profile `anita`",
    "seed 001": "the profile `guide`",
    "seed 002": "the profile `completions`",
}
"""
The ledger's names of its sources, and what a reader of the docs knows instead.
"""


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    return FENCE.sub("", text)


def section(name: str, heading: str) -> str:
    """
    What stands under a heading, its inner headings included.
    """
    text = FENCE.sub(lambda found: found[0].replace("\n#", "\n "), page(name))
    found = next(one for one in HEADING.finditer(text) if one[2] == heading)
    end = next((one.start() for one in HEADING.finditer(text, found.end()) if len(one[1]) <= len(found[1])), None)
    return text[found.end() : end]


def named(text: str) -> set[str]:
    """
    What is named in backticks, alone: `--seed`, not `--seed 7`.
    """
    return set(re.findall(r"`([^`\n]+)`", prose(text)))


def keys(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}


def options(command: click.Command) -> set[str]:
    return {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def pytest_options() -> set[str]:
    return set(plugin.OPTIONS)


COMMANDS = sorted(main.commands)


def test_there_is_something_to_hold_the_docs_against() -> None:
    assert len(PAGES) >= 12
    assert {"run", "judge", "list", "serve", "upstream", "selftest"} <= set(COMMANDS)
    assert "--target" in pytest_options()
    assert {"steps", "needs"} <= keys(scenarios.Scenario)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_in_its_section_of_the_reference(command: str) -> None:
    told = named(section("reference.md", f"threadgauge {command}"))
    shared = options(main.commands["run"]) if command == "watch" else set()  # the page says that it has them

    assert options(main.commands[command])
    assert options(main.commands[command]) - told - shared == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_names_no_option_that_a_command_does_not_have(command: str) -> None:
    told = {name for name in named(section("reference.md", f"threadgauge {command}")) if name.startswith("-")}

    assert told - options(main.commands[command]) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`threadgauge {command}`" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["reference.md", "run-in-ci.md"])
def test_the_pytest_options_are_documented_and_no_others(name: str) -> None:
    heading = "pytest options" if name == "reference.md" else "pytest"
    table = {row[1] for row in ROW.finditer(section(name, heading)) if row[1].startswith("--")}

    assert table == pytest_options()


@pytest.mark.parametrize("name", ["reference.md", "read-a-report.md"])
def test_every_outcome_is_explained_and_no_other(name: str) -> None:
    assert {row[1] for row in ROW.finditer(section(name, "Outcomes"))} == set(KINDS)


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("reference.md", "Exit codes"),
        ("run-in-ci.md", "Run it in CI"),
        ("test-my-server.md", "6. Read the exit code"),
    ],
)
def test_every_exit_code_is_explained(name: str, heading: str) -> None:
    assert {row[1] for row in ROW.finditer(section(name, heading))} >= {"0", "1", "2"}


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("The file", scenarios.Scenario),
        ("`chat`", scenarios.Chat),
        ("`list_messages`", scenarios.ListMessages),
        ("`add_message`", scenarios.AddMessage),
        ("The script: `model`", scenarios.Script),
        ("Expectations", scenarios.Expect),
        ("Texts", scenarios.TextMatch),
        ("Messages", scenarios.MessageMatch),
        ("Streams", scenarios.StreamMatch),
        ("Timing", scenarios.TimingMatch),
        ("Items", scenarios.ItemsMatch),
    ],
)
def test_a_table_of_the_scenario_page_has_the_fields_of_its_struct_and_no_others(
    heading: str, struct: type[msgspec.Struct]
) -> None:
    tables = section("write-a-scenario.md", heading).split("\n### ")[0].split("\n\n")
    table = next(one for one in tables if one.startswith("| key |"))

    assert {row[1] for row in ROW.finditer(table)} == keys(struct)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_step_has_a_section_that_names_its_keys(action: str) -> None:
    heading = "Acts" if action in scenarios.ACTS else f"`{action}`"
    told = named(section("write-a-scenario.md", heading))
    kind = next((one for one in _kinds(scenarios.Step, action) if isinstance(one, type)), None)

    assert heading != "Acts" or action in told
    assert (keys(kind) if kind is not None and issubclass(kind, msgspec.Struct) else set()) - told == set()


def _kinds(struct: type[msgspec.Struct], name: str) -> Iterator[Any]:
    field = next(one for one in msgspec.structs.fields(struct) if one.encode_name == name)
    yield from get_args(field.type)


def test_every_other_key_of_a_step_is_explained() -> None:
    told = {row[1] for row in ROW.finditer(section("write-a-scenario.md", "Steps").split("\n### ")[0])}

    assert told == keys(scenarios.Step) - set(ACTIONS)


@pytest.mark.parametrize("struct", [scenarios.ThreadMatch, scenarios.ThreadsMatch])
def test_every_field_of_a_thread_match_is_explained(struct: type[msgspec.Struct]) -> None:
    assert keys(struct) - {row[1] for row in ROW.finditer(section("write-a-scenario.md", "Threads"))} == set()


def test_every_kind_of_step_shows_the_expectations_that_the_docs_say() -> None:
    table = section("write-a-scenario.md", "Expectations").split("\n\n")
    rows = next(part for part in table if part.startswith("| step"))
    told: dict[str, set[str]] = {}
    for line in rows.splitlines()[2:]:
        steps, shown = (set(re.findall(r"`(\w+)`", cell)) for cell in line.strip("|").split("|"))
        told |= dict.fromkeys(steps, shown)
    other = told["call"]

    assert {name: told.get(name, other) for name in APPLICABLE} == {k: set(v) for k, v in APPLICABLE.items()}


@pytest.mark.parametrize("variable", [*RESERVED, *sorted({f"x.{part}" for parts in PARTS.values() for part in parts})])
def test_every_variable_is_explained(variable: str) -> None:
    table = section("write-a-scenario.md", "Variables")

    assert re.search(rf"`\$\{{{re.escape(variable)}[}}.\[]", table)


def test_every_value_that_a_script_can_take_is_named() -> None:
    told = named(section("write-a-scenario.md", "The script: `model`"))
    choices = {
        str(value)
        for name in ("cut", "finish", "wire")
        for value in get_args(next(f.type for f in msgspec.structs.fields(scenarios.Script) if f.name == name))
    }

    assert choices
    assert choices - told == set()


def test_every_gate_is_named() -> None:
    told = named(section("write-a-scenario.md", "Gates"))

    assert {"headers", "first-token", "token-N", "last-token", "finish", "done"} <= told


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("Keys", profiles.Profile),
        ("Ids", profiles.Ids),
        ("Operations", profiles.Operation),
        ("Request", profiles.RequestTemplate),
        ("Stream", profiles.Stream),
        ("Events", profiles.StreamEvent),
        ("Errors", profiles.ErrorShape),
        ("Store", profiles.StoreMapping),
        ("Store", profiles.CollectionMapping),
        ("Targets", profiles.Targets),
    ],
)
def test_every_profile_key_is_explained_in_its_section(heading: str, struct: type[msgspec.Struct]) -> None:
    assert keys(struct)
    assert keys(struct) - named(section("write-a-profile.md", heading)) == set()


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Operations", set(get_args(profiles.OperationName))),
        ("Stream", set(get_args(profiles.Framing))),
        ("Errors", set(get_args(profiles.ErrorKind))),
        ("Request", {f"${{{name}}}" for name in PLACEHOLDERS}),
    ],
)
def test_every_word_of_a_profile_is_named_in_its_section(heading: str, words: set[str]) -> None:
    assert words
    assert words - named(section("write-a-profile.md", heading)) == set()


@pytest.mark.parametrize("table", COLUMNS)
def test_every_canonical_column_is_named_for_who_maps_it_and_for_who_asks_for_it(table: TableName) -> None:
    listed = re.search(rf"`{table}\(([^)]*)\)`", section("write-a-scenario.md", "`query`"))

    assert set(COLUMNS[table]) - named(section("write-a-profile.md", "Store")) == set()
    assert listed is not None
    assert re.split(r",\s*", listed[1]) == list(COLUMNS[table])


def test_the_capabilities_are_those_of_the_ledger_in_its_words() -> None:
    told = {row[1]: row[2] for row in ROW.finditer(section("write-a-profile.md", "Capabilities"))}

    assert told == {name: _as_told(meaning) for name, meaning in _ledger().capabilities.items()}


def test_the_policies_are_those_of_the_ledger_in_its_words() -> None:
    rows = [(row[1], row[2].rsplit(" | ", 1)) for row in ROW.finditer(section("write-a-profile.md", "Policies"))]
    told = {name: (meaning, re.findall(r"`([^`]+)`", values)) for name, (meaning, values) in rows}

    assert told == {name: (_as_told(one.sentence), one.values) for name, one in _ledger().policies.items()}


def _ledger() -> Any:
    return load_ledger(shipped_ledger())


def _as_told(sentence: str) -> str:
    """
    A sentence of the ledger without its references.
    """
    sentence = re.sub(r" \(C-\d+\)", "", sentence.strip())
    for source, known in SOURCES.items():
        sentence = sentence.replace(source, known)
    return sentence


def test_every_built_in_profile_is_named_where_one_chooses() -> None:
    readme = named((ROOT / "README.md").read_text(encoding="utf-8"))

    assert builtin_profiles()
    assert set(builtin_profiles()) - readme == set()


def test_every_page_of_the_docs_is_linked_from_the_index() -> None:
    linked = {link.partition("#")[0] for link in LINK.findall(page("index.md"))}

    assert {path.name for path in DOCS.glob("*.md")} - {"index.md"} - linked == set()


def test_the_readme_is_short_and_its_first_command_is_by_line_20() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 120
    assert "pip install . && threadgauge run" in lines[:20]


@pytest.mark.parametrize("path", sorted({*PAGES} - {CONTRACT}), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_speaks_of_dialects_and_not_of_where_they_came_from(path: Path) -> None:
    assert not re.search(r"\bseed \d{3}\b", path.read_text(encoding="utf-8"))
