"""
The contract is the ledger's, whole, and can be found by where it comes from.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import main
from conformance.commands.listing import defects
from conformance.loading.ledger import load_ledger
from conformance.loading.places import builtin_profiles, shipped_ledger, shipped_scenarios
from conformance.loading.profiles import load_profile
from conformance.loading.scenarios import load_scenarios
from conformance.model.requirement import Requirement
from conformance.reporting.contract import contract_text

LEDGER = load_ledger(shipped_ledger())
CLONE = Path(__file__).parents[2]  # not where the package is: it may be installed
PAGE = CLONE / "docs" / "contract.md"
TEXT = PAGE.read_text(encoding="utf-8")

CHECKLIST = [f"seed 003 checklist {point}" for point in range(1, 12)]
TESTS = [f"seed 000 test {number}" for number in range(1, 6)]


def listed(*options: str) -> str:
    result = CliRunner().invoke(main, ["list", *options])
    assert result.exit_code == 0, result.output
    return result.output


def named(output: str) -> set[str]:
    return set(re.findall(r"^(?:MUST|SHOULD|MAY) +(\S+)$", output, re.MULTILINE))


def paragraph(one: str) -> str:
    return next(part for part in listed("--requirements").split("\n\n") if part.split()[1] == one)


@pytest.fixture(scope="module")
def everything() -> str:
    return listed("--requirements")


def test_the_contract_is_that_of_the_ledger_and_the_scenarios() -> None:
    assert contract_text() == TEXT, "stale: run `python -m conformance.reporting.contract`"


@pytest.mark.parametrize("one", LEDGER.requirements, ids=lambda one: one.id)
def test_a_requirement_is_told_with_its_level_and_where_it_comes_from(one: Requirement) -> None:
    told = TEXT.partition(f"\n### {one.id}\n")[2].partition("\n#")[0]

    assert f"**{one.level}** " in told
    assert f"*From* {', '.join(one.source)}" in told
    assert ("*Not tested yet*" in told) == (one.untested is not None)


def test_every_scenario_is_linked_once() -> None:
    scenarios = [f"../scenarios/{one.scenario.id}.yaml" for one in load_scenarios([shipped_scenarios()])]

    assert sorted(re.findall(r"\]\((\.\./scenarios/[^)]+/[^)]+)\)", TEXT)) == sorted(scenarios)


def test_every_link_to_a_heading_of_the_page_has_one() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in re.findall(r"^## (.+)$", TEXT, re.M)
    }

    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) - headings == set()


def test_every_operation_of_a_dialect_is_explained() -> None:
    used = {str(name) for path in builtin_profiles() for name in load_profile(path).operations}

    assert used - set(LEDGER.operations) == set()


def test_every_source_is_explained() -> None:
    sources = {source for one in LEDGER.requirements for source in one.source}

    assert [one for one in sorted(sources) if not one.startswith(tuple(LEDGER.sources))] == []


@pytest.mark.parametrize("source", [*CHECKLIST, *TESTS, "seed 003 targets", "seed 004 flow"])
def test_what_a_source_asks_for_is_found_by_its_name(source: str) -> None:
    found = {one.id for one in LEDGER.requirements if source in one.source}

    assert found
    assert named(listed("--requirements", "--source", source)) == found


def test_a_source_has_what_its_places_have_and_no_more() -> None:
    found = {one.id for one in LEDGER.requirements if any(name.startswith("seed 003") for name in one.source)}

    assert named(listed("--requirements", "--source", "seed 003")) == found


def test_an_unknown_source_is_refused_with_a_guess() -> None:
    result = CliRunner().invoke(main, ["list", "--requirements", "--source", "seed 003 checklst 1"])

    assert result.exit_code == 2
    assert "Did you mean seed 003 checklist 1" in result.output


def test_a_source_of_anything_but_requirements_is_refused() -> None:
    assert CliRunner().invoke(main, ["list", "--profiles", "--source", "C-28"]).exit_code == 2


def test_the_list_has_every_requirement(everything: str) -> None:
    assert named(everything) == {one.id for one in LEDGER.requirements}


def test_a_requirement_is_listed_with_its_scenarios_dialects_and_defects() -> None:
    told = " ".join(paragraph("retry/same-turn-twice").split())

    assert "source C-02, O13" in told
    assert "scenarios retry/same-turn-twice" in told
    assert "dialects anita also" not in told
    assert re.search(r"dialects anita\b(?!,)", told)
    assert "same-id-duplicates" in told.partition("catches")[2]


def test_a_requirement_that_nothing_shows_says_why() -> None:
    told = " ".join(paragraph("isolation/principals-are-apart").split())

    assert "scenarios none: " in told or "scenarios isolation/" in told


def test_a_defect_of_the_reference_server_is_listed_where_it_is_caught(everything: str) -> None:
    assert [one["id"] for one in defects() if one["id"] not in everything] == []


def test_the_links_of_the_page_lead_to_files() -> None:
    targets = re.findall(r"\]\((\.\./[^)#]+)\)", TEXT)

    assert len(targets) >= 200
    assert [one for one in targets if not (PAGE.parent / one).is_file()] == []
