"""
A segment of a path is decoded once, and never more.
"""

from urllib.parse import quote

import pytest

from reference_server.core.errors import NotFound
from reference_server.dialects.paths import Paths

IDS = ["a", "a/b", "..", ".", "%2F", "%252F", "%", "%zz", "a?b", "a#b", "a+b", "a b", "😀", "é", "A", "a;b", "a\nb"]


@pytest.mark.parametrize("name", IDS)
def test_an_id_survives_being_quoted(name: str):
    assert Paths().segment(quote(name, safe="")) == name


@pytest.mark.parametrize(("raw", "name"), [("a%2Fb", "a/b"), ("a%252Fb", "a%2Fb"), ("a+b", "a+b"), ("%zz", "%zz")])
def test_a_segment_is_decoded_once(raw: str, name: str):
    assert Paths().segment(raw) == name


def test_bytes_that_were_sent_unquoted_are_utf8_too():
    assert Paths().segment("é😀".encode().decode("latin-1")) == "é😀"


@pytest.mark.parametrize("raw", ["%ff", "a%00b", "%ed%a0%80", "%c0%af", "%f0%9f"])
def test_what_no_id_can_be_is_not_found(raw: str):
    with pytest.raises(NotFound):
        Paths().segment(raw)
