"""
Placeholders: their names, what they become, and what is left out with them.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.text.template import TemplateError, drop, fill, names

BOUND = {"name": "Ada", "count": 3, "turn.text": "Hi", "list": [1, {"a": None}], "yes": True, "none": None}


def filled(value: object) -> object:
    return fill(value, BOUND.__getitem__)


def test_names_come_with_their_columns():
    assert names("a ${x} $${no} ${y.z}${canary.a-1}") == [("x", 3), ("y.z", 15), ("canary.a-1", 21)]


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("Hello ${name}!", "Hello Ada!"),
        ("${count}", 3),
        ("n=${count}", "n=3"),
        ("${list}", [1, {"a": None}]),
        ("?stream=${yes}&x=${none}", "?stream=true&x=null"),
        ("$${name}", "${name}"),
        ("costs $5 {a}", "costs $5 {a}"),
        ({"a": ["${turn.text}", 1, None]}, {"a": ["Hi", 1, None]}),
        ({"${name}": 1}, {"${name}": 1}),
    ],
)
def test_placeholders_are_filled_by_position(template, value):
    assert filled(template) == value


def test_what_a_value_holds_is_not_filled_again():
    assert fill("a ${x}", lambda _: "${name}") == "a ${name}"


def test_an_unknown_name_is_the_lookups_error():
    with pytest.raises(KeyError, match="nobody"):
        filled("${nobody}")


@pytest.mark.parametrize("wrong", ["a ${", "a ${x", "a ${}", "a ${ x }", "a ${x..y}", "a ${1}"])
def test_a_malformed_placeholder_is_refused_with_its_column(wrong):
    for read in (names, filled):
        with pytest.raises(TemplateError) as caught:
            read(wrong)

        assert caught.value.column == 3


@given(st.text())
def test_an_escaped_text_is_itself(text):
    assert filled(text.replace("${", "$${")) == text


def test_a_key_is_dropped_wherever_its_value_is_the_placeholder():
    tree = {"id": "${thread}", "in": [{"thread": "${thread}", "b": 1}], "text": "to ${thread}"}

    assert drop(tree, "thread") == ({"in": [{"b": 1}], "text": "to ${thread}"}, True)


def test_nothing_dropped_is_said():
    assert drop({"a": ["${other}"]}, "thread") == ({"a": ["${other}"]}, False)
