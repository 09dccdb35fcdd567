"""
Every check against an observation that is right and one that is wrong in one known way.
"""

from typing import Any

import msgspec
import pytest

from conformance.checks import CHECKS, examine
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.model.outcome import Difference
from conformance.model.profile import Bounds, Operation, Profile
from conformance.model.scenario import Expect
from conformance.model.transcript import Exchange, GateMark, Message, StepRecord, Thread, Unseen, UpstreamCall
from conformance.text.digest import text_of

PROFILE = msgspec.convert(
    {
        "profile": "small",
        "title": "The smallest profile",
        "errors": {"body": {"type": "object", "required": ["detail"]}},
    },
    Profile,
)
CHAT = msgspec.convert({"request": {"method": "POST", "path": "/chat"}, "stream": {"framing": "openai-sse"}}, Operation)
NAMES = {"t": "thread-1", "u": "thread-2", "canary": "k1-red-11", "turn.text": "whole answer", "size": 3}


def exchange(**fields: Any) -> Exchange:
    text = fields.pop("text", None)
    plain = {
        "operation": "chat",
        "request": {"method": "POST", "url": "http://t/"},
        "started": 0.0,
        "ended_at": 1.0,
        "ended": "clean",
        "status": 200,
        "end": {"terminal": "[DONE]"},
    }
    made = msgspec.convert({**plain, **fields}, Exchange)
    return msgspec.structs.replace(made, text=None if text is None else text_of(text))


def record(**fields: Any) -> StepRecord:
    return StepRecord(index="1", action="chat", title="chat", **fields)


def found(expect: dict[str, Any], seen: StepRecord, operation: Operation | None = None) -> list[Finding]:
    return examine(msgspec.convert(expect, Expect), Seen(seen, PROFILE, operation, NAMES.__getitem__))


def said(expect: dict[str, Any], seen: StepRecord, operation: Operation | None = None) -> str:
    return "\n".join(
        line for one in found(expect, seen, operation) if isinstance(one, Difference) for line in one.lines
    )


def messages(*pairs: tuple[str, str]) -> list[Message]:
    return [Message(role=role, text=text_of(text), id=f"m{place}") for place, (role, text) in enumerate(pairs)]


def test_every_expectation_has_a_check():
    assert set(CHECKS) == set(Expect.__struct_fields__)


@pytest.mark.parametrize("want", [201, "2xx", [404, 201], ["4xx", "2xx"]])
def test_a_status_is_one_of_those_wanted(want: Any):
    assert found({"status": want}, record(exchanges=[exchange(status=201)])) == []


def test_a_wrong_status_is_told_with_the_body():
    seen = record(exchanges=[exchange(status=500, body={"length": 4, "sha256": "", "whole": "boom"})])

    assert said({"status": "2xx"}, seen) == 'answered 500 "boom", expected 2xx'


def test_an_error_has_the_status_that_the_profile_declares():
    assert said({"error": "missing"}, record(exchanges=[exchange(status=500, value={"detail": "x"})])) == (
        "answered 500, expected missing (404)"
    )


def test_an_error_has_the_body_that_the_profile_declares():
    seen = record(exchanges=[exchange(status=404, value={"message": "x"})])

    assert said({"error": "missing"}, seen) == (
        "error body is not as the profile declares: $: 'detail' is a required property"
    )


def test_headers_match_whatever_their_case():
    assert found({"headers": {"retry-after": "1"}}, record(exchanges=[exchange(headers={"Retry-After": "1"})])) == []


def test_a_missing_header_is_told():
    assert said({"headers": {"retry-after": "1"}}, record(exchanges=[exchange()])) == "header retry-after is absent"


def test_a_missing_path_is_not_null():
    assert said({"body": {"$.id": None}}, record(exchanges=[exchange(value={})])) == "body $.id is not there"


def test_true_is_not_one():
    assert said({"body": {"$.n": 1}}, record(exchanges=[exchange(value={"n": True})])) == "body $.n is true, expected 1"


def test_absence_can_be_expected():
    assert found({"body": {"$.id": {"absent": True}}}, record(exchanges=[exchange(value={})])) == []


