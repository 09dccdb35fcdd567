"""
Plays and transcripts in which a careless judge would be wrong: green unseen, red for what is not the target's fault, or
another verdict tomorrow than today.
"""

from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.driver import folder
from conformance.driver.reading import AnswerReader
from conformance.engine.effects import Calls, Pause, Query, Send
from conformance.engine.judge import judge
from conformance.engine.play import play
from conformance.model.outcome import Outcome
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import (
    Exchange,
    GateMark,
    Message,
    SentRequest,
    StepRecord,
    StreamEnd,
    Transcript,
    UpstreamCall,
)
from conformance.text.digest import text_of

Ids = Literal["client", "server"]
BOTH = frozenset({"store", "upstream"})


def profile(ids: Ids = "client") -> Profile:
    return msgspec.convert(
        {
            "profile": "small",
            "title": "Small",
            "ids": {"thread": ids},
            "operations": {
                "chat": {
                    "request": {"method": "POST", "path": "/chat", "json": {"text": "${text}", "thread": "${thread}"}},
                    "status": [200, 201],
                    "stream": {"framing": "raw-text", "terminal": False},
                },
                "create_thread": {"request": {"method": "POST", "path": "/threads"}, "id": "$.id", "status": [201]},
                "list_messages": {
                    "request": {"method": "GET", "path": "/threads/${thread}", "query": {"after": "${after}"}},
                    "items": "$.data[*]",
                    "fields": {"id": "$.id", "role": "$.role", "text": "$.content"},
                    "pages": "after",
                },
                "list_threads": {
                    "request": {"method": "GET", "path": "/threads", "query": {"after": "${after}"}},
                    "items": "$.data[*]",
                    "fields": {"id": "$.id"},
                    "pages": "after",
                },
                "health": {"request": {"method": "GET", "path": "/health"}},
            },
        },
        Profile,
    )


def scenario(*steps: dict[str, Any], **more: Any) -> Scenario:
    return msgspec.convert({"id": "area/one", "title": "One", "steps": list(steps), **more}, Scenario)


def answer(text: str | None = None, value: Any = None, status: int = 200, ended: Any = "clean") -> Exchange:
    return Exchange(
        operation="chat",
        request=SentRequest(method="POST", url="http://t/chat"),
        started=0.0,
        ended_at=0.1,
        ended=ended,
        status=status,
        text=None if text is None else text_of(text),
        value=value,
        end=None if text is None else StreamEnd(),
    )


def record(index: str, action: str = "chat", **fields: Any) -> StepRecord:
    return StepRecord(index=index, action=action, title=f"{action} t", **fields)


def transcript(asked: Scenario, *records: StepRecord, **more: Any) -> Transcript:
    fields = {"bindings": {"t": "t-1", "u": "t-2"}, **more}
    return Transcript(
        scenario=asked, profile="small", target="http://t", seed=1, started="", records=list(records), **fields
    )


def judged(asked: Scenario, *records: StepRecord, **more: Any) -> Outcome:
    return judge(transcript(asked, *records, **more), profile(), {})


def played(asked: Scenario, *observations: Any, ids: Ids = "client") -> Transcript:
    """
    The transcript of a play that is sent these exchanges in turn, and 404 after them.
    """
    playing, waiting = play(asked, profile(ids), witnesses=BOTH), iter(observations)
    effect = next(playing)
    try:
        while True:
            effect = playing.send(_observed(effect, waiting))
    except StopIteration as end:
        found: Transcript = end.value
        return found


def _observed(effect: Any, waiting: Any) -> Any:
    assert isinstance(effect, Send | Calls | Pause | Query)
    if isinstance(effect, Calls):
        return [UpstreamCall(at=0.0)]
    return next(waiting, answer(status=404)) if isinstance(effect, Send) else 0.0


SAY: dict[str, Any] = {"chat": {"thread": "t", "say": "Hi"}}
HOLD: dict[str, Any] = {"chat": {"thread": "t", "say": "Hi", "model": {"hold": "last-token"}}}
EXPECTS_503: dict[str, Any] = {"health": {}, "expect": {"status": 503}}
HELD = GateMark(gate="last-token", held_at=0.0, released_at=1.0, by="steps")


def call(gate: GateMark = HELD) -> UpstreamCall:
    return UpstreamCall(at=0.0, gates=[gate])


@pytest.mark.parametrize("value", [None, {}, {"data": None}, {"data": {"a": {}}}, {"error": "x"}, "text", [1]])
@pytest.mark.parametrize("expect", [{"count": 0}, {"messages": []}])
def test_an_answer_that_is_no_list_is_not_an_empty_list(value: Any, expect: dict[str, Any]):
    asked = scenario({"list_messages": {"thread": "t"}, "expect": expect})

    seen = played(asked, answer(value=value), answer(value=value))

    assert judge(seen, profile(), {}).kind == "failed"


