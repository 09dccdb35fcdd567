"""
What profiles do not declare: a line for each scenario, with all who do not.
"""

import re

import msgspec
import pytest
import sample

from conformance.reporting.html import render_html
from conformance.reporting.markdown import render_markdown
from conformance.reporting.terminal import render_terminal
from conformance.reporting.undeclared import gains_of, undeclared


def of(name, profile, reason):
    outcome = sample.outcome(kind="unsupported", name=name, profile=profile, reason=reason)
    return msgspec.structs.replace(outcome, scenario=name)


ONES = [
    of("a/one", "anita", "profile anita does not declare search"),
    of("a/two", "anita", "profile anita does not declare search"),
    of("a/one", "guide", "profile guide does not declare search"),
    of("a/one", "other", "policy of other is another"),
]


def test_profiles_that_lack_the_same_are_named_together():
    one = undeclared(ONES)[0]

    assert one.reasons == (("does not declare search", ("anita", "guide")), ("policy of other is another", ("other",)))


def test_each_scenario_has_one_line_and_what_was_played_has_none():
    assert [one.outcome.name for one in undeclared([*ONES, sample.outcome()])] == ["a/one", "a/two"]


def test_the_page_shows_a_line_that_every_dialect_of_it_finds():
    found = re.findall(r'data-kind="unsupported"[^>]*data-profile="([^"]*)"', render_html(sample.results(ONES)))

    assert found == ["anita guide other", "anita"]


def test_the_page_counts_outcomes_not_lines():
    assert "4 shown" in render_html(sample.results(ONES))


def lacks(name, *declarations, profile="mine"):
    outcome = sample.outcome(kind="unsupported", name=name, profile=profile, reason=f"profile {profile} lacks it")
    return msgspec.structs.replace(outcome, scenario=name, lacking=[*declarations])


LACKING = [
    lacks("a/one", "capability search"),
    lacks("a/two", "capability search"),
    lacks("a/two", "capability search"),  # another example of it
    lacks("a/three", "capability search", "operation get_thread"),
    lacks("a/four", "policy history: whole"),
    lacks("a/five", "policy history: whole or window"),
    lacks("a/six", "policy history"),
    lacks("a/seven", "policy delete"),
    lacks("a/eight"),
]


def test_a_declaration_gains_the_scenarios_that_lack_nothing_else():
    assert [(one.scenarios, one.declaration) for one in gains_of(LACKING)] == [
        (3, "`history: whole` in `policies`"),
        (2, "`history: window` in `policies`"),
        (2, "`search` in `capabilities`"),
    ]


def test_the_bundled_server_has_nothing_to_declare():
    assert gains_of([*LACKING, lacks("a/one", "capability search", profile="other")]) == []


@pytest.mark.parametrize("render", [render_html, render_markdown, render_terminal])
def test_what_could_be_declared_is_in_the_reports(render):
    told = " ".join(re.sub(r"[\\`]|</?\w+>", " ", render(sample.results(LACKING))).split())

    assert "each of these alone would have so many more scenarios played" in told
    assert "3 history: whole in policies" in told
    assert "so many more scenarios" not in render(sample.results([sample.outcome()]))
