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
from conformance.reporting.summary import most_urgent, verdict

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


def failed(requirement, *scenarios, **changes):
    return [
        sample.outcome(kind="failed", requirement=requirement, scenario=one, name=one, **changes) for one in scenarios
    ]


def urgent(*outcomes):
    return [group[0].requirement for group in most_urgent(sample.results(list(outcomes)))]


def test_the_strictest_level_is_fixed_first_then_what_fails_in_most_scenarios():
    often = failed("a/often", "a/1", "a/2", "a/3", level="SHOULD")

    assert urgent(*often, *failed("b/once", "b/1"), *failed("c/twice", "c/1", "c/2")) == [
        "c/twice",
        "b/once",
        "a/often",
    ]


def test_examples_of_one_scenario_weigh_as_one():
    assert urgent(*failed("a/one", "a/1") * 9, *failed("b/two", "b/1", "b/2"))[0] == "b/two"


def test_what_never_holds_is_fixed_before_what_holds_at_times():
    at_times = [*failed("a/at-times", "a/1", "a/2"), sample.outcome(requirement="a/at-times")]

    assert urgent(*at_times, *failed("b/never", "b/1"))[0] == "b/never"


def test_the_shortest_scenario_shows_it_best():
    long = failed("a/same", "a/long", steps={str(n): "chat" for n in range(9)})

    assert most_urgent(sample.results([*long, *failed("a/same", "a/short")]))[0][0].name == "a/short"


def test_a_rule_of_all_scenarios_that_holds_in_one_of_them_is_no_first_thing_to_fix():
    often = failed("storage/rule", "a/1", "a/2", "a/3", standing={"storage/rule": "failed"})
    once = failed("b/never", "b/1", standing={"storage/rule": "passed"})

    assert urgent(*often, *once)[0] == "b/never"


def test_nothing_is_to_fix_where_nothing_failed():
    assert most_urgent(sample.results(of("passed"))) == []


def test_json_is_read_back_as_it_was():
    assert parse_results(render_json(sample.results())) == sample.results()


def test_json_meets_its_own_schema():
    jsonschema.validate(json.loads(render_json(sample.results())), json.loads(results_schema()))


def test_the_schema_in_the_tree_is_fresh():
    assert SCHEMA.read_text() == results_schema(), "write results_schema() to reports/results.schema.json"
