"""
Content codings undone, piece by piece.
"""

import gzip
import zlib

import pytest

from conformance.driver.unpacking import CodingBroken, unpacker

TEXT = "Zürich, 你好. ".encode() * 50


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-GZIP", gzip.compress(TEXT[:99], mtime=0) + gzip.compress(TEXT[99:], mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        (None, TEXT),
        ("identity", TEXT),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_was_packed_comes_out(coding: str | None, packed: bytes, size: int):
    unpacking = unpacker(coding)
    found = b"".join(unpacking.feed(packed[at : at + size]) for at in range(0, len(packed), size))
    unpacking.close()

    assert found == TEXT


def test_a_flushed_piece_comes_out_at_once():
    packer = zlib.compressobj(wbits=31)
    piece = packer.compress(b"data: 1\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)

    assert unpacker("gzip").feed(piece) == b"data: 1\n\n"


def test_an_empty_body_is_whole():
    unpacker("gzip").close()


def test_a_body_that_ends_within_its_coding_is_broken():
    unpacking = unpacker("gzip")
    unpacking.feed(gzip.compress(TEXT, mtime=0)[:-9])

    with pytest.raises(CodingBroken, match="ends within"):
        unpacking.close()


def test_what_is_not_packed_as_it_says_is_broken():
    with pytest.raises(CodingBroken, match="is no gzip"):
        unpacker("gzip").feed(b'{"a": 1}')


def test_a_coding_that_we_do_not_know_is_left_as_it_is():
    assert unpacker("br").feed(TEXT) == TEXT
