"""
Verdicts over many runs: what is kept of each, which are odd, and what the table says.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.flakes import Run, kept, odd_ones, read, table, verdicts_of

ROOT = Path(__file__).parents[2]
FIRST = {"anita a/x": "passed", "anita a/y": "unsupported"}


def run(seed: int, verdicts: dict[str, str], in_flight: int = 4, commit: str = "c0ffee") -> Run:
    return Run(
        seed=seed, in_flight=in_flight, commit=commit, others=1.0, seconds=1.0, count=len(FIRST), verdicts=verdicts
    )


def test_a_verdict_is_known_by_profile_and_scenario() -> None:
    results = {"outcomes": [{"profile": "anita", "scenario": "a/x", "name": "a/x[limit=1]", "kind": "passed"}]}
    assert verdicts_of(results) == {"anita a/x[limit=1]": "passed"}


def test_of_a_later_run_only_what_differs_is_kept() -> None:
    assert kept(FIRST, FIRST) == {}
    assert kept(FIRST, {**FIRST, "anita a/x": "inconclusive"}) == {"anita a/x": "inconclusive"}


def test_a_scenario_without_a_verdict_differs() -> None:
    assert kept(FIRST, {"anita a/y": "unsupported", "anita a/z": "passed"}) == {"anita a/x": "", "anita a/z": "passed"}


def test_runs_that_agree_have_nothing_odd() -> None:
    assert odd_ones([run(1, FIRST), run(2, {}), run(3, {})]) == []


def test_an_odd_verdict_names_both_runs() -> None:
    [odd] = odd_ones([run(1, FIRST), run(2, {"anita a/x": "failed"}, in_flight=64), run(3, {})])
    assert str(odd) == "anita a/x: failed with seed 2, 64 at a time; passed with seed 1, 4 at a time"


def test_where_the_first_run_is_the_odd_one_it_is_named_alone() -> None:
    [odd] = odd_ones([run(1, FIRST), run(2, {"anita a/x": "failed"}), run(3, {"anita a/x": "failed"})])
    assert (odd.one.seed, odd.verdict, odd.usual) == (1, "passed", "failed")


def test_a_new_scenario_in_a_later_run_is_odd() -> None:
    assert [one.verdict for one in odd_ones([run(1, FIRST), run(2, {}), run(3, {"anita a/z": "passed"})])] == ["passed"]


def test_the_table_counts_verdicts_and_what_differs() -> None:
    runs = [run(1, FIRST), run(2, {"anita a/x": "inconclusive"}, in_flight=64), run(3, {})]
    assert table(runs).splitlines()[-1] == "| 3 | 1.0 to 1.0, median 1.0 | 4 to 64 | 6 | 1 | 1 | `c0ffee` |"


def test_over_two_commits_only_what_both_have_is_compared() -> None:
    later = {"anita a/x": "passed", "anita a/new": "passed"}

    assert odd_ones([run(1, FIRST), run(2, {}), run(3, later, commit="beef"), run(4, {}, commit="beef")]) == []


def test_a_verdict_that_a_commit_changed_is_odd() -> None:
    [odd] = odd_ones([run(1, FIRST), run(2, {**FIRST, "anita a/x": "failed"}, commit="beef")])

    assert (odd.scenario, odd.verdict, odd.usual) == ("anita a/x", "failed", "passed")


def test_the_page_tells_the_series_that_is_kept() -> None:
    runs = read(ROOT / "benchmarks" / "flakes.jsonl")
    told = (ROOT / "docs" / "trust.md").read_text().splitlines()

    assert odd_ones(runs) == []
    assert {*runs[0].verdicts.values()} == {"passed", "unsupported"}
    assert table(runs).splitlines()[-1] in told


def test_a_log_that_is_not_there_has_no_runs() -> None:
    assert read(ROOT / "benchmarks" / "nothing.jsonl") == []
