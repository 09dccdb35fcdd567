"""
What the doctor says of a conversation: each thing is known by what was said, and each mistake has its fix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from conformance.checkup.conversation import CONVERSATION, conversed
from conformance.checkup.finding import Finding, exit_code
from conformance.model.profile import Profile, Stream
from conformance.model.transcript import (
    Exchange,
    Message,
    SentRequest,
    StepRecord,
    StreamEnd,
    Transcript,
    Unseen,
    UpstreamCall,
)
from conformance.text.digest import text_of

ASKED = "Hello k1"
TOLD = "Hi"
PROFILE = msgspec.convert(
    {
        "profile": "shop",
        "title": "Shop",
        "operations": {
            "chat": {
                "request": {"method": "POST", "path": "/chat", "json": {"text": "${text}"}},
                "stream": {"framing": "raw-text", "terminal": False},
            },
            "list_messages": {
                "request": {"method": "GET", "path": "/log"},
                "items": "$[*]",
                "fields": {"id": "$.id", "role": "$.role", "text": "$.text"},
            },
        },
    },
    Profile,
)
BOTH = frozenset({"store", "upstream"})


def exchange(operation: str, body: str, **more: Any) -> Exchange:
    known: dict[str, Any] = {"started": 0.0, "ended_at": 0.0, "ended": "clean", "status": 200, "body": text_of(body)}
    asked = SentRequest(method="POST", url=f"http://shop/{operation}")
    return Exchange(**{"operation": operation, "request": asked, **known, **more})


def message(role: str, text: str, name: str) -> Message:
    return Message(role=role, text=text_of(text), id=name)


LISTED = (message("user", ASKED, "m1"), message("assistant", TOLD, "m2"))


def answered(body: str = TOLD, **more: Any) -> Exchange:
    return exchange("chat", body, **{"text": text_of(body), "end": StreamEnd(), **more})


def found(
    turn: Exchange | None = None,
    listed: tuple[Message, ...] | None = LISTED,
    rows: list[dict[str, Any]] | None = None,
    calls: list[UpstreamCall] | None = None,
    profile: Profile = PROFILE,
    witnesses: frozenset[str] = frozenset(),
    unseen: list[Unseen] | None = None,
    status: int = 200,
    clean: Callable[[str], str] = str,
    db: bool = False,
) -> dict[str, Finding]:
    listing = exchange("list_messages", "[]", status=status)
    steps = [
        StepRecord(index="1", action="chat", title="", exchanges=[turn or answered()], calls=calls),
        StepRecord(
            index="2",
            action="list_messages",
            title="",
            exchanges=[listing],
            messages=None if listed is None else [*listed],
        ),
        StepRecord(index="3", action="query", title="", rows=[{"id": "t"}]),
        StepRecord(index="4", action="query", title="", rows=rows, unseen=unseen or []),
    ]
    transcript = Transcript(
        scenario=CONVERSATION,
        profile="shop",
        target="http://shop",
        seed=0,
        started="",
        bindings={"canary": "k1"},
        records=steps,
    )
    return {one.about: one for one in conversed(transcript, profile, witnesses, clean, db=db)}


def promising(extra: str) -> Profile:
    return msgspec.structs.replace(PROFILE, policies={"extra_system_prompt": extra})


def states(findings: dict[str, Finding]) -> dict[str, str]:
    return {about: one.state for about, one in findings.items()}


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_secret_is_taken_out_before_an_answer_is_shortened(status: int):
    secret = "half-of-me-is-known-by-nobody"
    turn = answered("x" * 90 + secret, status=status)
    findings = found(turn, clean=lambda text: text.replace(secret, "[redacted]"))

    assert any(one.said.endswith("x[redacted]") for one in findings.values())


def test_all_is_well():
    rows = [{"role": "user", "text": ASKED}, {"role": "assistant", "text": TOLD}]

    seen = found(rows=rows, calls=[UpstreamCall(at=0.0)], witnesses=BOTH, profile=promising("no"))

    assert set(states(seen).values()) == {"ok"}
    assert exit_code([*seen.values()]) == 0


def test_without_witnesses_nothing_is_wrong():
    seen = states(found())

    assert (seen["store"], seen["upstream"]) == ("not seen", "not seen")


def test_a_database_that_the_profile_does_not_map_is_not_said_to_be_missing():
    unmapped = msgspec.structs.replace(PROFILE, store=None)
    seen = found(profile=unmapped, db=True)["store"]

    assert seen.state == "not seen"
    assert seen.said == "the database is there, and the profile does not say how to read it"
    assert found(profile=unmapped)["store"].said == "no database"


def test_a_refusal_is_about_credentials():
    seen = found(turn=exchange("chat", "{}", status=401))

    assert states(seen) == {"credentials": "wrong"}
    assert "`auth`" in str(seen["credentials"].fix)


def test_an_unknown_route_is_about_the_request():
    seen = found(turn=exchange("chat", "{}", status=404))

    assert states(seen) == {"credentials": "ok", "turn": "wrong"}
    assert "correct `request`" in seen["turn"].line


def test_another_framing_is_named():
    body = 'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\ndata: [DONE]\n\n'

    seen = found(turn=answered(body))

    assert seen["framing"].fix == "write `stream: {framing: openai-sse}` in `chat`"


def streaming(**more: Any) -> Profile:
    """
    The profile with another stream.
    """
    stream = msgspec.convert(more, Stream)
    chat = msgspec.structs.replace(PROFILE.operations["chat"], stream=stream)
    return msgspec.structs.replace(PROFILE, operations={**PROFILE.operations, "chat": chat})


def test_for_events_of_the_servers_own_what_they_mean_is_proposed():
    body = 'data: {"delta":"H"}\n\ndata: {"delta":"i"}\n\ndata: [DONE]\n\n'

    seen = found(turn=answered(body))

    assert seen["framing"].said == "declared is raw-text, but the bytes look like json-sse"
    events = '[{data: "[DONE]", end: true}, {text: $.delta}]'
    assert seen["framing"].fix == f"write `stream: {{framing: json-sse, terminal: true, events: {events}}}` in `chat`"


def test_where_no_text_can_be_made_out_the_events_are_left_to_say():
    seen = found(turn=answered('data: {"id": "a"}\n\ndata: {"id": "b"}\n\n'))

    assert seen["framing"].fix == "write `stream: {framing: json-sse, events: [...]}` in `chat`"


@pytest.mark.parametrize(
    ("problems", "state"), [([], "ok"), (["data named 'x' that is none of the profile's events"], "wrong")]
)
def test_declared_events_may_be_what_is_to_be_corrected(problems: list[str], state: str):
    profile = streaming(framing="json-sse", events=[{"data": "[DONE]", "end": True}, {"text": "$.delta"}])
    end = StreamEnd(terminal="[DONE]", problems=problems)

    seen = found(turn=answered('data: {"delta":"Hi"}\n\ndata: [DONE]\n\n', end=end), profile=profile)["framing"]

    assert seen.state == state
    assert (seen.fix is not None and "`events`" in seen.fix) == bool(problems)


def test_an_end_that_is_not_marked_as_promised():
    seen = found(turn=answered("data: Hi\n\n", text=text_of(TOLD)), profile=streaming(framing="sse", terminal=True))

    assert "terminal: false" in str(seen["framing"].fix)


def test_roles_of_the_servers_own_are_mapped_by_the_fix():
    seen = found(listed=(message("human", ASKED, "m1"), message("bot", TOLD, "m2")))

    assert seen["list roles"].fix == "write `roles: {human: user, bot: assistant}`"


def test_a_list_in_the_other_order():
    assert states(found(listed=LISTED[::-1]))["list order"] == "wrong"


def test_an_answer_that_is_not_listed():
    assert "raise `settle`" in str(found(listed=LISTED[:1])["list texts"].fix)


def test_ids_that_are_not_ids():
    same = (message("user", ASKED, "m"), message("assistant", TOLD, "m"))

    assert states(found(listed=same))["list ids"] == "wrong"


def test_no_list_at_the_items():
    assert found(listed=None)["list"].said == "there is no list at `items`"


def test_a_list_that_is_refused():
    assert states(found(status=404))["list"] == "wrong"


def test_rows_of_other_roles_are_no_rows_of_the_turn():
    seen = found(rows=[{"role": "human", "text": ASKED}], witnesses=BOTH)

    assert states(seen)["store messages"] == "wrong"
    assert states(seen)["store threads"] == "ok"


def test_a_mapping_that_does_not_run_says_why():
    unseen = [Unseen(witness="store", reason="no such column: text")]

    assert found(unseen=unseen, witnesses=BOTH)["store messages"].said == "no such column: text"


def test_a_model_that_is_not_the_witness():
    assert states(found(calls=[], witnesses=BOTH))["upstream"] == "wrong"


def test_a_system_message_that_nobody_sent_is_told():
    calls = [UpstreamCall(at=0.0, messages=[message("system", "Be kind", "s")])]

    undeclared = found(calls=calls, witnesses=BOTH)["policy extra_system_prompt"]
    wrong = found(calls=calls, witnesses=BOTH, profile=promising("no"))["policy extra_system_prompt"]

    assert (undeclared.state, wrong.state) == ("undeclared", "wrong")
    assert 'write `extra_system_prompt: "yes"`' in str(wrong.fix)


def test_a_thread_that_cannot_be_made_is_no_turn():
    failed = StepRecord(
        index="1.made", action="create_thread", title="", exchanges=[exchange("create_thread", "{}", status=404)]
    )
    transcript = Transcript(
        scenario=CONVERSATION, profile="shop", target="http://shop", seed=0, started="", records=[failed]
    )

    [seen] = conversed(transcript, PROFILE, frozenset(), str)

    assert (seen.about, seen.fix) == ("turn", "correct `create_thread`")


def test_nobody_there_is_no_verdict():
    assert exit_code([Finding(about="reachable", state="wrong", said="nobody")]) == 2
