"""
Which defects are played where, and which part of them a sample is.
"""

from __future__ import annotations

import pytest

from conformance.commands.suspects import Sample, dialects_of
from conformance.errors import UsageError
from conformance.loading.places import builtin_profiles
from conformance.loading.profiles import load_profile
from conformance.model.matrix import Suspect

EVERY = ["anita", "assistants", "completions", "conversations", "guide", "shadflare"]
PROFILES = [load_profile(name) for name in builtin_profiles()]


def suspect(*dialects: str, **more) -> Suspect:
    return Suspect(id="a-defect", sentence="Wrong.", dialects=list(dialects), **more)


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 6])
def test_all_parts_together_are_everything(parts: int):
    samples = [Sample(part, parts) for part in range(1, parts + 1)]

    assert sorted({name for one in samples for name in one.of("no-history-sent", EVERY)}) == EVERY


@pytest.mark.parametrize("dialects", [["anita"], ["anita", "guide"], EVERY])
def test_a_part_has_every_defect_somewhere(dialects: list[str]):
    assert all(Sample(2, 9).of(f"defect-{number}", dialects) for number in range(50))


def test_a_part_covers_every_dialect():
    assert {name for number in range(100) for name in Sample(1, 3).of(f"defect-{number}", EVERY)} == set(EVERY)


def test_a_part_is_the_same_every_time():
    assert Sample(1, 3).of("no-history-sent", EVERY) == Sample.read("1/3").of("no-history-sent", EVERY)


def test_a_third_is_a_third():
    assert sum(len(Sample(1, 3).of(f"defect-{number}", EVERY)) for number in range(60)) == 120


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "a/b", "1/3/5", "-1/3"])
def test_what_is_no_part_is_refused(text: str):
    with pytest.raises(UsageError):
        Sample.read(text)


def test_a_defect_is_not_played_where_it_is_equivalent_or_unknown():
    assert dialects_of(suspect("anita", "guide", "elsewhere", equivalent={"guide": "no titles"}), PROFILES) == ["anita"]