def test_an_empty_list_is_one():
    asked = scenario({"list_messages": {"thread": "t"}, "expect": {"messages": []}})

    assert judge(played(asked, answer(value={"data": []})), profile(), {}).kind == "passed"


@pytest.mark.parametrize("item", [None, 7, "x", [], {"id": ["a"], "role": {"a": 1}, "content": {"b": [2**70]}}])
def test_hostile_items_are_differences_and_not_the_end(item: Any):
    asked = scenario({"list_messages": {"thread": "t"}, "expect": {"messages": [{"role": "user", "id": "m1"}]}})
    page = answer(value={"data": [item]})

    assert judge(played(asked, page, page), profile(), {}).kind == "failed"


def test_threads_are_listed_on_all_pages():
    asked = scenario({"list_threads": {}, "expect": {"threads": {"lacks": ["t"]}}}, ids={"t": "t-1"})
    first = answer(value={"data": [{"id": "a"}], "has_more": True})
    last = answer(value={"data": [{"id": "t-1"}]})

    assert judge(played(asked, first, last), profile(), {}).kind == "failed"


def test_a_cursor_that_stands_still_ends_the_list():
    asked = scenario({"list_messages": {"thread": "t"}, "expect": {"count": 9}})
    same = answer(value={"data": [{"id": "a"}], "has_more": True})

    assert len(played(asked, same, same, same).records[0].messages or []) == 2


@pytest.mark.parametrize("made", [answer(status=500), answer(value={}, status=201), answer(value=None, status=201)])
def test_a_thread_that_the_server_does_not_make_is_no_pass(made: Exchange):
    asked = scenario({"list_messages": {"thread": "t"}, "expect": {"status": 404}})

    outcome = judge(played(asked, made, ids="server"), profile("server"), {})

    assert (outcome.kind, outcome.differences[0].step) == ("failed", "1.0")


def test_a_step_that_was_not_played_is_no_pass():
    outcome = judged(scenario(SAY, SAY), record("1", exchanges=[answer("Hello")], calls=[call()]))

    assert (outcome.kind, outcome.reason) == ("inconclusive", "step 2 was not played")


@pytest.mark.parametrize("model", [{"cut_after": 1}, {"refuse": 500}, {"answer": "x"}])
def test_a_script_that_no_call_followed_shows_nothing(model: dict[str, Any]):
    step = {"chat": {"thread": "t", "say": "Hi", "model": model}, "expect": {"stream": {"complete": False}}}

    outcome = judged(scenario(step), record("1", exchanges=[answer("", ended="abrupt")], calls=[]))

    assert outcome.kind == "inconclusive"


def test_a_turn_that_is_refused_needs_no_call_unless_its_script_is_a_fault():
    step = {"chat": {"thread": "t", "say": "Hi", "model": {"answer": "x"}}, "expect": {"status": 409}}

    assert judged(scenario(step), record("1", exchanges=[answer(status=409)], calls=[])).kind == "passed"


def test_what_differs_inside_a_turn_that_a_late_harness_did_not_hold_is_not_the_targets_fault():
    inner = record("1.1", "health", exchanges=[answer()])
    outer = record("1", exchanges=[answer("Hello")], calls=[call()], met=False)

    kinds = [judged(scenario({**HOLD, "during": [EXPECTS_503]}), inner, outer, loop_lag=lag).kind for lag in (0.1, 2.0)]

    assert kinds == ["failed", "inconclusive"]


@pytest.mark.parametrize(("began", "kind"), [(9.0, "failed"), (10.5, "inconclusive")])
def test_what_differs_after_a_turn_was_let_go_is_not_the_targets_fault(began: float, kind: str):
    looked = msgspec.structs.replace(answer(), started=began, ended_at=began + 0.1)
    late = call(msgspec.structs.replace(HELD, by="deadline", released_at=10.0))
    outer = record("1", exchanges=[answer("Hello")], calls=[late], met=True)

    outcome = judged(scenario({**HOLD, "during": [EXPECTS_503]}), record("1.1", "health", exchanges=[looked]), outer)

    assert (outcome.kind, outcome.by_chance) == (kind, kind == "inconclusive")


