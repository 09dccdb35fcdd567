"""
The four witnesses side by side, shortened texts and the timeline.
"""

import msgspec
import sample

from conformance.model.transcript import GateMark
from conformance.reporting.compare import compare
from conformance.reporting.shorten import Marked, marked, shortened
from conformance.reporting.timeline import timeline
from conformance.reporting.witnesses import sights

REPLACE = msgspec.structs.replace


def compared(transcript):
    (pair,) = sights(transcript, {"2"}).items()
    return compare(*pair)


def states(transcript):
    return [[cell.state for cell in row.cells] for row in compared(transcript).rows]


def test_all_four_witnesses_are_found():
    assert compared(sample.forgetful()).witnesses == ("wire", "api", "store", "upstream")


def test_what_was_not_sent_is_missing_and_what_came_later_is_not():
    assert states(sample.forgetful()) == [
        ["same", "same", "same", "missing"],
        ["same", "same", "same", "missing"],
        ["same", "same", "same", "same"],
        ["same", "same", "same", "later"],
    ]


def test_a_text_that_is_cut_is_marked_in_every_witness():
    row = compared(sample.forgetful("abcdef", stored="abc")).rows[1]

    assert [cell.text for cell in row.cells[:3]] == [
        Marked("abc", "def"),
        Marked("abc", "def"),
        Marked("abc", gap=True),
    ]


def test_a_message_stored_twice_has_a_row_of_its_own():
    transcript = sample.forgetful()
    twice = [row for row in transcript.records[-1].rows for _ in range(2)]
    doubled = REPLACE(transcript, records=[*transcript.records[:-1], REPLACE(transcript.records[-1], rows=twice)])

    assert [row.cells[2].state for row in compared(doubled).rows].count("same") == 8


def test_huge_texts_take_no_more_room_than_small_ones():
    row = compared(sample.forgetful("x" * 2**20, stored="x" * 4001)).rows[1]

    assert all(len("".join(cell.text[:3])) < 500 for cell in row.cells[:3])


def test_a_long_text_keeps_its_beginning_and_its_end():
    assert shortened("a" * 900 + "z" * 100, 400) == f"{'a' * 300} [... 600 characters ...] {'z' * 100}"


def test_the_difference_is_between_what_is_the_same():
    assert marked("one two three", "one 2 three") == Marked("one ", "two", " three")


def test_a_doubled_letter_is_marked_once():
    assert marked("aab", "ab") == Marked("a", "a", "b")


def test_a_timeline_says_in_words_what_it_draws():
    words = timeline(sample.exchange("a", "b", held=True)).words

    assert words == (
        "headers after 9 ms, first text after 12 ms, 24 arrivals, upstream held at last-token after 84 ms, "
        "released after 118 ms (text), clean end after 137 ms"
    )


def test_a_gate_never_released_reaches_to_the_end():
    exchange = REPLACE(sample.exchange("a", "b"), gates=[GateMark(gate="done", held_at=0.05)])
    gate = timeline(exchange).gates[0]

    assert gate.x + gate.width == 714


def test_ticks_that_fall_together_are_drawn_once():
    assert timeline(sample.exchange("a", "b", arrivals=20_000), 6).ticks.count("M") <= 121


def test_nothing_arrived_is_no_timeline():
    assert timeline(REPLACE(sample.exchange("a", "b"), arrivals=[])) is None
