"""
Observations in which a careless check would see what was not there: an absence in half a text, a list in an error page.
"""

from typing import Any

import msgspec
import pytest

from conformance.checks import examine
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.model.outcome import Difference
from conformance.model.profile import Operation, Profile
from conformance.model.scenario import Expect
from conformance.model.text import KEEP, Text
from conformance.model.transcript import Exchange, GateMark, Message, StepRecord, Thread, Unseen, UpstreamCall
from conformance.text.digest import text_of

PROFILE = msgspec.convert({"profile": "small", "title": "The smallest profile"}, Profile)
READ = msgspec.convert({"request": {"method": "GET", "path": "/"}}, Operation)
LONG = text_of("a" * (KEEP + 1))
CUT = Text(length=100_000, sha256="00", head="only the beginning")
NAMES: dict[str, Any] = {"t": "t-1", "canary": "k1-red-11", "one.text": None, "one.count": None, "two.text": LONG}


def exchange(**fields: Any) -> Exchange:
    plain = {
        "operation": "chat",
        "request": {"method": "POST", "url": "http://t/"},
        "started": 0.0,
        "ended_at": 1.0,
        "ended": "clean",
        "status": 200,
    }
    return msgspec.structs.replace(msgspec.convert(plain, Exchange), **fields)


def record(action: str = "chat", **fields: Any) -> StepRecord:
    return StepRecord(index="1", action=action, title=action, **{"exchanges": [exchange()], **fields})


def found(
    expect: dict[str, Any], seen: StepRecord, operation: Operation | None = READ, late: float = 0.0
) -> list[Finding]:
    return examine(msgspec.convert(expect, Expect), Seen(seen, PROFILE, operation, NAMES.__getitem__, late=late))


def kinds(findings: list[Finding]) -> list[str]:
    return [f"{one.check} differs" if isinstance(one, Difference) else f"{one.witness} unseen" for one in findings]


@pytest.mark.parametrize("match", [{"lacks": "b"}, {"contains": "b"}, {"matches": "b"}])
def test_a_text_that_was_not_kept_whole_is_not_searched(match: dict[str, str]):
    seen = record(exchanges=[exchange(text=LONG)])

    assert kinds(found({"text": match}, seen)) == ["wire unseen"]


def test_the_length_of_a_text_that_was_not_kept_is_known():
    seen = record(exchanges=[exchange(text=LONG)])

    assert kinds(found({"text": {"length": 5, "lacks": "b"}}, seen)) == ["text differs"]


def test_half_a_pair_is_not_sought_where_it_is_not_kept():
    seen = record(exchanges=[exchange(text=text_of("x\ud83d"))])

    assert kinds(found({"text": {"lacks": "\ud83d"}}, seen)) == ["wire unseen"]


def test_a_text_too_long_to_keep_is_not_what_another_lacks():
    seen = record(exchanges=[exchange(text=text_of("short"))])

    assert kinds(found({"text": {"lacks": "${two.text}"}}, seen)) == ["wire unseen"]


@pytest.mark.parametrize("match", ["${one.text}", {"not": "${one.text}"}, {"lacks": "${one.text}"}])
def test_what_an_earlier_step_did_not_show_is_not_the_word_none(match: Any):
    seen = record(exchanges=[exchange(text=text_of("None"))])

    assert kinds(found({"text": match}, seen)) == ["text differs"]


def test_what_an_earlier_step_did_not_show_is_not_null():
    seen = record("query", rows=[{"text": None}], exchanges=[])

    assert kinds(found({"rows": [{"text": "${one.text}"}]}, seen, None)) == ["rows differs"]


def test_a_number_that_was_not_shown_is_no_condition():
    seen = record("list_messages", messages=[])

    assert kinds(found({"count": ">= ${one.count}"}, seen)) == ["count differs"]


def test_a_number_of_the_targets_that_is_none_is_unseen():
    seen = record("list_messages", messages=[])

    assert kinds(found({"count": "${canary}"}, seen)) == ["wire unseen"]


@pytest.mark.parametrize(
    "expect", [{"messages": []}, {"count": 0}, {"threads": {"lacks": ["t"]}}, {"thread": {"metadata": {}}}]
)
def test_an_answer_that_is_no_list_is_not_an_empty_one(expect: dict[str, Any]):
    assert kinds(found(expect, record("list_messages"))) == [f"{next(iter(expect))} differs"]


def test_a_thread_that_never_had_an_id_is_told_and_ends_nothing():
    seen = record("list_threads", threads=[])

    assert kinds(found({"threads": {"lacks": ["unknown"]}}, seen)) == ["threads differs"]


def test_nothing_is_absent_from_a_body_that_is_not_json():
    assert kinds(found({"body": {"$.id": {"absent": True}}}, record())) == ["body differs"]


def test_null_is_no_text():
    seen = record(exchanges=[exchange(value={"error": None})])

    assert kinds(found({"body": {"$.error": {"not": ""}}}, seen)) == ["body differs"]


