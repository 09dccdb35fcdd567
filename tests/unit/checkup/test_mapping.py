"""
A mapping that finds nothing is told with the one that would; what the server does wrong is never called the profile's.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conformance.checkup.mapping import mismapped
from conformance.engine.reading import messages
from conformance.model.profile import Profile
from conformance.model.transcript import Exchange, SentRequest, StepRecord
from conformance.text.digest import text_of

SAID, TOLD = "Hello k1", "Hi there"
RIGHT = {"id": "$.id", "role": "$.role", "text": "$.content"}


def turn(asked: str = "user", told: str = "assistant", text: str = SAID) -> list[dict[str, Any]]:
    return [
        {"id": "m1", "thread": "t", "role": asked, "content": text, "seen": None},
        {"id": "m2", "thread": "t", "role": told, "content": TOLD, "seen": None},
    ]


def found(
    value: Any, fields: dict[str, str], items: str = "$[*]", roles: dict[str, str] | None = None, status: int = 200
) -> list[tuple[str, str | None]]:
    listing = {"request": {"method": "GET", "path": "/log"}, "items": items, "fields": {**RIGHT, **fields}}
    operations = {"chat": {"request": {"method": "POST", "path": "/chat"}}, "list_messages": listing}
    profile = msgspec.convert(
        {"profile": "shop", "title": "Shop", "roles": roles or {}, "operations": operations}, Profile
    )
    request = SentRequest(method="GET", url="http://shop/log")
    exchange = Exchange(
        operation="list_messages", request=request, started=0.0, ended_at=0.0, ended="clean", status=status, value=value
    )
    read = messages(exchange, profile.operations["list_messages"], profile)
    record = StepRecord(index="2", action="list_messages", title="", exchanges=[exchange], messages=read)
    return [(one.about, one.fix) for one in mismapped(record, profile, SAID, text_of(TOLD))]


def test_a_mapping_that_fits_is_not_spoken_of():
    assert found(turn(), {}) == []


@pytest.mark.parametrize(
    ("fields", "about", "fix"),
    [
        ({"role": "$.sender"}, "list roles", "write `role: $.role`"),
        ({"role": "$.id"}, "list roles", "write `role: $.role`"),
        ({"role": "$.seen"}, "list roles", "write `role: $.role`"),
        ({"text": "$.text"}, "list texts", "write `text: $.content`"),
        ({"text": "$.id"}, "list texts", "write `text: $.content`"),
        ({"id": "$.message_id"}, "list ids", "write `id: $.id`"),
        ({"id": "$.thread"}, "list ids", "write `id: $.id`"),
    ],
)
def test_a_path_that_leads_elsewhere_is_told_with_the_right_one(fields: dict[str, str], about: str, fix: str):
    assert found(turn(), fields) == [(about, fix)]


def test_messages_that_are_elsewhere_in_the_body_are_told():
    assert found({"data": turn()}, {}, items="$.items[*]") == [("list", "write `items: $.data[*]`")]


def test_words_for_roles_that_are_not_mapped_are_told():
    assert found(turn("human", "ai"), {}) == [("list roles", "write `roles: {human: user, ai: assistant}`")]


def test_a_wrong_path_to_roles_that_need_words_is_told_with_both():
    (only,) = found(turn("human", "ai"), {"role": "$.sender"})

    assert only[1] == "write `role: $.role` and write `roles: {human: user, ai: assistant}`"


def test_words_for_roles_that_are_mapped_fit():
    assert found(turn("human", "ai"), {}, roles={"human": "user", "ai": "assistant"}) == []


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        None,
        turn(text="something else"),
        turn("assistant", "user"),
        turn("user", "user"),
        [{**one, "id": None} for one in turn()],
        [{**one, "id": "m1"} for one in turn()],
        [{**one, "role": None} for one in turn()],
        [{"id": "m1"}, {"id": "m2"}],
        turn()[1:],
    ],
)
def test_a_server_that_is_only_broken_is_no_mistake_of_the_profile(value: Any):
    assert found(value, {}) == []


def test_a_text_in_another_shape_is_no_mistake_of_the_profile():
    assert found(turn(), {"text": "$.content[*].text"}) == []


def test_a_list_that_fails_says_nothing_of_its_mapping():
    assert found(turn(), {"text": "$.text"}, status=500) == []