def test_the_length_of_a_list_can_be_expected():
    seen = record(exchanges=[exchange(value={"data": [1, 2]})])

    assert said({"body": {"$.data": {"length": ">= 3"}}}, seen) == "body $.data has 2 items, expected >= 3"


def test_a_body_is_checked_against_a_schema():
    seen = record(exchanges=[exchange(value={"id": 1})])

    assert said({"schema": {"properties": {"id": {"type": "string"}}}}, seen) == "$.id: 1 is not of type 'string'"


def test_a_text_that_differs_is_told_by_its_first_difference():
    seen = record(exchanges=[exchange(text="whole answr")])

    assert "10" in said({"text": "${turn.text}"}, seen) or "9" in said({"text": "${turn.text}"}, seen)


def test_the_event_of_the_first_difference_is_named():
    marks = [{"text": 0, "event": 0, "offset": 0}, {"text": 6, "event": 3, "offset": 120}]
    seen = record(exchanges=[exchange(text="whole onswer", marks=marks)])

    assert "event 3, which begins at byte 120" in said({"text": "whole answer"}, seen)


@pytest.mark.parametrize(
    ("match", "line"),
    [
        ({"contains": "zzz"}, 'does not contain "zzz"'),
        ({"contains": ["Hel", "zzz"]}, 'does not contain "zzz"'),
        ({"lacks": "ell"}, 'contains "ell"'),
        ({"matches": "^x"}, "does not match /^x/"),
        ({"not": "Hello"}, "which it must not be"),
        ({"length": ">= 9"}, "has 5 characters, expected >= 9"),
    ],
)
def test_a_text_must_meet_all_that_is_said_of_it(match: dict[str, Any], line: str):
    assert line in said({"text": match}, record(exchanges=[exchange(text="Hello")]))


def test_no_text_at_all_is_told():
    assert said({"text": "x"}, record(exchanges=[exchange(status=500)])) == "no answer text was read: answered 500"


def test_a_closed_list_tells_what_is_missing_and_what_is_too_many():
    want = [{"role": "user", "text": "a"}, {"role": "assistant", "text": "b"}]
    seen = record(messages=messages(("user", "a"), ("assistant", "x"), ("assistant", "b")))

    assert said({"messages": want}, seen) == (
        'messages (listed by the API) are 3, expected 2\n  unexpected  assistant "x"'
    )


def test_a_closed_list_of_the_right_length_tells_which_message_differs():
    seen = record(messages=messages(("assistant", "a")))

    assert "[0] assistant role is assistant, expected user" in said({"messages": [{"role": "user"}]}, seen)


def test_the_order_of_a_closed_list_matters():
    want = [{"role": "user", "text": "a"}, {"role": "user", "text": "b"}]

    assert found({"messages": want}, record(messages=messages(("user", "b"), ("user", "a"))))


@pytest.mark.parametrize(("declared", "listed"), [("before", ["q", "a"]), ("with-answer", ["a"])])
def test_a_message_may_be_expected_under_a_policy_only(declared: str, listed: list[str]):
    want = [{"text": "q", "policy": {"question_stored": "before"}}, {"text": "a"}]
    profile = msgspec.structs.replace(PROFILE, policies={"question_stored": declared})

    def problems(texts: list[str]) -> list[Finding]:
        seen = Seen(record(messages=messages(*(("user", text) for text in texts))), profile, None, NAMES.__getitem__)
        return examine(msgspec.convert({"messages": want}, Expect), seen)

    assert problems(listed) == []
    assert problems(["q"])


def test_messages_are_counted():
    assert said({"count": "${size}"}, record(messages=messages(("user", "a")))) == (
        "1 messages are listed by the API, expected 3"
    )


def test_a_page_says_whether_more_follows_where_the_profile_says_so():
    page = record(exchanges=[exchange(value={"page": {"rest": True}})])
    listing = msgspec.convert({"request": {"method": "GET", "path": "/m"}, "more": "$.page.rest"}, Operation)

    assert said({"more": True}, page, listing) == ""
    assert said({"more": False}, page, listing) == "whether more follows ($.page.rest) is true, expected false"
    assert said({"more": True}, record(exchanges=[exchange(value={})]), listing) == (
        "whether more follows ($.page.rest) is not there, expected true"
    )
    assert [type(one) for one in found({"more": True}, page, CHAT)] == [Unseen]


