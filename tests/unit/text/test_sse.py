"""
Server-sent events: the corpus however it is cut, offsets, bounds.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.text.sse import Event, EventTooLarge, SseDecoder

CORPUS = json.loads((Path(__file__).parents[3] / "fixtures/streams/sse_corpus.json").read_text())
BODIES = {case["name"]: bytes.fromhex("".join(case["chunks_hex"])) for case in CORPUS}


def decode(*chunks: bytes) -> tuple[list[Event], SseDecoder]:
    decoder = SseDecoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    decoder.close()
    return events, decoder


def as_expected(events: list[Event], decoder: SseDecoder) -> dict[str, Any]:
    return {
        "events": [{"type": event.type, "data": event.data, "id": event.id} for event in events],
        "retry_ms": decoder.retry,
        "last_event_id": decoder.last_event_id,
    }


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case["name"])
def test_the_corpus_is_decoded_as_the_standard_says(case):
    chunks = [bytes.fromhex(chunk) for chunk in case["chunks_hex"]]

    assert as_expected(*decode(*chunks)) == case["expected"]


@pytest.mark.parametrize("name", BODIES)
def test_a_cut_at_any_byte_changes_nothing(name):
    body = BODIES[name]
    whole = decode(body)[0]

    cut = [decode(body[:at], b"", body[at:])[0] for at in range(len(body) + 1)]

    assert cut == [whole] * (len(body) + 1)


@pytest.mark.parametrize("name", BODIES)
def test_a_byte_at_a_time_changes_nothing(name):
    body = BODIES[name]
    one, other = decode(body), decode(*(body[at : at + 1] for at in range(len(body))))

    assert (other[0], other[1].comments, other[1].unfinished) == (one[0], one[1].comments, one[1].unfinished)


LINES = st.sampled_from(
    [b"data: a", b"data", b"data: \xf0\x9f\x8c\x8d", b": c", b"id: 7", b"event: x", b"retry: 5", b"\xff", b"", b"", b""]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=20).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@given(STREAMS, st.lists(st.integers(0, 200), max_size=8), st.sampled_from([1000, 20]))
def test_any_cutting_of_any_stream_gives_the_same(body, cuts, limit):
    def outcome(chunks):
        decoder, events = SseDecoder(limit), []
        try:
            for chunk in chunks:
                events += decoder.feed(chunk)
        except EventTooLarge as too_large:
            return events + too_large.before, too_large.offset
        return events, (decoder.comments, decoder.unfinished, decoder.retry, decoder.invalid_at)

    edges = [0, *sorted(cuts), len(body)]

    assert outcome(body[a:b] for a, b in pairwise(edges)) == outcome([body])


@given(STREAMS)
def test_the_bytes_of_an_event_decode_to_that_event_again(body):
    events, _ = decode(body)

    again = [decode(body[event.offset : event.end] + b"\n\n")[0] for event in events]

    assert [[(event.type, event.data) for event in alone] for alone in again] == [
        [(event.type, event.data)] for event in events
    ]


def test_an_event_begins_at_its_first_field_not_at_a_heartbeat():
    events, decoder = decode(b"\xef\xbb\xbf: ping\n\n: ping\ndata: a\n\n")

    assert (events[0].offset, events[0].end, decoder.comments) == (18, 26, 2)


def test_the_bytes_of_an_unfinished_event_are_counted():
    assert decode(b"data: a\n\ndata: b\ndat")[1].unfinished == 11


def test_a_comment_at_the_end_is_not_an_unfinished_event():
    assert decode(b"data: a\n\n: pi", b"ng")[1].unfinished == 0


def test_the_first_invalid_byte_has_its_offset():
    assert decode(b"data: a\n\nda", b"ta: x\xff\xfe\n\n")[1].invalid_at == 16


def test_an_event_over_the_limit_is_refused_with_the_events_before_it():
    with pytest.raises(EventTooLarge) as caught:
        SseDecoder(max_event=10).feed(b"data: a\n\ndata: 0123456789")

    assert (caught.value.offset, [event.data for event in caught.value.before]) == (9, ["a"])


def test_a_comment_of_any_length_is_not_kept_and_not_refused():
    decoder = SseDecoder(max_event=100)
    for _ in range(1000):
        decoder.feed(b":" * 100)

    events = decoder.feed(b"\ndata: a\n\n")

    assert [(event.data, event.offset) for event in events] == [("a", 100_001)]


def test_a_huge_retry_is_ignored_and_not_an_error():
    assert decode(b"retry: " + b"9" * 5000 + b"\n\n")[1].retry is None


def test_one_large_event_in_small_pieces_takes_linear_time():
    # 4 MiB in 64-byte pieces: 0.12 s measured; joining at every piece would copy 137 GB.
    body = b"data: " + b"x" * 2**22 + b"\n\n"

    events, _ = decode(*(body[at : at + 64] for at in range(0, len(body), 64)))

    assert len(events[0].data) == 2**22
