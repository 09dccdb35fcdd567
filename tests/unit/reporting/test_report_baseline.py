"""
Known failures, and what is out of date in a baseline, in every report.
"""

from xml.etree import ElementTree

import msgspec
import pytest
import sample

from conformance.model.baseline import Entry
from conformance.reporting.html import render_html
from conformance.reporting.jsonfile import parse_results, render_json
from conformance.reporting.junit import render_junit
from conformance.reporting.markdown import render_markdown
from conformance.reporting.summary import verdict
from conformance.reporting.terminal import render_terminal


def entry(state: str, **changes) -> Entry:
    told = f"told of {state}"
    usual = {
        "fails": f"storage/{state}",
        "reason": "Our issue 12",
        "place": "known.yaml:4",
        "state": state,
        "told": told,
    }
    return Entry(**(usual | changes))


def known(**changes):
    return sample.failure(kind="known failure", known=["recall/*"], reason="known: Our issue 12", **changes)


def stale():
    return sample.results(
        [sample.outcome(), known()],
        baseline=[entry("fixed"), entry("known", link="https://t.example/1"), entry("not played")],
    )


def test_a_known_failure_conforms_and_is_listed():
    results = sample.results([sample.outcome(), known()], baseline=[entry("known")])

    assert results.exit_code == 0
    assert verdict(results) == "Conforms: 2 of 2 scenarios judged, none failed but 1 known failure."
    assert "1  known: Our issue 12" in render_terminal(results)


def test_a_fixed_one_fails_the_run():
    results = sample.results([sample.outcome(kind="fixed", reason="it passed")])

    assert results.exit_code == 1
    assert verdict(results) == "Does not conform: 1 fixed (the baseline expects a failure) of 1 scenario."


@pytest.mark.parametrize("state", ["fixed", "expired", "matches nothing"])
def test_an_entry_that_is_out_of_date_fails_the_run(state):
    results = sample.results([sample.outcome()], baseline=[entry(state)])

    assert results.exit_code == 1
    assert verdict(results) == "Does not conform: 1 entry of the baseline out of date."


@pytest.mark.parametrize("state", ["known", "not judged", "not played"])
def test_an_entry_that_is_not_out_of_date_does_not(state):
    assert sample.results([sample.outcome()], baseline=[entry(state)]).exit_code == 0


@pytest.mark.parametrize("render", [render_terminal, render_junit, render_markdown, render_html, render_json])
def test_every_report_names_the_entry_its_place_and_what_is_wrong(render):
    text = render(stale())

    assert all(word in text for word in ("storage/fixed", "known.yaml:4", "told of fixed"))


def test_the_page_lists_all_entries_with_their_reasons_and_links():
    page = render_html(stale())

    assert "storage/not played" in page
    assert '<a href="https://t.example/1" rel="noreferrer">' in page


def test_in_junit_a_known_failure_is_skipped_and_an_entry_out_of_date_fails():
    root = ElementTree.fromstring(render_junit(stale()))
    tags = {
        case.get("name"): [child.tag for child in case if child.tag != "system-out"] for case in root.iter("testcase")
    }

    assert tags == {"storage/turn-is-stored": [], sample.RECALL: ["skipped"], "storage/fixed": ["failure"]}
    assert (root.get("tests"), root.get("failures")) == ("3", "1")


def test_results_with_a_baseline_can_be_read_again():
    results = stale()

    assert parse_results(render_json(results)) == results


def test_the_text_of_an_entry_cannot_break_out_of_the_page():
    odd = entry("fixed", fails="<script>alert(1)</script>", reason="<b>")
    results = msgspec.structs.replace(stale(), baseline=[odd])

    assert "<script>alert" not in render_html(results)
    assert "<script>alert" not in render_markdown(results).replace("`<script>alert(1)</script>`", "")
