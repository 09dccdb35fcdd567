"""
What a text, an id and a title may be.
"""

from typing import Any

import pytest

from reference_server.core.errors import Invalid
from reference_server.core.texts import LONGEST_ID, Texts
from reference_server.core.titles import DEFAULT_TITLE, LONGEST_TITLE, Titles

ODD = ["\0", "a\0b", "\ud800", "\udfff", "a\ud83d", "\ude00b"]
KEPT = ["a", " a ", "😀", "e\u0301", "\u202eabc", "\ufeffa", "a\r\nb", "'; DROP TABLE threads; --", "\x7f", "\uffff"]
BLANK = ["", " ", "\n\t", "\u3000", "\xa0"]


@pytest.mark.parametrize("text", KEPT)
def test_a_question_is_kept_as_it_is(text: str):
    assert Texts().question(text, "content") == text


@pytest.mark.parametrize("text", BLANK)
def test_a_blank_question_is_refused(text: str):
    with pytest.raises(Invalid, match="blank") as refused:
        Texts().question(text, "content")

    assert refused.value.field == "content"


@pytest.mark.parametrize("text", ODD)
def test_what_no_store_keeps_is_refused_everywhere(text: str):
    for rule in (Texts().question, Texts().storable, Texts().identifier):
        with pytest.raises(Invalid, match=r"U\+0000"):
            rule(text, "content")


@pytest.mark.parametrize(
    "text", ["/", "a/b", "..", "%2F", "?", "#", " ", "A", "😀", "x" * LONGEST_ID, "😀" * LONGEST_ID]
)
def test_an_id_has_any_characters(text: str):
    assert Texts().identifier(text, "id") == text


@pytest.mark.parametrize("text", ["", "x" * (LONGEST_ID + 1)])
def test_an_id_is_not_empty_and_not_endless(text: str):
    with pytest.raises(Invalid, match="256"):
        Texts().identifier(text, "id")


@pytest.mark.parametrize("value", [None, {}, [], 1, 1.5, True, "a", {"a": [{"b": ["😀", None]}]}])
def test_what_json_can_say_is_a_document(value: Any):
    assert Texts().document(value, "metadata") is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), *ODD])
def test_a_value_that_could_not_be_shown_again_is_refused_at_any_depth(bad: Any):
    for value in (bad, [bad], {"a": {"b": [1, bad]}}, {bad: 1}):
        with pytest.raises(Invalid, match="must not contain"):
            Texts().document(value, "metadata")


@pytest.mark.parametrize(("text", "shown"), [("a\0b", "a\ufffdb"), ("\ud83d", "\ufffd"), ("😀", "😀"), ("", "")])
def test_an_answer_loses_no_more_than_the_odd_character(text: str, shown: str):
    assert Texts().answer(text) == shown


def test_a_title_is_one_line():
    assert Titles().from_question("  What\n\tis  my name? ") == "What is my name?"


def test_a_title_ends_at_a_code_point():
    assert Titles().from_question("😀" * 200) == "😀" * LONGEST_TITLE


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('<content thesys="true">a &lt;b&gt; &amp; c</content>', "a <b> & c"),
        ("\n<content>\nHello!\n</content>\n", "Hello!"),
        ("<contents>a</contents>", "<contents>a</contents>"),
        ("tell me about <content>a</content>", "tell me about <content>a</content>"),
        ("a &amp; b", "a &amp; b"),
    ],
)
def test_only_a_whole_envelope_is_taken_off(text: str, title: str):
    assert Titles().from_question(text) == title


def test_a_thread_without_a_question_has_a_default_title():
    assert Titles().default() == DEFAULT_TITLE
