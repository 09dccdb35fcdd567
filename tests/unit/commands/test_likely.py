"""
Which of a requirement's defects is named first.
"""

from __future__ import annotations

import msgspec

from conformance.commands.likely import likeliest
from conformance.model.outcome import Outcome

OUTCOME = msgspec.convert(
    {
        "kind": "failed",
        "scenario": "streaming/long",
        "name": "streaming/long[size=9]",
        "title": "Long",
        "profile": "mine",
        "requirement": "streaming/whole",
        "level": "MUST",
        "sentence": "All of it.",
        "area": "streaming",
        "suspects": [{"id": "first"}, {"id": "other-size"}, {"id": "this"}, {"id": "elsewhere"}],
    },
    Outcome,
)


def named(caught: dict[str, set[str]]) -> list[str]:
    return [one.id for one in likeliest(OUTCOME, caught)]


def test_what_was_seen_to_break_this_scenario_is_named_first():
    caught = {"this": {"streaming/long[size=9]"}, "other-size": {"streaming/long[size=5]"}, "elsewhere": {"recall/x"}}

    assert named(caught) == ["this", "other-size", "first", "elsewhere"]


def test_where_nothing_is_known_the_order_of_the_ledger_stays():
    assert named({}) == ["first", "other-size", "this", "elsewhere"]
