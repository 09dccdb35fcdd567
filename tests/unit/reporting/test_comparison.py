"""
Runs side by side.
"""

import msgspec
import pytest
import sample

from conformance.model.outcome import Figure
from conformance.model.suite import KillScore, Suite
from conformance.reporting.comparison import compare_runs
from conformance.reporting.comparison_page import render_comparison_page
from conformance.reporting.comparison_text import render_comparison, render_comparison_markdown

SUITE = Suite(
    version="1.0",
    scenarios={"storage/turn-is-stored": "aaa"},
    profiles={"anita": "bbb"},
    requirements={"storage/turn-is-stored": "ccc"},
    checks={"prompt": "ddd"},
    judging="eee",
    kill=KillScore(caught=9, defects=10),
)


def run(*kinds: str, profile: str = "anita", suite: Suite | None = SUITE, **changes):
    outcomes = [
        sample.failure(kind=kind, profile=profile, scenario=name, name=name, area="storage", **changes)
        if kind in ("failed", "known failure", "deviation")
        else sample.outcome(kind=kind, profile=profile, scenario=name, name=name, **changes)
        for kind, name in zip(kinds, ("storage/turn-is-stored", "storage/b", "storage/c"), strict=False)
    ]
    return sample.results(outcomes, suite=suite)


def compared(*results, **options):
    return compare_runs([(f"run {place}", one) for place, one in enumerate(results)], **options)


def figure(value: float, **changes) -> Figure:
    return Figure(**({"name": "took", "value": value, "unit": "s", "target": "< 1s", "held": True} | changes))


@pytest.mark.parametrize(
    ("first", "last", "change"),
    [
        ("passed", "failed", "worse"),
        ("passed", "deviation", "worse"),
        ("known failure", "failed", "worse"),
        ("failed", "passed", "better"),
        ("failed", "known failure", "better"),
        ("known failure", "fixed", "better"),
        ("passed", "inconclusive", "lost"),
        ("failed", "error", "lost"),
        ("unsupported", "failed", "gained"),
        ("inconclusive", "unsupported", "changed"),
        ("passed", "fixed", "changed"),
    ],
)
def test_a_verdict_moves_in_a_direction(first, last, change):
    found = compared(run(first, "passed"), run(last, "passed"))

    assert [one.change for one in found.verdicts] == [change]
    assert (found.exit_code == 1) is (change == "worse")


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (("passed", "error"), "the last run had 1 error"),
        (("error", "error"), "the last run judged nothing"),
        (("inconclusive", "unsupported"), "the last run judged nothing"),
        ((), "the last run judged nothing"),
    ],
)
@pytest.mark.parametrize("render", [render_comparison, render_comparison_markdown, render_comparison_page])
def test_a_last_run_that_could_not_tell_does_not_show_that_nothing_got_worse(last, why, render):
    found = compared(run("passed", "passed"), run(*last))

    assert (found.exit_code, found.conforms, found.summary.partition(";")[0]) == (2, False, why)
    assert "Could not tell" in render(found)
    assert "Nothing got worse" not in render(found)


def test_what_got_worse_is_worse_although_the_rest_could_not_be_told():
    assert compared(run("passed", "passed"), run("deviation", "error")).exit_code == 1


def test_an_earlier_run_that_could_not_tell_is_no_matter():
    assert compared(run("error"), run("passed")).exit_code == 0


def test_what_is_the_same_in_all_runs_is_only_counted():
    found = compared(run("passed", "failed"), run("passed", "failed"))

    assert (found.verdicts, found.same, found.summary) == ([], 2, "Nothing changed; 2 the same.")


def test_the_last_run_is_held_against_the_first_and_those_between_are_shown():
    found = compared(run("passed"), run("failed"), run("passed"))

    assert [one.kinds for one in found.verdicts] == [["passed", "failed", "passed"]]
    assert (found.verdicts[0].change, found.conforms) == ("changed", True)


def test_what_only_one_run_played_is_gained_or_lost_and_never_worse():
    found = compared(run("passed", "passed"), run("passed"))

    assert [(one.name, one.kinds, one.change) for one in found.verdicts] == [("storage/b", ["passed", None], "lost")]
    assert found.conforms
    assert not compared(run("passed", "passed"), run("passed"), strict=True).conforms


def test_what_the_server_cannot_do_is_no_news_whether_or_not_it_was_asked():
    found = compared(run("passed", "unsupported"), run("passed"))

    assert (found.verdicts, found.same) == ([], 2)


