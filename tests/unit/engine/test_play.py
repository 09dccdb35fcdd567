"""
The engine played by hand: effects out, observations in, no mock and no I/O.
"""

from typing import Any

import msgspec
import pytest

from conformance.engine.effects import Calls, Finish, Met, Pause, Query, Rows, Send, Start, Started, Together
from conformance.engine.play import Playing, examples, play
from conformance.model.profile import Bounds, Profile
from conformance.model.scenario import Scenario
from conformance.model.text import Text
from conformance.model.transcript import Exchange, SentRequest, StreamEnd, Transcript, Unseen
from conformance.text.digest import text_of

PROFILE = msgspec.convert(
    {
        "profile": "small",
        "title": "The smallest profile",
        "operations": {
            "chat": {
                "request": {
                    "method": "POST",
                    "path": "/chat",
                    "json": {"text": "${text}", "thread": "${thread}", "system": "${system}"},
                },
                "stream": {"framing": "raw-text", "terminal": False},
            },
            "list_messages": {
                "request": {"method": "GET", "path": "/threads/${thread}/messages", "query": {"after": "${after}"}},
                "items": "$.data[*]",
                "fields": {"id": "$.id", "role": "$.role", "text": "$.content"},
                "pages": "after",
            },
            "health": {"request": {"method": "GET", "path": "/health"}},
        },
        "store": {"threads": "SELECT id FROM threads", "messages": "SELECT id FROM messages"},
    },
    Profile,
)
BOTH = frozenset({"store", "upstream"})


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


def listed(*messages: tuple[str, str], more: bool = False) -> Exchange:
    data = [{"id": f"m{n}", "role": role, "content": text} for n, (role, text) in enumerate(messages)]
    return answer(value={"data": data, "has_more": more})


def at_once(playing: Playing) -> Transcript:
    """
    The transcript of a play that asks for nothing.
    """
    with pytest.raises(StopIteration) as end:
        next(playing)
    transcript: Transcript = end.value.value
    return transcript


def finished(playing: Playing, observation: Any) -> Transcript:
    """
    The transcript of a play that ends with this observation.
    """
    with pytest.raises(StopIteration) as end:
        playing.send(observation)
    transcript: Transcript = end.value.value
    return transcript


def test_a_turn_asks_for_its_request_then_for_its_prompt():
    playing = play(scenario({"chat": {"thread": "t", "say": "Hi"}}), PROFILE, witnesses=BOTH)

    sent = next(playing)
    asked = playing.send(answer("Hello"))

    assert isinstance(sent, Send)
    assert sent.turn is not None
    assert asked == Calls(sent.turn.key)


def test_placeholders_without_a_value_are_left_out_of_the_body():
    playing = play(scenario({"chat": {"thread": "t", "say": "Hi"}}, ids={"t": "abc"}), PROFILE)

    sent = next(playing)

    assert isinstance(sent, Send)
    assert sent.request.body == b'{"text":"Hi","thread":"abc"}'


def test_an_id_with_a_slash_stays_one_segment_of_the_path():
    playing = play(scenario({"list_messages": {"thread": "t"}}, ids={"t": "a/b?%2F"}), PROFILE)

    sent = next(playing)

    assert isinstance(sent, Send)
    assert sent.request.path == "/threads/a%2Fb%3F%252F/messages"


def test_an_id_of_dots_is_not_taken_for_a_folder():
    playing = play(scenario({"list_messages": {"thread": "t"}}, ids={"t": ".."}), PROFILE)

    sent = next(playing)

    assert isinstance(sent, Send)
    assert sent.request.path == "/threads/%2E%2E/messages"


def test_set_replaces_a_value_in_the_body():
    playing = play(scenario({"chat": {"thread": "t", "say": "Hi", "set": {"thread": None}}}), PROFILE)

    sent = next(playing)

    assert isinstance(sent, Send)
    assert sent.request.body == b'{"text":"Hi","thread":null}'


def test_a_lone_surrogate_is_sent_as_an_escape():
    playing = play(scenario({"chat": {"thread": "t", "say": "x${lone-surrogate}"}}, ids={"t": "abc"}), PROFILE)

    sent = next(playing)

    assert isinstance(sent, Send)
    assert sent.request.body == b'{"text":"x\\ud83d","thread":"abc"}'


def test_leaving_out_what_the_body_has_not_is_unsupported():
    playing = play(scenario({"chat": {"thread": "t", "say": "Hi", "without": "message"}}), PROFILE)

    assert "no value of its own for message" in at_once(playing).unsupported


def test_a_text_that_is_longer_than_the_profile_takes_is_sent_only_to_be_refused():
    short = msgspec.structs.replace(PROFILE, limits=Bounds(text=2))

    def said(**expect: Any) -> Scenario:
        return scenario({"chat": {"thread": "t", "say": "Hey"}, **expect})

    assert at_once(play(said(), short)).unsupported == "profile small takes texts of at most 2 characters"
    assert isinstance(next(play(said(expect={"error": "invalid"}), short)), Send)
    assert isinstance(next(play(said(), PROFILE)), Send)


def test_pages_are_followed_to_the_end():
    playing = play(scenario({"list_messages": {"thread": "t"}, "expect": {"count": 2}}, ids={"t": "x"}), PROFILE)
    next(playing)

    second = playing.send(listed(("user", "a"), more=True))
    transcript = finished(playing, listed(("assistant", "b")))

    assert isinstance(second, Send)
    assert second.request.path == "/threads/x/messages?after=m0"
    assert [message.role for message in transcript.records[0].messages or []] == ["user", "assistant"]


