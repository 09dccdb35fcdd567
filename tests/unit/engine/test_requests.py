"""
A template and values make a request: as JSON, or as a form.
"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.engine.requests import NotInBody, Unplayable, build, placeholders
from conformance.model.profile import RequestTemplate

FIELDS = {"message": "${text}", "session": "${thread}", "stream": "false"}
FORM = RequestTemplate(method="POST", path="/run", form=FIELDS)


def sent(values: dict[str, Any], **more: Any) -> bytes | None:
    return build(FORM, values, {}, **more).body


def test_a_form_is_sent_as_a_browser_sends_it():
    request = build(FORM, {"text": "a & b = ö", "thread": "t 1"}, {})

    assert request.body == b"message=a+%26+b+%3D+%C3%B6&session=t+1&stream=false"
    assert request.headers == {"content-type": "application/x-www-form-urlencoded"}


def test_a_field_without_a_value_is_left_out_of_a_form():
    assert sent({"text": "hi"}) == b"message=hi&stream=false"


def test_a_field_of_a_form_can_be_dropped_and_replaced():
    changed = sent({"text": "hi", "thread": "t"}, without=["thread"], replaced={"text": "ho"})

    assert changed == b"message=ho&stream=false"


def test_a_form_holds_texts_and_nothing_else():
    with pytest.raises(Unplayable, match="texts"):
        sent({"text": None, "thread": "t"})


def test_what_is_in_no_field_cannot_be_dropped():
    with pytest.raises(NotInBody, match="title"):
        sent({"text": "hi"}, without=["title"])


def test_the_placeholders_of_a_form_are_known():
    assert placeholders(FORM) == {"text", "thread"}