def test_two_servers_with_a_profile_each_are_compared_scenario_by_scenario():
    found = compared(run("passed"), run("failed", profile="mine"))

    assert [(one.name, one.profile, one.kinds) for one in found.verdicts] == [
        ("storage/turn-is-stored", "", ["passed", "failed"])
    ]
    assert found.verdicts[0].causes == ["profile mine instead of anita"]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"scenarios": {"storage/turn-is-stored": "x"}}, "scenario storage/turn-is-stored was edited"),
        ({"profiles": {"anita": "x"}}, "profile anita was edited"),
        ({"checks": {"prompt": "x"}}, "check prompt was changed"),
        ({"judging": "x"}, "the engine that judges was changed"),
    ],
)
def test_what_changed_of_ours_is_named_beside_the_verdict(changes, cause):
    found = compared(run("passed"), run("failed", suite=msgspec.structs.replace(SUITE, **changes)))

    assert found.verdicts[0].causes == [cause]


def test_without_a_change_of_ours_it_is_the_server():
    assert compared(run("passed"), run("failed")).verdicts[0].causes == []


def test_a_requirement_of_another_level_is_a_cause():
    found = compared(run("failed"), run("deviation", level="SHOULD"))

    assert found.verdicts[0].causes == [f"requirement {sample.RECALL} is a SHOULD, was a MUST"]


def test_a_baseline_is_a_cause_only_of_what_failed_before_too():
    known = run("known failure", known=["storage/*"])

    assert compared(run("failed"), known).verdicts[0].causes == ["the baseline names storage/*, before nothing"]
    assert compared(run("passed"), known).verdicts[0].causes == []


def test_runs_without_hashes_are_compared_and_it_is_said():
    found = compared(run("passed", suite=None), run("failed"))

    assert found.verdicts[0].change == "worse"
    assert "kept no hashes" in found.notes[0]
    assert found.runs[0].kill is None
    assert "kill score unknown" in render_comparison(found)


@pytest.mark.parametrize(
    ("first", "last", "worse_by", "change"),
    [
        (figure(0.1), figure(0.2), None, "same"),
        (figure(0.1), figure(0.2), 0.5, "worse"),
        (figure(0.1), figure(0.14), 0.5, "same"),
        (figure(0.2), figure(0.1), 0.5, "better"),
        (figure(0.001), figure(0.009), 0.5, "same"),
        (figure(20, unit="per second", target=">= 10"), figure(12, unit="per second", target=">= 10"), 0.5, "worse"),
    ],
)
def test_a_figure_is_worse_by_what_was_asked_for(first, last, worse_by, change):
    found = compared(run("passed", figures=[first]), run("passed", figures=[last]), worse_by=worse_by)

    assert [one.change for one in found.figures] == [change]
    assert found.conforms is (change != "worse")


def test_a_figure_that_one_run_does_not_have_is_a_gap():
    found = compared(run("passed", figures=[figure(0.1)]), run("passed"))

    assert [(one.values, one.ratio) for one in found.figures] == [([0.1, None], None)]


def test_the_areas_say_how_many_passed_run_by_run():
    found = compared(run("passed", "passed", "inconclusive"), run("failed", "passed", "passed"))

    assert [(one.area, one.passed, one.judged) for one in found.areas] == [("storage", [2, 2], [2, 3])]


@pytest.mark.parametrize("render", [render_comparison, render_comparison_markdown, render_comparison_page])
def test_every_form_says_what_got_worse_and_why(render):
    changed = msgspec.structs.replace(SUITE, checks={"prompt": "x"})
    text = render(compared(run("passed"), run("failed", suite=changed))).replace("\\", "")

    assert "Something got worse" in text
    assert "storage/turn-is-stored" in text
    assert "prompt (sent to the model) has 1 message, expected 3" in text
    assert "check prompt was changed" in text
    assert "9 of 10 defects" in text


def test_a_page_loads_nothing_and_cannot_be_broken_out_of():
    odd = run("failed", title="<script>alert(1)</script>")
    page = render_comparison_page(compared(run("passed"), odd))

    assert "<script" not in page
    assert "default-src 'none'" in page


def test_a_comparison_of_many_stays_under_the_limit_of_a_summary():
    before, after = (sample.results(sample.many(3000), suite=SUITE) for _ in range(2))
    worse = [msgspec.structs.replace(one, kind="failed") for one in after.outcomes]
    text = render_comparison_markdown(compared(before, msgspec.structs.replace(after, outcomes=worse)), limit=100_000)

    assert len(text.encode()) < 100_000
    assert "more" in text
