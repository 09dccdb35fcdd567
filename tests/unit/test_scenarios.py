"""
The shipped scenarios and the ledger agree: nothing promised without a scenario, nothing shown without a promise.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.play import examples
from conformance.engine.spoiling import expand
from conformance.engine.support import operations_of, unsupported
from conformance.loading.ledger import load_ledger, read_ledger
from conformance.loading.lint.words import lint_against_ledger, lint_ledger, lint_profile_words
from conformance.loading.loaded import LoadedScenario
from conformance.loading.places import builtin_profiles
from conformance.loading.profiles import load_profile, read_profile
from conformance.loading.scenarios import load_scenarios
from conformance.model.profile import Profile
from conformance.model.requirement import Ledger
from conformance.model.scenario import Scenario
from reference_server.defects.registry import defects

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"
DIALECTS = tuple(builtin_profiles())
SECOND = sorted((ROOT / "tests" / "interop" / "second_server").glob("*.yaml"))

EVERYWHERE = {"chat", "list_messages", "health"}

SEED_TESTS = {
    "storage/seed-test-1-basic-message-storage",
    "recall/seed-test-2-conversation-history",
    "isolation/seed-test-3-multiple-threads",
    "streaming/seed-test-4-long-response",
    "errors/seed-test-5-missing-thread-id",
    "errors/seed-test-5-null-thread-id",
}
SEED_QUERIES = {
    "store/list-of-threads",
    "store/messages-of-a-thread",
    "store/count-per-thread",
    "store/orphaned-messages",
}


@pytest.fixture(scope="module")
def scenarios() -> list[LoadedScenario]:
    return load_scenarios([SCENARIOS])


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return load_ledger(SCENARIOS / "requirements.yaml")


@pytest.fixture(scope="module", params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Profile:
    return load_profile(request.param)


def test_an_id_is_the_path_of_its_file(scenarios: list[LoadedScenario]) -> None:
    ids = {one.scenario.id for one in scenarios}

    assert ids == {str(one.file.relative_to(SCENARIOS).with_suffix("")) for one in scenarios}


def test_every_requirement_has_a_scenario_or_says_why_not(scenarios: list[LoadedScenario]) -> None:
    assert list(lint_ledger(read_ledger(SCENARIOS / "requirements.yaml"), scenarios)) == []


def test_every_scenario_uses_the_words_of_the_ledger(scenarios: list[LoadedScenario], ledger: Ledger) -> None:
    assert [problem for one in scenarios for problem in lint_against_ledger(one, ledger, strict=True)] == []


@pytest.mark.parametrize("name", DIALECTS)
def test_a_profile_declares_only_what_the_ledger_knows(name: str, ledger: Ledger) -> None:
    assert list(lint_profile_words(read_profile(name), ledger)) == []


def test_a_scenario_lies_in_the_area_of_its_requirement(scenarios: list[LoadedScenario]) -> None:
    pairs = [(one.scenario.id, one.scenario.requirement or one.scenario.id) for one in scenarios]

    assert [pair for pair in pairs if pair[0].split("/")[0] != pair[1].split("/")[0]] == []


def test_every_test_of_the_seed_is_here_under_its_name(scenarios: list[LoadedScenario]) -> None:
    assert SEED_TESTS - {one.scenario.id for one in scenarios} == set()


def test_the_four_verification_queries_of_the_seed_are_here(scenarios: list[LoadedScenario]) -> None:
    assert SEED_QUERIES - {one.scenario.id for one in scenarios if "store" in one.scenario.needs} == set()


def test_every_defect_in_the_ledger_is_a_known_one(ledger: Ledger) -> None:
    reported = (Path(__file__).parent / "defect_ids.txt").read_text().split()
    known = {*reported, *defects()}

    assert {defect.id for one in ledger.requirements for defect in one.defects} - known == set()


def test_no_requirement_names_a_defect_twice(ledger: Ledger) -> None:
    named = {one.id: [defect.id for defect in one.defects] for one in ledger.requirements}

    assert [name for name, defects in named.items() if len(defects) != len(set(defects))] == []


def test_every_tested_must_names_a_defect_that_breaks_it(ledger: Ledger) -> None:
    tested = [one for one in ledger.requirements if one.untested is None]

    assert [one.id for one in tested if not one.defects] == []


def test_every_operation_that_not_all_servers_have_is_named_in_needs(scenarios: list[LoadedScenario]) -> None:
    lacking = [(one.scenario.id, _unnamed(one)) for one in scenarios if _unnamed(one)]

    assert lacking == []


def test_every_scenario_is_for_one_of_the_servers_at_least(scenarios: list[LoadedScenario]) -> None:
    # The second server goes the other way where a policy has two.
    profiles = [load_profile(str(name)) for name in (*DIALECTS, *SECOND)]
    nowhere = {one.scenario.id for one in scenarios if not any(_plays(one.scenario, each) for each in profiles)}

    assert nowhere == set()


def test_a_dialect_plays_most_of_the_scenarios(scenarios: list[LoadedScenario], dialect: Profile) -> None:
    played = [one for one in scenarios if unsupported(one.scenario, dialect) is None]

    assert len(played) >= 75


def _plays(scenario: Scenario, profile: Profile) -> bool:
    return any(unsupported(expand(scenario, profile, one), profile) is None for one in examples(scenario, profile))


def _unnamed(one: LoadedScenario) -> set[str]:
    return set[str](operations_of(one.scenario)) - EVERYWHERE - set(one.scenario.needs)
