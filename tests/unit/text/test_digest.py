"""
Texts of any size: the pieces do not matter, equality is length and hash, memory is bounded.
"""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.text import BLOCK, EDGE, KEEP, Text
from conformance.text.digest import TextDigest, blocks_of, text_of

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


def built(*pieces: str) -> Text:
    digest = TextDigest()
    for piece in pieces:
        digest.add(piece)
    return digest.done()


def fields(text: Text) -> tuple[object, ...]:
    return msgspec.structs.astuple(text)


@given(st.lists(ANY_TEXT))
def test_pieces_make_the_same_text_as_the_whole(pieces):
    assert fields(built(*pieces)) == fields(text_of("".join(pieces)))


@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, BLOCK + 1, KEEP, KEEP + 1, KEEP + BLOCK + 7])
@pytest.mark.parametrize("step", [1000, BLOCK, 100_003])
def test_pieces_make_the_same_text_at_every_edge(size, step):
    text = ("0123456789ö😀" * (size // 12 + 1))[:size]

    assert fields(built(*(text[at : at + step] for at in range(0, size, step)))) == fields(text_of(text))


def test_a_text_is_kept_whole_up_to_the_bound():
    text = "x" * KEEP

    assert (text_of(text).whole, text_of(text).blocks) == (text, ())


def test_a_longer_text_keeps_its_edges_and_block_hashes():
    text = "a" * EDGE + "b" * KEEP + "c" * EDGE

    kept = text_of(text)

    assert (kept.whole, kept.head, kept.tail, kept.blocks) == (None, "a" * EDGE, "c" * EDGE, blocks_of(text))


@given(ANY_TEXT)
def test_any_text_can_be_written_and_read(text):
    kept = text_of(text)

    assert fields(msgspec.json.decode(msgspec.json.encode(kept), type=Text)) == fields(kept)


def test_lone_surrogates_are_counted_and_still_tell_texts_apart():
    kept = text_of("a\ud83db")

    assert (kept.whole, kept.surrogates, kept == text_of("a\ufffdb")) == ("a\ufffdb", 1, False)


def test_done_may_be_asked_in_between():
    digest = TextDigest()
    digest.add("a")
    digest.done()
    digest.add("b")

    assert digest.done() == text_of("ab")


def test_equality_is_length_and_hash_alone():
    kept = text_of("abc")

    assert kept == Text(length=3, sha256=kept.sha256)


def test_the_tail_reaches_back_over_the_edge_of_a_block():
    assert text_of("b" * KEEP + "c" * 10).tail == "b" * (EDGE - 10) + "c" * 10