def test_true_is_not_one_inside_a_value_either():
    seen = record(exchanges=[exchange(value={"m": {"a": [True]}})])

    assert kinds(found({"body": {"$.m": {"a": [1]}}}, seen)) == ["body differs"]


def test_half_a_pair_in_a_body_ends_nothing():
    seen = record(exchanges=[exchange(value={"m": {"a": "\ud83d"}})])

    assert kinds(found({"body": {"$.m": {"contains": "b"}}}, seen)) == ["body differs"]


def test_true_is_not_one_in_metadata():
    seen = record("get_thread", thread=Thread(id="t-1", metadata={"a": True}))

    assert kinds(found({"thread": {"metadata": {"a": 1}}}, seen)) == ["thread differs"]


def test_the_arrivals_may_be_a_placeholder():
    seen = record(exchanges=[exchange(arrival_count=3)])

    assert kinds(found({"stream": {"arrivals": ">= ${one.count}"}}, seen)) == ["stream differs"]


def test_a_raw_call_without_an_answer_shows_nothing():
    seen = record("call", exchanges=[exchange(status=None, ended="refused", trouble="no connection")])

    assert kinds(found({"nowhere": "${canary}"}, seen, None)) == ["success differs"]


@pytest.mark.parametrize("ended", ["refused", "too-large"])
def test_a_failure_that_no_client_was_told_of_is_not_an_incomplete_answer(ended: Any):
    seen = record(exchanges=[exchange(status=None, ended=ended)])

    assert kinds(found({"stream": {"complete": False}}, seen)) == ["stream differs"]


@pytest.mark.parametrize(
    "place",
    [
        {"exchanges": [exchange(value={"data": ["... k1-red-11"]}, body=CUT)]},
        {"messages": [Message(role="user", text=text_of("k1-red-11"))]},
        {"messages": [Message(role="user", metadata={"title": "k1-red-11"})]},
        {"threads": [Thread(id="t", title="k1-red-11")]},
        {"rows": [{"text": "k1-red-11"}]},
        {"calls": [UpstreamCall(at=0.0, messages=[Message(role="user", text=text_of("k1-red-11"))])]},
    ],
)
def test_a_token_is_found_wherever_the_step_looked(place: dict[str, Any]):
    assert kinds(found({"nowhere": "${canary}"}, record(**place))) == ["nowhere differs"]


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ({"exchanges": [exchange(body=CUT)]}, "wire unseen"),
        ({"exchanges": [exchange(text=LONG)]}, "wire unseen"),
        ({"messages": [Message(role="user", text=LONG)]}, "wire unseen"),
        ({"calls": [UpstreamCall(at=0.0, messages=[Message(role="user", text=LONG)])]}, "upstream unseen"),
        ({"calls": []}, "upstream unseen"),
        ({"unseen": [Unseen(witness="store", reason="gone")], "exchanges": []}, "store unseen"),
    ],
)
def test_a_token_is_not_absent_from_what_was_not_seen_whole(place: dict[str, Any], kind: str):
    assert kinds(found({"nowhere": "${canary}"}, record(**place))) == [kind]


def test_a_body_that_was_read_as_a_value_is_searched_whole():
    seen = record(exchanges=[exchange(value={"data": []}, body=CUT)])

    assert found({"nowhere": "${canary}"}, seen) == []


def held(by: str | None, released_at: float | None = 1.0) -> list[UpstreamCall]:
    return [UpstreamCall(at=0.0, gates=[GateMark(gate="last-token", held_at=0.1, released_at=released_at, by=by)])]


FIRST = {"stream": {"first_before": {"gate": "last-token"}}}


@pytest.mark.parametrize(("by", "first"), [("end", None), ("steps", 2.0), ("met", None), ("left", 2.0)])
def test_a_gate_that_no_text_opened_shows_no_streaming(by: str, first: float | None):
    seen = record(exchanges=[exchange(first_text_at=first)], calls=held(by))

    assert kinds(found(FIRST, seen)) == ["stream differs"]


@pytest.mark.parametrize("by", ["steps", "deadline"])
def test_a_text_that_came_while_the_gate_was_shut_shows_streaming(by: str):
    assert found(FIRST, record(exchanges=[exchange(first_text_at=0.5)], calls=held(by))) == []


def test_a_late_harness_accuses_nobody_of_buffering():
    assert kinds(found(FIRST, record(calls=held("deadline")), late=1.5)) == ["wire unseen"]


def test_an_auxiliary_call_is_not_the_turns():
    title = UpstreamCall(at=0.0, matched="canary", messages=[Message(role="user", text=text_of("A title for ..."))])
    turn = UpstreamCall(at=1.0, messages=[Message(role="user", text=text_of("Hi"))])

    assert found({"prompt": [{"role": "user", "text": "Hi"}], "calls": 1}, record(calls=[title, turn])) == []
