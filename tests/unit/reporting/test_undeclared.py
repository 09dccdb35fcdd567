"""
What profiles do not declare: a line for each scenario, with all who do not.
"""

import re

import msgspec
import sample

from conformance.reporting.html import render_html
from conformance.reporting.undeclared import undeclared


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