def test_a_thread_has_its_fields():
    seen = record(thread=Thread(id="thread-1", title="New"))

    assert said({"thread": {"id": "${t}", "title": {"contains": "old"}}}, seen) == (
        'thread title does not contain "old": "New"'
    )


def test_threads_are_named_as_in_the_scenario():
    seen = record(threads=[Thread(id="thread-2"), Thread(id="other"), Thread(id="thread-1")])

    assert said({"threads": {"lacks": ["t"], "order": ["t", "u"]}}, seen) == (
        "thread t (thread-1) is listed\nthreads are listed in the order u, t; expected t, u"
    )


@pytest.mark.parametrize(
    ("want", "line"),
    [
        ({"has": ["b", "${t}"], "lacks": ["x"], "order": ["a", "b"], "count": ">= 3"}, ""),
        ({"has": ["x"]}, "x is not listed"),
        ({"lacks": ["${t}"]}, "thread-1 is listed"),
        ({"order": ["b", "a"]}, "they are listed in the order a, b; expected b, a"),
        ({"count": 2}, "3 are listed, expected 2"),
    ],
)
def test_items_are_looked_for_by_their_ids(want: dict[str, Any], line: str):
    assert said({"items": want}, record(items=["a", "b", "thread-1"])) == line


def test_an_answer_that_is_no_list_shows_no_items():
    assert "no items can be read" in said({"items": {"lacks": ["x"]}}, record(exchanges=[exchange()]))


@pytest.mark.parametrize(
    ("want", "line"),
    [
        ({"message_count": ">= 2", "archived": True, "owner": "o"}, ""),
        ({"message_count": 3}, "thread message_count is 2, expected 3"),
        ({"archived": False}, "thread archived is true, expected false"),
        ({"owner": "p"}, 'thread owner is "o", expected "p"'),
    ],
)
def test_a_thread_shows_what_it_counts_and_whose_it_is(want: dict[str, Any], line: str):
    assert said({"thread": want}, record(thread=Thread(id="t", message_count=2, archived=True, owner="o"))) == line


def test_a_message_has_its_status_and_its_parent():
    seen = record(messages=[Message(role="assistant", status="incomplete", parent="m0")])
    want = [{"status": "completed", "parent": "m1"}]

    told = said({"messages": want}, seen)

    assert 'status is "incomplete", expected "completed"' in told
    assert 'parent is "m0", expected "m1"' in told


def test_rows_are_a_closed_world():
    assert "the store has 2 rows, expected 1" in said({"rows": [{"n": 1}]}, record(rows=[{"n": 1}, {"n": 2}]))


def test_a_cell_that_differs_is_told():
    assert said({"rows": [{"n": 0}]}, record(rows=[{"n": 2}])) == "  row 0: n is 2, expected 0"


def test_rows_of_a_store_that_cannot_be_seen_are_unseen():
    gone = Unseen(witness="store", reason="gone")

    assert found({"rows": [{"n": 0}]}, record(unseen=[gone])) == [gone]


def test_the_prompt_is_a_closed_world():
    call = UpstreamCall(at=0.0, messages=messages(("user", "What is my name?")))
    want = [{"role": "user", "text": "My name is ${canary}"}, {"role": "user", "text": "What is my name?"}]

    assert said({"prompt": want}, record(calls=[call])) == (
        'prompt (sent to the model) has 1 message, expected 2\n  missing     user      "My name is k1-red-11"'
    )


def test_a_model_that_was_not_called_is_a_difference():
    assert said({"prompt": [{"role": "user"}]}, record(calls=[])) == "the target did not call its model in this turn"


def test_a_prompt_that_cannot_be_seen_is_unseen():
    absent = Unseen(witness="upstream", reason="absent")

    assert found({"prompt": [{"role": "user"}]}, record(unseen=[absent])) == [absent]


def test_upstream_calls_are_counted():
    calls = [UpstreamCall(at=0.0), UpstreamCall(at=1.0)]

    assert said({"calls": 1}, record(calls=calls)) == "the model was called 2 times in this turn, expected 1"


