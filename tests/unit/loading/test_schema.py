"""
The schemas that editors complete from.
"""

import json

import pytest
from jsonschema import Draft202012Validator

from conformance.loading.lint.actions import ACTIONS
from conformance.loading.mistakes import fields_of
from conformance.loading.schema import FOLDER, KINDS, schema_of, schema_texts, write_schemas
from conformance.model import profile, requirement, scenario
from conformance.model.base import Model
from conformance.model.baseline import Baseline, Known
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario

STRUCTS = [
    found
    for module in (scenario, profile, requirement)
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, Model) and found.__module__ == module.__name__
] + [Baseline, Known]


@pytest.mark.parametrize("name", schema_texts())
def test_the_committed_schemas_are_those_of_the_model(name):
    committed = (FOLDER / name).read_text(encoding="utf-8") if (FOLDER / name).exists() else ""

    assert committed == schema_texts()[name], "stale: run `python -m conformance.loading.schema`"


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_one(kind):
    Draft202012Validator.check_schema(schema_of(KINDS[kind]))


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: f"{struct.__module__.split('.')[-1]}.{struct.__name__}")
def test_every_key_that_the_model_reserves_is_in_a_schema(struct):
    definitions = [schema_of(kind)["$defs"] for kind in KINDS.values()]
    schema = next(found[struct.__name__] for found in definitions if struct.__name__ in found)

    assert set(schema["properties"]) == set(fields_of(struct))
    assert schema["additionalProperties"] is False
    assert schema["description"]


def test_a_step_has_exactly_one_action():
    validator = Draft202012Validator(schema_of(Scenario))
    steps = [{}, *({action: "x"} for action in ("query", "sql")), {"query": "x", "sql": "x"}]

    found = [validator.is_valid({"id": "a", "title": "t", "steps": [step]}) for step in steps]

    assert found == [False, True, True, False]
    assert len(schema_of(Scenario)["$defs"]["Step"]["oneOf"]) == len(ACTIONS)


def test_a_profile_that_extends_another_may_be_brief():
    validator = Draft202012Validator(schema_of(Profile))

    assert validator.is_valid({"profile": "a", "extends": "b"})
    assert not validator.is_valid({"profile": "a"})


def test_schemas_are_written_where_they_are_wanted(tmp_path):
    files = write_schemas(tmp_path / "new")

    assert {file.name for file in files} == set(schema_texts())
    assert all(json.loads(file.read_text()) for file in files)
