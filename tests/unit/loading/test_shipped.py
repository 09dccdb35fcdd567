"""
What is shipped passes its own checks, and loads fast.
"""

import pytest
from jsonschema import Draft202012Validator

from conformance.loading.ledger import read_ledger
from conformance.loading.lint import lint_against_ledger, lint_ledger, missing_operations
from conformance.loading.places import PROFILES, ROOT, builtin_profiles, shipped_ledger, shipped_scenarios
from conformance.loading.profiles import load_profile
from conformance.loading.scenarios import load_scenarios, scenario_files
from conformance.loading.schema import KINDS, schema_of
from conformance.loading.yaml_document import read_document

FILES = {
    "scenario": scenario_files([shipped_scenarios()]),
    "profile": sorted(PROFILES.glob("*.yaml")),
    "requirements": [shipped_ledger()],
    "baseline": sorted((ROOT / "fixtures" / "examples").glob("known.yaml")),
}


@pytest.fixture(scope="module")
def scenarios():
    return load_scenarios([shipped_scenarios()])


@pytest.fixture(scope="module")
def ledger():
    return read_ledger(shipped_ledger())


def test_there_are_shipped_scenarios(scenarios):
    assert len(scenarios) > 100


def test_shipped_scenarios_speak_the_ledgers_words(scenarios, ledger):
    problems = [one for scenario in scenarios for one in lint_against_ledger(scenario, ledger.ledger, strict=True)]

    assert [str(one) for one in problems] == []


def test_every_requirement_has_a_scenario_or_a_reason(scenarios, ledger):
    assert [str(one) for one in lint_ledger(ledger, scenarios)] == []


@pytest.mark.parametrize("name", builtin_profiles())
def test_shipped_scenarios_say_what_they_need_of_a_profile(scenarios, name):
    profile = load_profile(name)

    assert [str(one) for scenario in scenarios for one in missing_operations(scenario, profile)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_files_meet_the_schema_that_editors_see(kind):
    validator = Draft202012Validator(schema_of(KINDS[kind]))

    found = [
        f"{file}: {mistake.json_path}: {mistake.message[:200]}"
        for file in FILES[kind]
        for mistake in validator.iter_errors(read_document(file).value)
    ]

    assert FILES[kind]
    assert found == []


def test_three_hundred_scenarios_load(tmp_path):
    sources = [file.read_text(encoding="utf-8") for file in FILES["scenario"]]
    for place in range(300):
        source = sources[place % len(sources)].replace("\nid: ", f"\nid: n{place}/", 1)
        (tmp_path / f"{place}.yaml").write_text(source, encoding="utf-8")

    assert len(load_scenarios([tmp_path])) == 300
