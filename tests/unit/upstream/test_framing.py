import json

import pytest

from conformance.text.sse import SseDecoder
from conformance.upstream.framing import Framer, json_bytes

WIRES = ["plain", "crlf", "cr", "no-space", "comments", "one-byte", "multiline", "bom", "ascii"]
VALUES = [{"content": "naïve 😀\u2028\n漢字"}, {"content": "\ud83d"}, {"content": [1, None, {"deep": True}]}]


def stream(wire: str) -> bytes:
    framer = Framer(wire)
    return b"".join([*map(framer.event, VALUES), framer.data("[DONE]")])


@pytest.mark.parametrize("wire", WIRES)
def test_every_wire_variant_means_the_same(wire: str):
    *events, done = SseDecoder().feed(stream(wire) + b":\n")

    assert ([json.loads(event.data) for event in events], done.data) == (VALUES, "[DONE]")


def test_every_wire_variant_looks_different():
    # One byte at a time differs only in how it is sent.
    assert len({stream(wire) for wire in WIRES}) == len(WIRES) - 1


@pytest.mark.parametrize(
    ("wire", "first"),
    [
        ("plain", b'data: {"content":"na\xc3\xafve'),
        ("crlf", b'data: {"content"'),
        ("no-space", b'data:{"content"'),
        ("comments", b": ping\n\n: ping\nevent: message\nid: 1\nretry: 3000\ndata: {"),
        ("multiline", b'data: {\ndata:  "content": '),
        ("bom", b"\xef\xbb\xbfdata: {"),
        ("ascii", b'data: {"content":"na\\u00efve \\ud83d\\ude00\\u2028'),
    ],
)
def test_a_wire_variant_begins_as_it_should(wire: str, first: bytes):
    assert stream(wire).startswith(first)


def test_only_the_first_event_has_a_byte_order_mark():
    assert stream("bom").count(b"\xef\xbb\xbf") == 1


@pytest.mark.parametrize(("wire", "end"), [("crlf", b"\r\n"), ("cr", b"\r"), ("plain", b"\n")])
def test_a_wire_variant_has_one_kind_of_line_end(wire: str, end: bytes):
    assert stream(wire).replace(end * 2, b"").count(end[-1:]) == 0


def test_half_a_surrogate_pair_is_sent_as_an_escape():
    assert json_bytes({"a": "é\ud83d"}) == b'{"a":"\xc3\xa9\\ud83d"}'
