"""
The first difference: its place, its excerpt, and what it looks like.
"""

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.text import BLOCK, KEEP
from conformance.text.diff import describe, first_difference
from conformance.text.digest import text_of
from conformance.text.excerpt import excerpt, shown
from conformance.text.hints import common_prefix

PROSE = "".join(f"Line {number}: «Größe» & <b>so on</b> it's 😀.\n" for number in range(1, 3000))


def hint(expected: str, actual: str) -> str | None:
    found = first_difference(expected, actual)
    assert found is not None
    return found.hint


@given(st.text())
def test_equal_texts_do_not_differ(text):
    assert first_difference(text, text_of(text)) is None


@given(st.text(st.characters(exclude_categories=[])), st.text(st.characters(exclude_categories=[])))
def test_different_texts_always_differ_and_can_be_described(one, other):
    found = first_difference(one, other)

    assert bool(found and describe(found).encode()) == (one != other)


@given(st.text("ab"), st.text("ab"))
def test_the_offset_is_that_of_the_first_difference(one, other):
    at = common_prefix(one, other)

    assert (one[:at] == other[:at], one[at : at + 1] != other[at : at + 1]) == (True, one != other)


@pytest.mark.parametrize(
    ("damaged", "looks"),
    [
        ("", "empty"),
        (PROSE[:4096], "truncated at a known limit (4096 code points)"),
        (PROSE[:255] + "...", 'truncated at a known limit (255 code points, VARCHAR(255)) and "..." added'),
        (PROSE.encode()[:65535].decode(), "truncated at a known limit (65535 bytes of UTF-8, MySQL TEXT)"),
        (PROSE[: PROSE.index("😀")], "truncated before the code point U+1F600, above U+FFFF"),
        (PROSE[:-9], f"truncated at {len(PROSE) - 9}: the last 9 code points are missing"),
        (PROSE[7:], "the first 7 code points are missing"),
        (PROSE[:100] + PROSE[110:], "10 code points are missing at"),
        (PROSE[:110] + PROSE[100:], "10 code points come twice, at"),
        (PROSE[:110] + "?" + PROSE[110:], "1 code points too many at 110"),
        (PROSE * 2, "doubled"),
        (PROSE * 3, "comes 3 times"),
        (unicodedata.normalize("NFD", PROSE), "Unicode normalised to NFD"),
        (PROSE.strip(), "trimmed"),
        (PROSE.replace("\n", "\r\n"), "LF became CRLF"),
        (" ".join(PROSE.split()), "white space collapsed"),
        (PROSE.replace("😀", "\ufffd\ufffd"), "surrogate pairs were split"),
        (PROSE.replace("😀", chr(0xD83D) + chr(0xDE00)), "surrogate pairs were split"),
        (PROSE.replace("😀", "\ufffd", 1), "U+FFFD stands for other code points"),
        (PROSE.replace("😀", ""), "code points above U+FFFF are missing"),
        (html.escape(PROSE), "HTML-escaped"),
        (PROSE.encode().decode("latin-1"), "UTF-8 was read as Latin-1"),
        (PROSE.encode("ascii", "replace").decode(), "non-ASCII became `?`"),
        (PROSE.upper().lower(), "only the case differs"),
        (PROSE.replace("\n", "\\n"), "JSON-escaped once too often"),
        ("X" + PROSE[1:200] + "Y" + PROSE[201:], None),
    ],
)
def test_well_known_damage_is_recognised(damaged, looks):
    said = hint(PROSE, damaged)

    assert (said if looks is None else (said or "")[: len(looks)]) == looks


def test_crlf_to_lf_is_recognised():
    assert hint("a\r\nb", "a\nb") == "CRLF became LF"


def test_nfc_is_recognised():
    assert hint("e\u0301", "é") == "Unicode normalised to NFC"


def test_lone_surrogates_are_told_from_what_is_shown_for_them():
    assert hint("a\ufffd", "a\ud83d") == "1 lone surrogates, 0 expected"


def test_texts_too_long_to_keep_differ_by_block():
    long = "x" * (KEEP + BLOCK)

    found = first_difference(long, long[: 5 * BLOCK] + "y" + long[5 * BLOCK + 1 :])

    assert found is not None
    assert (found.offset, found.exact, found.expected) == (5 * BLOCK, False, "(not kept)")


def test_a_kept_text_is_compared_with_one_that_is_not():
    found = first_difference("x" * (KEEP + BLOCK), "x" * 2**20)

    assert found is not None
    assert (found.offset, found.hint) == (2**20, "truncated at a known limit (1048576 code points, 1 MiB)")


def test_long_texts_that_differ_at_once_are_exact():
    found = first_difference("x" * (KEEP + 1), "x" * 9 + "y" * KEEP)

    assert found is not None
    assert (found.offset, found.exact) == (9, True)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\u2028b", r"a\u2028b"),
        ("a\0", r"a\x00"),
        ("e\u0301", r"e\u0301"),
        ("a  ", r"a\x20\x20"),
        ("a\r\nb", r"a\r\nb"),
        ("a\u00a0b", r"a\xa0b"),
        ("\\n", r"\\n"),
        ("\ufffd\ufeff\u200d", r"\ufffd\ufeff\u200d"),
        ("wörld 😀 日本", "wörld 😀 日本"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_what_the_eye_cannot_tell_is_escaped(text, seen):
    assert shown(text) == seen


@given(st.text(st.characters(exclude_categories=[])))
def test_two_different_texts_are_never_shown_alike(text):
    escapes = {r"\"": '"'}
    unquoted = shown(text).replace(r"\"", escapes[r"\""])

    assert unquoted.encode("latin-1", "backslashreplace").decode("unicode_escape") == text


def test_an_excerpt_shows_that_the_text_goes_on():
    assert excerpt("0123456789", 5, around=2) == '..."3456"...'


def test_a_difference_is_described_in_two_lines():
    found = first_difference("Hello wörld 🌍", "Hello wörld")

    assert found is not None
    assert describe(found) == (
        "first difference at code point 11 (13 code points expected, 11 came);"
        " looks like: truncated at 11: the last 2 code points are missing\n"
        'expected "Hello wörld 🌍", actual "Hello wörld"'
    )
