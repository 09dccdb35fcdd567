"""
The four witnesses side by side, shortened texts and the timeline.
"""

import msgspec
import sample

from conformance.model.transcript import Arrival, GateMark
from conformance.reporting.shorten import Marked, marked, shortened
from conformance.reporting.side_by_side import compare
from conformance.reporting.timeline import timeline
from conformance.reporting.witnesses import sights, sql_as_asked, with_gates

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


def test_the_gates_of_the_model_are_marked_in_the_turn_that_it_was_held_in():
    first, *_ = sample.forgetful().records
    held = [GateMark(gate="first-token", held_at=0.01), GateMark(gate="done", held_at=9.0)]
    bare = REPLACE(first, exchanges=[REPLACE(first.exchanges[0], gates=[])])
    (turn,) = with_gates(REPLACE(bare, calls=[REPLACE(first.calls[0], gates=held)]))

    assert [mark.gate for mark in turn.gates] == ["first-token"]


def asked(sql):
    transcript = sample.forgetful()
    return sql_as_asked(sql, transcript.records[-1], transcript)


def test_a_query_is_shown_with_the_values_it_was_asked_with():
    assert asked("SELECT 1 WHERE id = ${t}") == "SELECT 1 WHERE id = 't-1f0c'"
    assert asked("SELECT ${nobody}") == "SELECT ${nobody}"


def test_bytes_tell_apart_what_looks_the_same():
    row = compared(sample.forgetful("für 1 €", stored="für 1\u00a0€")).rows[1]

    assert [cell.bytes for cell in row.cells[:3]] == ["byte 6: 20", "byte 6: 20", "byte 6: c2 a0"]


def test_bytes_that_are_gone_are_said_to_be_nothing():
    assert compared(sample.forgetful("abcdef", stored="abc")).rows[1].cells[2].bytes == "byte 3: nothing"


def test_ticks_that_fall_together_are_drawn_once():
    assert timeline(sample.exchange("a", "b", arrivals=20_000)).ticks.count("M") <= 709


def came(sizes, **changes):
    arrivals = [Arrival(at=0.1 * place, size=size) for place, size in enumerate(sizes, start=1)]
    usual = {"arrivals": arrivals, "arrival_count": len(sizes), "ended_at": 1.0, "first_text_at": 0.1, "body_bytes": 78}
    return timeline(REPLACE(sample.exchange("a", "b"), **(usual | changes))).grown


def test_the_plot_grows_by_what_came():
    assert came([39, 0, 39]) == "M6 100H77V61H148V61H218V22H714"


def test_of_a_long_stream_the_kept_end_counts_backwards_and_a_straight_line_leads_there():
    assert came([1, 1, 39, 1], arrival_count=900) == "M6 100H77V99H148V98L218 23H289V22H714"


def test_nothing_arrived_is_no_timeline():
    assert timeline(REPLACE(sample.exchange("a", "b"), arrivals=[])) is None
