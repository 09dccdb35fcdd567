"""
All that a profile must declare for a scenario to be played.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conformance.engine.judge import judge
from conformance.engine.lacking import lacking
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import Transcript

CHAT = {"request": {"method": "POST", "path": "/chat"}, "text": "$.text"}
SAY: dict[str, Any] = {"chat": {"thread": "t", "say": "Hi"}}
SHOP = msgspec.convert(
    {"profile": "shop", "title": "Shop", "operations": {"chat": CHAT}, "policies": {"delete": "hard"}}, Profile
)


def scenario(*steps: dict[str, Any], **more: Any) -> Scenario:
    return msgspec.convert({"id": "a/b", "title": "A", "steps": [*steps] or [SAY], **more}, Scenario)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (scenario(), []),
        (scenario(needs=["titles"]), ["capability titles"]),
        (scenario(needs=["titles", "get_thread", "store"]), ["capability titles", "operation get_thread"]),
        (scenario(SAY, {"list_threads": {}}), ["operation list_threads"]),
        (scenario(policy={"history": ["whole", "window"]}), ["policy history: whole or window"]),
        (scenario(policy={"history": "whole", "delete": "hard"}), ["policy history: whole"]),
        (scenario({**SAY, "by": "alice"}), ["auth", "principals"]),
        (scenario({"get_thread": {"thread": "t"}}, ids={"t": "${malformed-thread}"}), ["operation get_thread"]),
    ],
)
def test_all_that_is_lacking_is_named(asked: Scenario, wanted: list[str]):
    assert [one for one in lacking(asked, SHOP) if one != "ids.malformed"] == wanted


def test_ids_that_are_malformed_must_be_declared():
    asked = scenario({"chat": {"thread": "t", "say": "Hi"}}, ids={"t": "${malformed-thread}"})

    assert lacking(asked, SHOP) == ["ids.malformed"]


@pytest.mark.parametrize(
    "asked",
    [
        scenario(policy={"delete": "soft"}, needs=["titles"]),
        scenario({**SAY, "expect": {"stream": {"arrivals": ">= 3"}}}, needs=["titles"]),
        scenario({"call": "GET /v1/threads"}, needs=["titles"]),
        scenario(SAY, {"kill": {}}, needs=["titles"]),
    ],
    ids=["the opposite is declared", "no stream", "addresses of its own", "a process of its own"],
)
def test_where_declaring_would_not_do_nothing_is_named(asked: Scenario):
    assert lacking(asked, SHOP) == []


def test_an_outcome_says_what_was_lacking():
    asked = scenario(needs=["titles"])
    known: dict[str, Any] = {"profile": "shop", "target": "http://shop", "seed": 1, "started": "2026-01-01T00:00:00Z"}

    outcome = judge(Transcript(scenario=asked, unsupported="it lacks titles", **known), SHOP, {})

    assert outcome.lacking == ["capability titles"]
