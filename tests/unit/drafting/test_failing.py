"""
A turn that the server took and failed at: what the draft keeps of it, and what it says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from shop import GIVEN, ROUTES, TURN, Answer, Shop, api, drafted

from conformance.drafting.failing import error_stream
from conformance.engine.effects import Calls, Request
from conformance.model.transcript import Message, UpstreamCall

MANY = {**TURN["properties"], "stream": {"type": "boolean"}}


def prompt(*roles: str) -> UpstreamCall:
    return UpstreamCall(at=0.0, messages=[Message(role=role) for role in roles])


class Broken(Shop):
    """
    The same with no model behind it: every turn that is not refused ends so.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer

    def __call__(self, request: Request) -> Answer:
        seen = super().__call__(request)
        if request.method != "POST" or seen[0] != 200:
            return seen
        for told in self.threads.values():
            told[:] = [one for one in told if one["role"] == "user"]
        return self.answer


STREAMED = 'event: started\ndata: {"thread_id": "t9"}\n\nevent: failed\ndata: {"detail": "no model"}\n\n'


def test_a_server_that_does_not_reach_its_model_is_told_how_and_what_was_seen_is_kept():
    described = api(*ROUTES, body=TURN)
    draft, _ = drafted(described, Broken((504, {"detail": "no model"})))

    assert len(draft.problems) == 1
    assert "threadgauge upstream --port 9911" in draft.problems[0]
    assert "--value" not in draft.problems[0]
    assert set(draft.operations) == {"chat", "list_messages", "delete_thread"}
    assert draft.operations["list_messages"]["fields"] == {"role": "$.role", "text": "$.text"}
    assert draft.errors["upstream"] == [500, 502, 503, 504]
    assert draft.policies == {"failed_model": "status", "blank_text": "refused", "second_delete": "missing"}


def test_an_error_in_the_stream_is_drafted_as_it_was_seen():
    draft, _ = drafted(api(*ROUTES, body=TURN), Broken((200, STREAMED)))

    assert "its stream tells the error 'no model'" in draft.problems[0]
    assert draft.operations["chat"]["stream"]["events"] == [
        {"name": "started", "thread": "$.thread_id"},
        {"name": "failed", "error": "$.detail"},
    ]
    assert draft.policies["failed_model"] == "in-stream"


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ('data: {"type": "error", "message": "no"}\n\n', {"where": {"$.type": "error"}, "error": "$.message"}),
        ('{"n": 1}\n{"error": {"code": "x", "message": "no"}}\n', {"has": "$.error", "error": "$.error.message"}),
        ('{"n": 1}\n{"failed": true}\n', None),
        ('event: token\ndata: {"content": "an error"}\n\n', None),
    ],
)
def test_which_event_is_an_error(body: str, event: dict[str, Any] | None):
    stream = error_stream(body)

    assert (stream and stream.get("events", [stream])[-1]) == event


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ([], "did not call its model at 127.0.0.1:7: set its model URL"),
        ([prompt("user")], "though it called its model"),
    ],
)
def test_the_witness_says_whether_a_turn_that_failed_reached_the_model(calls: list[UpstreamCall], told: str):
    given = replace(GIVEN, upstream="127.0.0.1:7")
    draft, _ = drafted(api(*ROUTES, body=TURN), Broken((502, None)), given, calls=calls)

    assert told in draft.problems[0]


@pytest.mark.parametrize(("roles", "policy"), [(["system", "user"], "yes"), (["user"], "no")])
def test_a_system_message_that_nobody_sent_is_drafted_where_the_witness_saw_the_prompt(roles: list[str], policy: str):
    given = replace(GIVEN, upstream="127.0.0.1:7")
    draft, _ = drafted(api(*ROUTES, body=TURN), Shop(), given, calls=[prompt(*roles)])

    assert draft.policies["extra_system_prompt"] == policy


def test_without_a_witness_nothing_is_said_of_the_prompt():
    draft, asked = drafted(api(*ROUTES, body=TURN), Shop())

    assert "extra_system_prompt" not in draft.policies
    assert not any(isinstance(one, Calls) for one in asked)


@pytest.mark.parametrize("most", [1, 2, 4])
def test_no_more_turns_are_asked_for_than_may_be(most: int):
    asked: list[str] = []

    def counting(request: Request) -> Answer:
        asked.append(request.method)
        return Shop()(request)

    draft, _ = drafted(api(*ROUTES, body=TURN), counting, replace(GIVEN, turns=most))

    assert (asked.count("POST"), draft.turns) == (min(most, 3), min(most, 3))


def test_that_no_more_turns_may_be_asked_for_is_said():
    draft, _ = drafted(api(*ROUTES, body=TURN), Shop(status=400), replace(GIVEN, turns=2))

    assert "no turn was answered in 2 turns, and no more may be asked for (--max-turns)" in draft.problems[0]


def test_a_server_that_always_fails_is_not_asked_without_end():
    asked: list[str] = []

    def failing(request: Request) -> Answer:
        asked.append(request.path)
        return 500, {"detail": "no"}

    drafted(api(*[f"POST /chat/{name}" for name in "abcdef"], body={**TURN, "properties": MANY}), failing)

    assert sum(path.startswith("/chat") for path in asked) <= 8 + len(("unstreamed", "blank", "blank", "ours"))