def test_a_token_of_another_thread_is_found_in_the_prompt():
    call = UpstreamCall(at=0.0, messages=messages(("user", "I like k1-red-11")))

    assert '"k1-red-11" is in the prompt, where it must not be' in said({"nowhere": "${canary}"}, record(calls=[call]))


def test_a_step_of_which_nothing_is_said_must_succeed():
    assert said({}, record(exchanges=[exchange(status=500)]), CHAT) == "answered 500, expected 200"


@pytest.mark.parametrize(
    ("status", "length", "limit", "told"),
    [
        (422, 5000, None, True),
        (413, 5000, None, True),
        (500, 5000, None, False),
        (422, 90, None, False),
        (422, 5000, 4000, False),
    ],
)
def test_where_a_long_text_is_refused_the_limit_that_may_be_declared_is_named(
    status: int, length: int, limit: int | None, told: bool
):
    asked = {"method": "POST", "url": "http://t/"}
    seen = exchange(status=status, request={**asked, "body": text_of("x" * length)})
    limited = msgspec.structs.replace(PROFILE, limits=Bounds(text=limit))

    differences = list(examine(Expect(), Seen(record(exchanges=[seen]), limited, CHAT, NAMES.__getitem__)))

    assert ("declare `limits: {text: ...}`" in str(differences)) is told


def test_a_successful_stream_must_have_its_terminal_marker():
    seen = record(exchanges=[exchange(end={})])

    assert said({}, seen, CHAT) == "the stream ended without its terminal marker"


def test_an_abrupt_end_is_no_success():
    seen = record(exchanges=[exchange(ended="abrupt", trouble="peer closed connection")])

    assert "ended abrupt (peer closed connection)" in said({}, seen, CHAT)


def test_an_answer_that_looks_complete_is_told_where_a_failure_is_expected():
    assert "looks complete" in said({"stream": {"complete": False}}, record(exchanges=[exchange()]), CHAT)


@pytest.mark.parametrize(
    "failure",
    [{"ended": "abrupt"}, {"end": {"error": "x"}}, {"end": {}}, {"status": 502}],
    ids=["abrupt", "error event", "no marker", "error status"],
)
def test_each_way_to_show_a_failure_is_accepted(failure: dict[str, Any]):
    assert found({"stream": {"complete": False}}, record(exchanges=[exchange(**failure)]), CHAT) == []


def test_text_that_comes_only_after_the_deadline_is_buffered():
    call = UpstreamCall(at=0.0, gates=[GateMark(gate="last-token", held_at=0.1, by="deadline")])
    seen = record(exchanges=[exchange()], calls=[call])

    assert "buffered, not streamed" in said({"stream": {"first_before": {"gate": "last-token"}}}, seen)


def test_text_that_comes_before_the_gate_opens_is_streamed():
    call = UpstreamCall(at=0.0, gates=[GateMark(gate="last-token", held_at=0.1, by="text")])

    expect = {"stream": {"first_before": {"gate": "last-token"}}}
    assert found(expect, record(exchanges=[exchange()], calls=[call])) == []


def test_a_gate_that_was_never_reached_shows_nothing():
    (one,) = found({"stream": {"first_before": {"gate": "last-token"}}}, record(exchanges=[exchange()], calls=[]))

    assert isinstance(one, Unseen)


@pytest.mark.parametrize(
    ("want", "line"),
    [
        ({"arrivals": ">= 2"}, "stream came in 1 arrivals, expected >= 2"),
        ({"ends": "abrupt"}, "stream ended clean, expected abrupt"),
        ({"terminal": False}, "terminal marker is [DONE], expected none"),
        ({"usage": True}, "stream has no usage figures"),
        ({"finish": "length"}, "finish reason is null, expected length"),
        ({"content_type": "text/event-stream"}, "content type is 'text/plain', expected text/event-stream"),
    ],
)
def test_what_is_said_of_a_stream_must_hold(want: dict[str, Any], line: str):
    seen = record(exchanges=[exchange(arrival_count=1, headers={"content-type": "text/plain"})])

    assert said({"stream": want}, seen) == line


def test_framing_problems_are_told():
    seen = record(exchanges=[exchange(end={"problems": ["not JSON at byte 7"]})])

    assert said({"stream": {"well_formed": True}}, seen) == "stream is not well formed: not JSON at byte 7"
