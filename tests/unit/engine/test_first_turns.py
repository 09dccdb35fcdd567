"""
Threads that the server names and their first turn makes, and ids that name nothing.
"""

from typing import Any

import msgspec
import pytest

from conformance.engine.effects import Send
from conformance.engine.judge import judge
from conformance.engine.play import Playing, play
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, SentRequest, Transcript
from conformance.text.digest import text_of

CHAT = {
    "request": {"method": "POST", "path": "/chat", "json": {"text": "${text}", "conversation": "${thread}"}},
    "text": "$.text",
    "thread": "header x-conversation-id",
}
LIST = {
    "request": {"method": "GET", "path": "/c/${thread}"},
    "items": "$[*]",
    "fields": {"role": "$.role", "text": "$.text"},
}
TURN = {"chat": {"thread": "t", "say": "Hi"}}


def profile(chat: dict[str, Any] | None = None, **more: Any) -> Profile:
    operations = {"chat": {**CHAT, **(chat or {})}, "list_messages": LIST}
    value = {"profile": "turns", "title": "Turns", "ids": {"thread": "server"}, "operations": operations, **more}
    return msgspec.convert(value, Profile)


def scenario(*steps: dict[str, Any], **more: Any) -> Scenario:
    return msgspec.convert({"id": "area/one", "title": "One", "steps": list(steps), **more}, Scenario)


def answer(value: Any = None, status: int = 200, **headers: str) -> Exchange:
    return Exchange(
        operation="chat",
        request=SentRequest(method="POST", url="http://t/"),
        started=0.0,
        ended_at=0.1,
        ended="clean",
        status=status,
        headers={name.replace("_", "-"): one for name, one in headers.items()},
        value=value if value is not None else {"text": "Hello"},
        text=text_of("Hello"),
    )


def sent(effect: object) -> Send:
    assert isinstance(effect, Send), effect
    return effect


def last(playing: Playing, *observations: Any) -> Transcript:
    """
    The transcript of a play that ends with the last of these observations, or at once.
    """
    *before, end = observations or (None,)
    for one in before:
        playing.send(one)
    with pytest.raises(StopIteration) as ended:
        playing.send(end)
    transcript: Transcript = ended.value.value
    return transcript


def test_a_first_turn_goes_without_a_thread_and_the_next_with_the_id_that_it_told():
    playing = play(scenario(TURN, TURN), profile())

    first = sent(next(playing))
    playing.send(answer(X_Conversation_Id="c1"))
    second = sent(playing.send([]))

    assert first.request.body == b'{"text":"Hi"}'
    assert second.request.body == b'{"text":"Hi","conversation":"c1"}'


def test_the_id_may_be_in_the_body():
    playing = play(scenario(TURN, TURN), profile({"thread": "$.id"}))
    next(playing)
    playing.send(answer({"text": "Hello", "id": 7}))

    assert sent(playing.send([])).request.body == b'{"text":"Hi","conversation":"7"}'


def test_a_first_turn_that_failed_may_tell_the_id_in_its_header():
    turn = {**TURN, "expect": {"error": "upstream"}}
    playing = play(scenario(turn, {"list_messages": {"thread": "t"}}), profile())
    next(playing)
    playing.send(answer(status=502, x_conversation_id="c2"))

    assert sent(playing.send([])).request.path == "/c/c2"


def test_a_step_that_needs_a_thread_before_any_turn_is_unsupported():
    played = last(play(scenario({"list_messages": {"thread": "t"}}), profile()))

    assert played.unsupported == "in profile turns a thread begins with a turn"


def test_two_turns_cannot_begin_one_thread_at_the_same_moment():
    played = last(play(scenario({"together": [TURN, TURN]}), profile()))

    assert "two turns cannot begin one at the same moment" in str(played.unsupported)


def test_two_turns_can_begin_two_threads_at_the_same_moment():
    effect = next(play(scenario({"together": [TURN, {"chat": {"thread": "u", "say": "Ho"}}]}), profile()))

    assert len(effect.sends) == 2  # type: ignore[union-attr]


def test_an_answered_first_turn_without_an_id_fails_and_what_follows_is_not_played():
    playing = play(scenario(TURN, {"list_messages": {"thread": "t"}}), profile())
    next(playing)

    outcome = judge(last(playing, answer(), []), profile(), {})

    assert (outcome.kind, outcome.differences[0].lines) == (
        "failed",
        ["no id of the new thread t can be read from the answer"],
    )


def test_a_thread_is_filled_by_turns_of_which_the_first_makes_it():
    playing = play(scenario({"fill": {"thread": "t", "to": 4}}), profile())
    next(playing)

    second = sent(playing.send(answer(x_conversation_id="c3")))

    assert b'"conversation":"c3"' in (second.request.body or b"")


def test_a_threads_id_of_ones_own_is_unsupported_where_the_server_names_them():
    assert last(play(scenario(TURN, ids={"t": "mine"}), profile())).unsupported == (
        "in profile turns the server names threads"
    )


@pytest.mark.parametrize(
    ("ids", "unknown"), [({"thread": "server", "unknown": "conv_0"}, "/c/conv_0"), ({"thread": "server"}, "/c/tg")]
)
def test_an_unknown_thread_has_the_profiles_id_or_one_of_ours(ids: dict[str, Any], unknown: str):
    reading = scenario({"list_messages": {"thread": "ghost"}}, ids={"ghost": "${unknown-thread}"})

    assert sent(next(play(reading, profile(ids=ids)))).request.path.startswith(unknown)


def test_malformed_ids_are_the_profiles():
    reading = scenario({"list_messages": {"thread": "ghost"}}, ids={"ghost": "${malformed-thread.2}"})

    effect = sent(next(play(reading, profile(ids={"thread": "server", "malformed": ["a", "b c"]}))))

    assert effect.request.path == "/c/b%20c"


def test_more_malformed_ids_than_the_profile_names_are_unsupported():
    reading = scenario({"list_messages": {"thread": "ghost"}}, ids={"ghost": "${malformed-thread.2}"})

    played = last(play(reading, profile(ids={"thread": "server", "malformed": ["a"]})))

    assert played.unsupported == "profile turns names 1 malformed thread ids, not 2"
