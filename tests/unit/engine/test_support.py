"""
What cannot be played against a profile is told before anything is sent.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conformance.engine.support import unsupported
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario

CHAT = {"request": {"method": "POST", "path": "/chat"}}
STREAMED = {**CHAT, "stream": {"framing": "raw-text", "terminal": False}}
WHOLE = {**CHAT, "text": "$.text"}


def reason(chat: dict[str, Any], **expect: Any) -> str | None:
    profile = msgspec.convert({"profile": "shop", "title": "Shop", "operations": {"chat": chat}}, Profile)
    steps = [{"chat": {"thread": "t", "say": "Hi"}, "expect": expect}]
    return unsupported(msgspec.convert({"id": "a/b", "title": "A", "steps": steps}, Scenario), profile)


@pytest.mark.parametrize(
    "expect",
    [
        {"stream": {"first_before": {"gate": "last-token"}}},
        {"stream": {"arrivals": ">= 3"}},
        {"stream": {"terminal": True}},
        {"timing": {"first_text": "< 1s"}},
    ],
)
def test_what_only_a_stream_has_is_not_asked_of_an_answer_in_one_piece(expect: dict[str, Any]):
    assert reason(WHOLE, **expect) == "profile shop does not stream the answer of chat"
    assert reason(STREAMED, **expect) is None


@pytest.mark.parametrize("expect", [{"stream": {"complete": True}}, {"timing": {"took": "< 1s"}}, {"text": "Hi"}])
def test_what_any_answer_has_is_asked_of_both(expect: dict[str, Any]):
    assert (reason(WHOLE, **expect), reason(STREAMED, **expect)) == (None, None)
