"""
What a run has told nothing of: named, and with the reason, where somebody can still do something about it.
"""

import msgspec
import pytest
import sample

from conformance.model.outcome import Outcome
from conformance.model.results import Coverage, Results
from conformance.reporting.html import render_html
from conformance.reporting.markdown import render_markdown
from conformance.reporting.terminal import render_brief, render_terminal

PASSED = sample.outcome()
BLIND = sample.outcome(kind="inconclusive", requirement="store/two", reason="no database was given")


def run(judged: int, rest: int, outcomes: list[Outcome] | None = None) -> Results:
    names = [(f"a/{place}", True) for place in range(judged)] + [(f"store/{place}", False) for place in range(rest)]
    coverage = [Coverage(requirement=name, level="MUST", sentence="S", judged=seen) for name, seen in names]
    return msgspec.structs.replace(sample.results(outcomes or [PASSED]), coverage=coverage)


def test_few_that_are_left_are_all_named():
    assert "2 of 4 requirements judged" in (text := render_terminal(run(2, 2)))
    assert "\nnot judged (the report says why): store/0, store/1\n" in text


def test_of_many_the_first_are_named_and_the_rest_counted():
    text = " ".join(render_terminal(run(20, 11)).split())

    names = ", ".join(f"store/{number}" for number in range(8))
    assert f"not judged (the report says why): {names} and 3 more" in text


@pytest.mark.parametrize("results", [run(2, 0), run(1, 200)])
def test_nothing_is_named_where_all_are_judged_or_only_some_were_chosen(results: Results):
    assert "not judged" not in render_terminal(results)


@pytest.mark.parametrize("render", [render_markdown, render_html])
def test_reports_have_all_of_them_folded_with_the_reason(render):
    coverage = [
        Coverage(requirement="store/two", level="MUST", sentence="S", judged=False),
        Coverage(requirement="store/none", level="MAY", sentence="S", judged=False, untested="nobody can see it"),
        Coverage(requirement="store/left", level="MAY", sentence="S", judged=False),
    ]

    text = render(msgspec.structs.replace(sample.results([PASSED, BLIND]), coverage=coverage))

    folded = text[text.index("requirements were not judged") :]
    places = [
        folded.index(told) for told in ("no database was given", "nobody can see it", "no scenario of it was played")
    ]
    assert "3 of 3 requirements were not judged" in text
    assert places == sorted(places)


def test_a_quiet_run_in_which_nothing_was_checked_says_why():
    text = render_brief(sample.results([BLIND]))

    assert "   1  no database was given\n" in text
    assert text.endswith("Could not tell: nothing was checked.")


def test_a_quiet_run_in_which_something_was_checked_does_not():
    assert "no database" not in render_brief(sample.results([PASSED, BLIND]))