def test_a_list_is_polled_within_the_bound_that_the_profile_declares():
    patient = msgspec.structs.replace(PROFILE, settle="1s")
    playing = play(scenario({"list_messages": {"thread": "t"}, "expect": {"count": 1}}), patient)
    next(playing)

    paused = playing.send(listed())
    again = playing.send(0.0)
    playing.send(listed(("user", "a")))
    transcript = finished(playing, 0.5)

    assert isinstance(paused, Pause)
    assert isinstance(again, Send)
    assert transcript.records[0].attempts == 2
    assert transcript.records[0].lag > 0.4


def test_a_query_has_bound_parameters_only():
    text = "SELECT 1 FROM messages WHERE thread_id = ${t} AND text = ${canary}"
    playing = play(scenario({"query": text}, ids={"t": "x' OR 1"}), PROFILE, witnesses=BOTH)

    asked = next(playing)

    assert isinstance(asked, Query)
    assert asked.sql == "SELECT 1 FROM messages WHERE thread_id = :p0 AND text = :p1"
    assert asked.parameters["p0"] == "x' OR 1"


def test_a_store_that_cannot_be_seen_is_recorded_as_unseen():
    playing = play(scenario({"query": "SELECT 1"}), PROFILE, witnesses=BOTH)
    next(playing)

    transcript = finished(playing, Unseen(witness="store", reason="gone"))

    assert transcript.records[0].unseen == [Unseen(witness="store", reason="gone")]


def test_inner_steps_are_played_while_the_turn_is_held():
    step = {"chat": {"thread": "t", "say": "Hi", "model": {"hold": "last-token"}}, "during": [{"health": {}}]}
    playing = play(scenario(step), PROFILE, witnesses=BOTH)

    started = next(playing)
    inside = playing.send(Started("key", held=True))
    ending = playing.send(answer(value={}))

    assert isinstance(started, Start)
    assert isinstance(inside, Send)
    assert inside.operation == "health"
    assert isinstance(ending, Finish)


def test_together_sends_all_members_in_one_effect():
    members = [{"chat": {"thread": name, "say": f"I am {name}"}} for name in "ab"]
    playing = play(scenario({"together": members}), PROFILE)

    sent = next(playing)
    playing.send(Met((answer("A"), answer("B")), met=True))
    playing.send(Unseen(witness="upstream", reason="absent"))
    transcript = finished(playing, Unseen(witness="upstream", reason="absent"))

    assert isinstance(sent, Together)
    assert [record.index for record in transcript.records] == ["1.1", "1.2"]


def test_fill_uses_turns_where_messages_cannot_be_added():
    playing = play(scenario({"fill": {"thread": "t", "to": 4}}), PROFILE)

    first = next(playing)
    second = playing.send(answer("one"))
    transcript = finished(playing, answer("two"))

    assert isinstance(first, Send)
    assert isinstance(second, Send)
    assert second.turn is not None
    assert second.turn.say.startswith("m3 ")
    assert transcript.records[0].title == "fill t to 4 messages"


def test_an_odd_number_of_messages_cannot_be_filled_by_turns():
    playing = play(scenario({"fill": {"thread": "t", "to": 3}}), PROFILE)

    assert "odd number" in at_once(playing).unsupported


def test_after_a_failure_the_list_and_the_store_are_looked_at():
    playing = play(scenario({"chat": {"thread": "t", "say": "Hi"}, "expect": {"text": "no"}}), PROFILE, witnesses=BOTH)
    next(playing)
    playing.send(answer("yes"))

    lists = playing.send([])
    rows = playing.send(listed(("user", "Hi")))
    transcript = finished(playing, Rows(({"role": "user", "text": "Hi"},)))

    assert isinstance(lists, Send)
    assert isinstance(rows, Query)
    assert [record.index for record in transcript.records] == ["1", "after", "after"]


def test_a_capability_that_is_not_declared_makes_the_scenario_unsupported():
    playing = play(scenario({"health": {}}, needs=["tools"]), PROFILE)

    assert at_once(playing).unsupported == "profile small does not declare tools"


def test_a_script_without_the_upstream_witness_prevents_the_scenario():
    playing = play(scenario({"chat": {"thread": "t", "say": "Hi", "model": {"answer": "A"}}}), PROFILE)

    assert at_once(playing).prevented.startswith("needs the upstream witness")


def test_the_same_seed_gives_the_same_names():
    one = scenario({"chat": {"thread": "t", "say": "${canary}"}})

    first, second = next(play(one, PROFILE, seed=7)), next(play(one, PROFILE, seed=7))
    other = next(play(one, PROFILE, seed=8))

    assert first == second != other


def test_examples_are_the_cross_product():
    many = scenario({"health": {}}, examples={"a": [1, 2], "b": ["x"]})

    assert list(examples(many, PROFILE)) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]


def test_a_text_of_an_earlier_step_can_be_said_again():
    playing = play(
        scenario({"chat": {"thread": "t", "say": "Hi"}, "as": "one"}, {"chat": {"thread": "t", "say": "${one.text}"}}),
        PROFILE,
        witnesses=BOTH,
    )
    next(playing)
    playing.send(answer("echo"))

    second = playing.send([])

    assert isinstance(second, Send)
    assert second.turn is not None
    assert second.turn.say == "echo"


def test_the_kept_text_is_the_whole_answer():
    playing = play(scenario({"chat": {"thread": "t", "say": "Hi"}}), PROFILE, witnesses=BOTH)
    next(playing)
    playing.send(answer("Hello"))

    transcript = finished(playing, [])

    assert isinstance(transcript.records[0].exchanges[0].text, Text)
    assert transcript.records[0].exchanges[0].text.whole == "Hello"
