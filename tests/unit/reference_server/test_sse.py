"""
A model's events, however the network cuts them. The expectations are the corpus's: WHATWG, not our own opinion.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from reference_server.core.sse import Events

STREAMS = Path(__file__).parents[3] / "fixtures" / "streams"
CORPUS = {one["name"]: one for one in json.loads((STREAMS / "sse_corpus.json").read_text())}
FILES = sorted(path.name for path in STREAMS.glob("*.sse"))


def read(chunks: Iterable[bytes]) -> list[str]:
    events = Events()
    return [data for chunk in chunks for data in events.feed(chunk)]


def chunks_of(name: str) -> list[bytes]:
    return [bytes.fromhex(chunk) for chunk in CORPUS[name]["chunks_hex"]]


def expected(name: str) -> list[str]:
    return [event["data"] for event in CORPUS[name]["expected"]["events"]]


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus_reads_as_the_standard_says(name: str):
    assert read(chunks_of(name)) == expected(name)


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus_reads_the_same_byte_by_byte(name: str):
    whole = b"".join(chunks_of(name))

    assert read(bytes([byte]) for byte in whole) == expected(name)


@pytest.mark.parametrize("name", FILES)
def test_a_stream_reads_the_same_wherever_it_is_cut(name: str):
    whole = (STREAMS / name).read_bytes()
    uncut = read([whole])

    assert uncut
    assert [at for at in range(len(whole)) if read([whole[:at], whole[at:]]) != uncut] == []


def test_a_crlf_over_a_border_ends_one_line():
    assert read([b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"]) == ["a\nb"]


def test_an_empty_read_between_cr_and_lf_changes_nothing():
    assert read([b"data: a\r", b"", b"\ndata: b\n\n"]) == ["a\nb"]


def test_a_cr_ends_an_event_at_once():
    assert read([b"data: a\r\r"]) == ["a"]


def test_the_lf_after_an_event_that_ended_with_cr_is_no_empty_line():
    assert read([b"data: a\r\n\r", b"\ndata: b\n", b"\n"]) == ["a", "b"]


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_cr_and_lf_end_a_line(odd: str):
    assert read([f"data: a{odd}b\n\n".encode()]) == [f"a{odd}b"]


def test_a_character_over_a_border_is_whole():
    assert read([b"data: \xf0\x9f", b"\x98\x80\n\n"]) == ["😀"]


def test_what_is_no_utf8_is_replaced():
    assert read([b"data: a\xffb\n\n"]) == ["a\ufffdb"]


def test_an_event_without_its_empty_line_is_none():
    assert read([b"data: a\n\ndata: b\n"]) == ["a"]