def test_a_look_that_was_begun_before_and_repeated_until_after_it_counts():
    looked = msgspec.structs.replace(answer(), started=12.0, ended_at=12.1)
    inner = msgspec.structs.replace(record("1.1", "health", exchanges=[looked]), attempts=9, lag=5.0)
    late = call(msgspec.structs.replace(HELD, by="deadline", released_at=10.0))
    outer = record("1", exchanges=[answer("Hello")], calls=[late], met=True)

    assert judged(scenario({**HOLD, "during": [EXPECTS_503]}), inner, outer).kind == "failed"


def test_an_inner_step_that_fails_altogether_fails_at_any_moment():
    inner = record("1.1", "health", exchanges=[answer(status=500)])
    outer = record("1", exchanges=[answer("Hello")], calls=[call()], met=False)

    assert judged(scenario({**HOLD, "during": [{"health": {}}]}), inner, outer, loop_lag=2.0).kind == "failed"


def test_a_gate_that_opened_by_itself_did_not_hold():
    inner = record("1.1", "health", exchanges=[answer(status=503)])
    late = call(msgspec.structs.replace(HELD, by="deadline"))
    outer = record("1", exchanges=[answer("Hello")], calls=[late], met=True)

    assert judged(scenario({**HOLD, "during": [EXPECTS_503]}), inner, outer).kind == "inconclusive"


def test_a_turn_that_failed_is_why_it_was_not_held():
    inner = record("1.1", "health", exchanges=[answer()])
    outer = record("1", exchanges=[answer(status=500)], calls=[], met=False)

    outcome = judged(scenario({**HOLD, "during": [EXPECTS_503]}), inner, outer)

    assert (outcome.kind, [one.step for one in outcome.differences]) == ("failed", ["1.1", "1"])


def test_turns_that_all_failed_are_failed_though_they_did_not_meet():
    asked = scenario({"together": [SAY, SAY], "meet": "first-token"})
    failed = [record(index, exchanges=[answer(status=500)], calls=[], met=False) for index in ("1.1", "1.2")]

    assert judged(asked, *failed).kind == "failed"


def test_buffering_is_not_told_by_a_late_harness():
    step = {**HOLD, "expect": {"stream": {"first_before": {"gate": "last-token"}}}}
    late = record("1", exchanges=[answer("Hi")], calls=[call(msgspec.structs.replace(HELD, by="deadline"))])

    assert judged(scenario(step), late).kind == "failed"
    assert judged(scenario(step), late, loop_lag=2.0).kind == "inconclusive"


def test_a_broken_pair_can_be_expected_again():
    asked = scenario({**SAY, "as": "one"}, {**SAY, "expect": {"text": "${one.text}"}})
    turns = [record(index, exchanges=[answer("x\ud83d")], calls=[call()]) for index in "12"]

    assert judged(asked, *turns).kind == "passed"


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ([], "the answer is not listed by the API"),
        (["a"], "the answer is listed by the API"),
        (["a", "b"], "both answers are listed by the API"),
        (["a", "-b"], "1 of the 2 answers is listed by the API"),
        (["-a", "-b"], "none of the 2 answers is listed by the API"),
        (["a", "b", "c"], "all 3 answers are listed by the API"),
        (["a", "b", "-c"], "2 of the 3 answers are listed by the API"),
        (["~a longer answer"], "only the beginning of the answer is listed by the API"),
        (["~a longer one", "~and another"], "of both answers only the beginning is listed by the API"),
        (["a", "-b", "~a longer one"], "1 of the 3 answers is listed by the API, of 1 only the beginning"),
    ],
)
def test_where_the_answers_are_is_told_in_words(stored: list[str], told: str):
    said = [text.lstrip("-~") for text in stored] or ["a"]
    steps = [{**SAY, "expect": {"text": "other"}} for _ in said]
    turns = [
        record(f"{place}", exchanges=[answer(text, status=201)], calls=[call()])
        for place, text in enumerate(said, start=1)
    ]
    kept = [text[1:9] if text.startswith("~") else text for text in stored]
    listed = [Message(role="assistant", text=text_of(text)) for text in ("Hi", *kept)]

    outcome = judged(scenario(*steps), *turns, record("after", "list_messages", messages=listed))

    assert (outcome.also or "").endswith(told)


def test_answers_of_a_thread_that_was_not_looked_at_are_not_missed():
    other = {"chat": {"thread": "u", "say": "Hi"}}
    turns = [record(f"{place}", exchanges=[answer(text)], calls=[call()]) for place, text in ((1, "a"), (2, "b"))]
    after = record(
        "after", "list_messages", messages=[Message(role="user", text=text_of(text)) for text in ("Hi", "a")]
    )

    outcome = judged(scenario({**SAY, "expect": {"text": "x"}}, other), *turns, after)

    assert (outcome.also or "").endswith("the answer is listed by the API")


