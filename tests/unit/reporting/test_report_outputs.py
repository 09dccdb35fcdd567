"""
What other tools read: the badge, the metrics; and the record of the session.
"""

import json

import msgspec
import pytest
import sample
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from conformance.model.baseline import Entry
from conformance.model.outcome import Figure
from conformance.model.suite import KillScore, Suite
from conformance.reporting.badge import render_badge
from conformance.reporting.html import render_html
from conformance.reporting.openmetrics import render_openmetrics
from conformance.reporting.session import render_session, session_of

SEED = "recall/seed-test-2-conversation-history"


def measured(**changes):
    figure = {"name": "took", "value": 0.012345678, "unit": "s", "target": "< 50ms", "held": True}
    return sample.outcome(figures=[Figure(**(figure | changes))])


def families(results):
    return {one.name: one for one in text_string_to_metric_families(render_openmetrics(results))}


def samples(results, name: str):
    return [(one.labels, one.value) for one in families(results)[f"threadgauge_{name}"].samples]


# The badge


@pytest.mark.parametrize(
    ("kinds", "message", "color"),
    [
        (["passed", "unsupported"], "conforms, 1 of 1 passed", "brightgreen"),
        (["passed", "known failure"], "conforms, 1 of 2 passed", "yellow"),
        (["passed", "failed"], "1 of 2 failed", "red"),
        (["passed", "fixed"], "does not conform", "red"),
        (["passed", "error"], "could not tell", "lightgrey"),
        ([], "could not tell", "lightgrey"),
    ],
)
def test_a_badge_is_what_shields_reads(kinds, message, color):
    badge = json.loads(render_badge(sample.results([sample.outcome(kind=kind) for kind in kinds])))

    assert (badge["schemaVersion"], badge["label"]) == (1, "threadgauge")
    assert (badge["message"], badge["color"]) == (message, color)
    assert badge.get("isError", False) is (message == "could not tell")
    assert set(badge) <= {"schemaVersion", "label", "message", "color", "isError"}


# The metrics


def test_the_outcomes_are_counted_by_profile():
    results = sample.results([sample.outcome(), sample.outcome(kind="failed", profile="guide")])

    found = {(one["profile"], one["outcome"]): value for one, value in samples(results, "outcomes")}

    assert (found["anita", "passed"], found["guide", "failed"], found["guide", "passed"]) == (1, 1, 0)
    assert samples(results, "conforms") == [({}, 0)]


@pytest.mark.parametrize(
    ("outcome", "family", "value"),
    [
        (measured(), "figure_seconds", 0.012346),
        (measured(unit="per second", target=">= 10", value=176.9), "figure_per_second", 176.9),
        (measured(held=False), "figure_held", 0),
    ],
)
def test_a_figure_is_a_gauge_with_its_scenario_and_target(outcome, family, value):
    [(labels, found)] = samples(sample.results([outcome]), family)

    assert found == value
    assert labels["scenario"] == "storage/turn-is-stored"
    assert labels["target"] == outcome.figures[0].target


def test_what_could_not_be_told_is_neither_held_nor_missed():
    assert "threadgauge_figure_held" not in families(sample.results([measured(held=None)]))


def test_seconds_have_their_unit():
    assert families(sample.results([measured()]))["threadgauge_figure_seconds"].unit == "seconds"


def test_a_name_that_no_label_can_hold_is_escaped():
    odd = msgspec.structs.replace(measured(), name='a"b\\c\nd\x07')
    [(labels, _)] = samples(sample.results([odd]), "figure_seconds")

    assert labels["scenario"].startswith('a"b\\')
    assert "\x07" not in labels["scenario"]


@pytest.mark.parametrize(("kill", "known"), [(KillScore(caught=3, defects=4), True), (None, False)])
def test_the_kill_score_is_there_where_it_is_known(kill, known):
    found = families(sample.results([measured()], suite=Suite(version="1", kill=kill)))

    assert ("threadgauge_kill_score_ratio" in found) is known


def test_a_whole_run_can_be_read():
    assert len(families(sample.results())) >= 5


# The session


def test_the_record_has_the_parts_of_the_form():
    text = render_session(sample.results())

    parts = [
        "## Test Session: ",
        "### Environment",
        "- Backend URL: ",
        "### Test 1: ",
        "- **Result:** ",
        "- **Notes:**",
    ]
    places = [text.index(part) for part in [*parts, "### Issues Found", "### Action Items"]]
    assert places == sorted(places)


def test_the_tests_of_the_form_come_first():
    seeded = sample.outcome(name=SEED, scenario=SEED, title="History")
    session = session_of(sample.results([sample.outcome(), seeded]))

    assert [one.name for one in session.tests] == [SEED, "storage/turn-is-stored"]


def test_a_step_with_a_difference_has_no_tick():
    text = render_session(sample.results([sample.failure()]))

    assert "- [x] chat" in text
    assert "- [ ] chat" in text
    assert "- **Result:** FAIL\n- **Notes:** prompt" in text


def test_what_was_not_judged_has_no_ticks():
    text = render_session(sample.results([sample.outcome(kind="inconclusive", reason="needs the store witness")]))

    assert "[x]" not in text
    assert "- **Result:** INCONCLUSIVE" in text
    assert "- [ ] Make it visible: needs the store witness" in text


def test_an_issue_says_what_was_seen_and_how_to_see_it_again():
    text = render_session(sample.results([sample.failure()])).replace("\\", "")

    assert f"1. MUST {sample.RECALL}: Every prompt carries" in text
    assert "Looks like no-history-sent" in text
    assert f"Again: `{sample.AGAIN}`" in text
    assert f"- [ ] Fix {sample.RECALL}" in text


def test_a_known_failure_is_an_issue_and_nothing_to_do():
    text = render_session(sample.results([sample.failure(kind="known failure", reason="known: Our issue 12")]))

    assert "(1 failed, anita; known: Our issue 12)" in text.replace("\\", "")
    assert text.endswith("### Action Items\nNone.\n")


def test_an_entry_out_of_date_is_something_to_do():
    entry = Entry(fails="a/b", reason="because", place="known.yaml:3", state="fixed", told="take it out")
    text = render_session(sample.results([sample.outcome()], baseline=[entry])).replace("\\", "")

    assert "- [ ] Baseline, known.yaml:3, a/b: take it out" in text


def test_a_scenario_of_a_hundred_steps_is_cut_and_counted():
    long = sample.outcome(steps={str(place): f"chat {place}" for place in range(100)})
    text = render_session(sample.results([long]))

    assert text.count("- [x]") == 20
    assert "- 100 steps in all, 100 of them held" in text


def test_the_page_has_the_record_too():
    page = render_html(sample.results())

    assert "Test session" in page
    assert "Issues found" in page
