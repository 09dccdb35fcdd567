"""
Results: counts, exit codes, coverage, JSON and its schema.
"""

import json
from pathlib import Path

import jsonschema
import pytest
import sample

from conformance.model.outcome import KINDS
from conformance.reporting.jsonfile import parse_results, render_json, results_schema
from conformance.reporting.summary import first_to_fix, verdict

SCHEMA = Path(__file__).parents[3] / "reports/results.schema.json"


def of(*kinds):
    return [sample.outcome(kind=kind) for kind in kinds]


@pytest.mark.parametrize(
    ("outcomes", "options", "code"),
    [
        (of("passed"), {}, 0),
        (of("passed", "deviation", "unsupported", "inconclusive"), {}, 0),
        (of("deviation"), {}, 0),
        (of("passed", "deviation"), {"strict": True}, 1),
        (of("passed", "inconclusive"), {"require_conclusive": True}, 1),
        (of("passed", "failed"), {}, 1),
        (of("failed", "error"), {}, 1),
        (of("passed", "error"), {}, 2),
        (of("unsupported", "inconclusive"), {}, 2),
        ([], {}, 2),
    ],
)
def test_the_exit_code_follows_from_the_outcomes(outcomes, options, code):
    results = sample.results(outcomes, **options)

    assert (results.exit_code, results.conforms) == (code, code == 0)


def test_every_kind_is_counted_zeros_too():
    assert sample.results(of("passed", "passed")).counts == {kind: 2 if kind == "passed" else 0 for kind in KINDS}


def test_the_most_urgent_outcomes_come_first():
    kinds = [outcome.kind for outcome in sample.results(of("passed", "unsupported", "error", "failed")).outcomes]

    assert kinds == ["failed", "error", "unsupported", "passed"]


def test_a_requirement_is_judged_only_where_something_was_seen():
    coverage = {one.requirement: one for one in sample.results().coverage}

    assert coverage["storage/turn-is-stored"].profiles == ["anita", "completions"]
    assert not coverage["storage/no-orphans"].judged  # inconclusive
    assert not coverage["limits/rates"].judged  # never played


def test_nothing_checked_is_said_so():
    assert verdict(sample.results([])) == "Could not tell: nothing was checked."


def test_a_strict_run_says_what_it_holds_against_the_target():
    assert verdict(sample.results(of("passed", "deviation"), strict=True)) == (
        "Does not conform: 1 deviating (strict) of 2 scenarios."
    )


def test_the_first_to_fix_is_the_strictest_level_then_the_most_scenarios():
    often = [sample.outcome(kind="failed", level="SHOULD", requirement="a/often", name=f"a/{n}") for n in range(5)]
    once = sample.outcome(kind="failed", requirement="b/once")
    twice = [sample.outcome(kind="failed", requirement="c/twice", name=f"c/{n}") for n in range(2)]

    assert {one.requirement for one in first_to_fix(sample.results([*often, once, *twice]))} == {"c/twice"}


def test_nothing_is_to_fix_where_nothing_failed():
    assert first_to_fix(sample.results(of("passed"))) == []


def test_json_is_read_back_as_it_was():
    assert parse_results(render_json(sample.results())) == sample.results()


def test_json_meets_its_own_schema():
    jsonschema.validate(json.loads(render_json(sample.results())), json.loads(results_schema()))


def test_the_schema_in_the_tree_is_fresh():
    assert SCHEMA.read_text() == results_schema(), "write results_schema() to reports/results.schema.json"