@pytest.mark.parametrize("body", [b'{"n": 1e400}', b"[" * 5000 + b"]" * 5000, b"[" * 150 + b"]" * 150, b"NaN", b"\xff"])
def test_a_value_that_no_transcript_can_hold_is_none(body: bytes):
    reader = AnswerReader("json", [].append)
    reader.feed(body, 0.0)

    assert reader.finish(0.0)["value"] is None


ODD = st.text(st.characters(exclude_categories=[]) | st.sampled_from('\0\ud83d\ude00\ufffd\u2028"\\\r\n<'), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=6,
)
MATCH = st.one_of(
    ODD.map(lambda text: {"contains": text}), ODD.map(lambda text: {"lacks": text}), ODD.map(lambda text: {"not": text})
)


@settings(max_examples=150, deadline=None)
@given(text=ODD, other=ODD, value=JSON, wanted=JSON, match=MATCH)
def test_the_verdict_of_tomorrow_is_that_of_today(
    text: str, other: str, value: Any, wanted: Any, match: dict[str, str]
):
    wanted, match = _literal(wanted), _literal(match)
    asked = scenario(
        {**SAY, "as": "one", "expect": {"text": match}},
        {**SAY, "expect": {"text": "${one.text}", "nowhere": "${one.text}", "body": {"$.a": wanted}}},
        {"query": "SELECT 1", "expect": {"rows": [{"text": "${one.text}"}]}},
        {"list_messages": {"thread": "t"}, "expect": {"messages": [{"text": match, "metadata": wanted}]}},
    )
    today = transcript(
        asked,
        record("1", exchanges=[answer(text)], calls=[call()]),
        record("2", exchanges=[answer(other, value={"a": value})], calls=[call()]),
        record("3", "query", rows=[{"text": other}]),
        record(
            "4",
            "list_messages",
            exchanges=[answer(value=value)],
            messages=[Message(role=other, text=text_of(text), id=text, metadata=value)],
        ),
    )

    tomorrow = _read_again(today)

    assert judge(tomorrow, profile(), {}) == judge(today, profile(), {})


def _literal(tree: Any) -> Any:
    """
    An expectation in which nothing is a placeholder.
    """
    if isinstance(tree, str):
        return tree.replace("${", "$${")
    if isinstance(tree, dict):
        return {key: _literal(value) for key, value in tree.items()}
    return [_literal(value) for value in tree] if isinstance(tree, list) else tree


def _read_again(seen: Transcript) -> Transcript:
    """
    Through the very functions that write and read a run's folder.
    """
    return folder._decode(folder.encode(seen).encode(), Transcript)


def test_only_what_another_time_may_tell_otherwise_is_by_chance():
    slow = {"health": {}, "expect": {"timing": {"took": "< 50ms"}}}
    quick = record("1", "health", exchanges=[msgspec.structs.replace(answer(), ended_at=0.01)])
    late = record("1", "health", exchanges=[msgspec.structs.replace(answer(), ended_at=9.0)])
    wrong = record("1", "health", exchanges=[answer(status=500)])

    assert [judged(scenario(slow), one).by_chance for one in (quick, late, wrong)] == [False, True, False]


def test_a_wrong_figure_of_the_whole_server_is_by_chance_unless_more_is_wrong():
    wrong = judged(
        scenario({"health": {}, "expect": {"status": 200}}), record("1", "health", exchanges=[answer(status=503)])
    )
    figure = msgspec.structs.replace(wrong.differences[0], check="metrics")

    both = [[figure], [figure, *wrong.differences]]
    assert [msgspec.structs.replace(wrong, differences=some).by_chance for some in both] == [True, False]


def test_a_wrong_answer_is_by_chance_where_our_own_loop_was_very_late():
    wrong = record("1", "health", exchanges=[answer(status=503)])
    fine = scenario({"health": {}, "expect": {"status": 200}})

    assert [judged(fine, wrong, loop_lag=late).by_chance for late in (0.0, 0.5, 1.5)] == [False, False, True]
    assert not judged(fine, record("1", "health", exchanges=[answer()]), loop_lag=1.5).by_chance


@pytest.mark.parametrize(("index", "kind"), [("1", "inconclusive"), ("1.1", "failed")])
def test_a_busy_machine_excuses_one_request_and_not_one_of_many_at_once(index: str, kind: str):
    slow = {"health": {}, "expect": {"timing": {"took": "< 50ms"}}}
    step = slow if index == "1" else {"together": [slow, {"health": {}}]}
    late = record(index, "health", exchanges=[msgspec.structs.replace(answer(), ended_at=9.0)])

    assert judged(scenario(step), late, waited=9.0).kind == kind
