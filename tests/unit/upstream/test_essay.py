import pytest

from conformance.upstream.essay import LINE, essay


def whole(length: int) -> str:
    return essay(length, 0, length)


@pytest.mark.parametrize("length", [0, 1, 2, 63, 64, 65, 501, 4001, 65537])
def test_an_essay_has_exactly_as_many_code_points_as_asked_for(length: int):
    assert len(whole(length)) == length


@pytest.mark.parametrize("step", [1, 7, 64, 100, 999])
def test_the_parts_of_an_essay_make_the_whole(step: int):
    parts = [essay(1000, start, start + step) for start in range(0, 1000, step)]

    assert "".join(parts) == whole(1000)


def test_every_line_begins_with_its_own_offset():
    lines = whole(64 * 100).split("\n")

    assert [int(line[:9]) for line in lines] == [LINE * number for number in range(100)]


def test_an_essay_has_characters_of_every_length_in_utf8():
    assert {len(char.encode()) for char in whole(LINE * 8)} == {1, 2, 3, 4}


@pytest.mark.parametrize("length", range(1, 200))
def test_an_essay_never_begins_or_ends_with_a_blank(length: int):
    assert whole(length) == whole(length).strip()


def test_a_part_far_away_costs_no_more_than_a_near_one():
    assert essay(200_000_000, 199_999_936, 199_999_946) == "199999936 "
