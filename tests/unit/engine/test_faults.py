"""
Clients that go, requests that are sent again, and looks that come late, played by hand.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conformance.engine.effects import Calls, Count, DisturbLink, Leaving, Pause, Place, Rows, Send
from conformance.engine.judge import judge
from conformance.engine.play import Playing, play
from conformance.model.link import LinkSeen
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import Connections, Exchange, SentRequest, StreamEnd, Transcript
from conformance.text.digest import text_of

CHAT = {
    "request": {"method": "POST", "path": "/chat", "json": {"text": "${text}", "thread": "${thread}"}},
    "stream": {"framing": "raw-text", "terminal": False},
}
LIST = {
    "request": {"method": "GET", "path": "/threads/${thread}"},
    "items": "$[*]",
    "fields": {"role": "$.role", "text": "$.text"},
}


def profile(settle: str = "0ms") -> Profile:
    operations = {"chat": CHAT, "list_messages": LIST}
    return msgspec.convert({"profile": "p", "title": "P", "operations": operations, "settle": settle}, Profile)


def played(*steps: dict[str, Any], settle: str = "0ms", **more: Any) -> Playing:
    of = msgspec.convert({"id": "area/one", "title": "One", "steps": list(steps)}, Scenario)
    return play(of, profile(settle), witnesses=frozenset({"upstream", "store"}), **more)


def answer(text: str | None = None, value: Any = None, ended: str = "clean") -> Exchange:
    return Exchange(
        operation="chat" if text is not None else "list_messages",
        request=SentRequest(method="GET", url="http://t/"),
        started=0.0,
        ended_at=0.1,
        ended=ended,  # type: ignore[arg-type]
        status=200,
        value=value,
        text=None if text is None else text_of(text),
        end=None if text is None else StreamEnd(),
    )


def chat(**more: Any) -> dict[str, Any]:
    return {"chat": {"thread": "t", "say": "Hi", **more}}


@pytest.mark.parametrize(
    ("leave", "place"),
    [
        ("held", Place("held")),
        ("first-text", Place("text", 1)),
        ("text-3", Place("text", 3)),
        ("last-text", Place("length", 4)),
        ("end", Place("end", 4)),
    ],
)
def test_the_place_where_a_client_goes_is_known_from_the_script(leave: str, place: Place):
    sent = next(played(chat(leave=leave, cut="rst", model={"answer": ["ab", "cd"], "hold": "finish"})))

    assert isinstance(sent, Send)
    assert sent.leave == Leaving(place, "rst")


def test_a_request_is_sent_again_to_the_byte_and_as_a_turn_of_its_own():
    playing = played({**chat(leave="first-text"), "as": "first"}, {"resend": "first"})

    first = next(playing)
    playing.send(answer("a", ended="left"))
    again = playing.send([])

    assert isinstance(first, Send)
    assert isinstance(again, Send)
    assert again.request == first.request
    assert again.leave is None
    assert again.turn is not None
    assert first.turn is not None
    assert (again.turn.say, again.turn.key != first.turn.key) == (first.turn.say, True)


def test_what_must_not_be_there_is_looked_for_again_when_it_could_have_come():
    playing = played({"list_messages": {"thread": "t"}, "expect": {"nowhere": "late"}}, settle="300ms")
    next(playing)

    paused = playing.send(answer(value=[]))
    again = playing.send(0.3)
    transcript = rest(playing, answer(value=[{"role": "user", "text": "too late"}]))

    assert (paused, isinstance(again, Send)) == (Pause(0.3), True)
    assert judge(transcript, profile("300ms"), {}).kind == "failed"


def test_where_nothing_is_ever_late_there_is_one_look():
    playing = played({"list_messages": {"thread": "t"}, "expect": {"nowhere": "late"}})
    next(playing)

    assert finished(playing, answer(value=[])).records[0].attempts == 1


def test_a_turn_whose_prompt_is_expected_waits_for_what_may_be_late():
    playing = played(chat(), {**chat(), "expect": {"prompt": [{"role": "user"}]}}, settle="300ms")
    next(playing)
    asked = playing.send(answer("a"))

    assert isinstance(asked, Calls)
    assert playing.send([]) == Pause(0.3)


def test_the_link_is_disturbed_and_what_it_met_is_recorded():
    playing = played({"link": "cut"})
    effect = next(playing)

    transcript = finished(playing, LinkSeen(did="cut", struck=2))

    assert effect == DisturbLink("cut")
    assert judge(transcript, profile(), {}).kind == "passed"


def test_connections_that_stay_open_are_a_failure():
    expect = {"connections": {"since": "${before.connections}", "upstream": "<= 2"}}
    playing = played({"connections": {}, "as": "before"}, {"connections": {}, "expect": expect})
    counted = next(playing)
    playing.send(Connections(upstream=1))
    for observation in (Connections(upstream=9), 0.0, Connections(upstream=9)):
        effect = playing.send(observation)

    transcript = finished(playing, 6.0)

    assert counted == Count()
    assert isinstance(effect, Pause)
    assert judge(transcript, profile(), {}).differences[0].lines == [
        "9 connections to the upstream are open, 8 more than before; expected <= 2 more"
    ]


def test_what_nobody_counts_is_inconclusive():
    expect = {"connections": {"since": "${before.connections}", "store": "<= 2"}}
    playing = played({"connections": {}, "as": "before"}, {"connections": {}, "expect": expect})
    next(playing)
    playing.send(Connections())

    assert judge(finished(playing, Connections()), profile(), {}).kind == "inconclusive"


@pytest.mark.parametrize(("given", "why"), [({"linked": False}, "PostgreSQL"), ({"ours": False}, "--target-cmd")])
def test_a_target_whose_link_is_not_ours_is_not_tried(given: dict[str, bool], why: str):
    with pytest.raises(StopIteration) as end:
        next(played({"link": "cut"}, **given))

    assert why in end.value.value.unsupported


def rest(playing: Playing, observation: Any) -> Transcript:
    """
    The transcript of a play that looks around once more after its failure.
    """
    try:
        while True:
            effect = playing.send(observation)
            observation = answer(value=[]) if isinstance(effect, Send) else Rows(())
    except StopIteration as end:
        transcript: Transcript = end.value
        return transcript


def finished(playing: Playing, observation: Any) -> Transcript:
    with pytest.raises(StopIteration) as end:
        playing.send(observation)
    transcript: Transcript = end.value.value
    return transcript
