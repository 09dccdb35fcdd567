"""
What is said not to be shown is not shown, and has a reason.
"""

from __future__ import annotations

from conformance.commands.suspects import known_ids
from conformance.reporting.trust import not_shown

LISTED = not_shown()


def test_nothing_that_is_shown_is_listed_as_missing() -> None:
    assert {one.id for one in LISTED} & known_ids() == set()


def test_each_is_listed_once_with_a_sentence() -> None:
    assert len({one.id for one in LISTED}) == len(LISTED)
    assert [one.id for one in LISTED if not one.reason.endswith(".")] == []


def test_the_core_of_the_catalogue_is_shown() -> None:
    assert [one.id for one in LISTED if one.tier == "core"] == []
