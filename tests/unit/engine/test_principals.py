"""
Who asks: the engine says whose credential goes along, and never sees one.
"""

from typing import Any

import msgspec
import pytest

from conformance.engine.effects import Send, Together
from conformance.engine.play import Playing, play
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, SentRequest, Transcript

GET = {"request": {"method": "GET", "path": "/threads/${thread}"}, "fields": {"id": "$.id"}}
MAKE = {"request": {"method": "POST", "path": "/threads"}, "id": "$.id"}
DELETE = {"request": {"method": "DELETE", "path": "/threads/${thread}"}}


def profile(**more: Any) -> Profile:
    value = {
        "profile": "small",
        "title": "Small",
        "principals": ["alice", "bob"],
        "auth": {},
        "operations": {"get_thread": GET},
        **more,
    }
    return msgspec.convert(value, Profile)


def scenario(*steps: dict[str, Any]) -> Scenario:
    return msgspec.convert({"id": "area/one", "title": "One", "steps": list(steps)}, Scenario)


def answer(value: Any = None, status: int = 200) -> Exchange:
    sent = SentRequest(method="GET", url="http://t/")
    return Exchange(
        operation="x", request=sent, started=0.0, ended_at=0.1, ended="clean", status=status, value=value or {"id": "1"}
    )


def at_once(playing: Playing) -> Transcript:
    with pytest.raises(StopIteration) as end:
        next(playing)
    transcript: Transcript = end.value.value
    return transcript


def sent(effect: object) -> Send:
    assert isinstance(effect, Send)
    return effect


READ = {"get_thread": {"thread": "t"}}


@pytest.mark.parametrize(
    ("step", "by"),
    [
        (READ, "alice"),
        ({**READ, "by": "bob"}, "bob"),
        ({**READ, "by": "nobody"}, "nobody"),
        ({**READ, "by": "stranger"}, "stranger"),
    ],
)
def test_a_step_is_asked_by_whom_it_says_and_else_by_the_first(step: dict[str, Any], by: str):
    assert sent(next(play(scenario(step), profile()))).request.by == by


def test_without_auth_nobody_is_named():
    assert sent(next(play(scenario(READ), profile(auth=None)))).request.by is None


def test_members_of_together_have_their_own():
    members = [READ, {**READ, "by": "bob"}]

    effect = next(play(scenario({"together": members}), profile()))

    assert isinstance(effect, Together)
    assert [one.request.by for one in effect.sends] == ["alice", "bob"]


@pytest.mark.parametrize(
    ("by", "more", "reason"),
    [
        ("carol", {}, "profile small has no principal carol"),
        ("bob", {"auth": None}, "profile small does not say how a request shows who asks"),
    ],
)
def test_who_cannot_be_shown_is_unsupported(by: str, more: dict[str, Any], reason: str):
    played = at_once(play(scenario({**READ, "by": by}), profile(**more)))

    assert reason in str(played.unsupported)


def test_a_principal_without_a_credential_is_inconclusive():
    played = at_once(play(scenario({**READ, "by": "bob"}), profile(), holders=frozenset({"alice"})))

    assert played.prevented == "needs the credential of bob: set THREADGAUGE_TOKEN_BOB, or give --credentials."


@pytest.mark.parametrize("by", ["bob", "nobody"])
def test_where_it_matters_who_asks_the_first_principal_needs_a_credential_too(by: str):
    played = at_once(play(scenario(READ, {**READ, "by": by}), profile(), holders=frozenset({"bob"})))

    assert played.prevented == "needs the credential of alice: set THREADGAUGE_TOKEN_ALICE, or give --credentials."


@pytest.mark.parametrize("steps", [[READ], [{**READ, "by": "bob"}], [{**READ, "by": "nobody"}]])
def test_where_nobody_else_asks_the_first_principal_needs_none(steps: list[dict[str, Any]]):
    asked = next(play(scenario(*steps), profile(), holders=frozenset({"bob"})))

    assert sent(asked).operation == "get_thread"


@pytest.mark.parametrize(("by", "maker"), [("bob", "bob"), ("nobody", "alice"), ("stranger", "alice")])
def test_a_thread_that_is_made_first_is_made_by_who_asks_and_never_by_nobody(by: str, maker: str):
    servers = profile(ids={"thread": "server"}, operations={"get_thread": GET, "create_thread": MAKE})

    made = sent(next(play(scenario({**READ, "by": by}), servers)))

    assert (made.operation, made.request.by) == ("create_thread", maker)


def test_a_thread_is_tidied_away_by_who_used_it_first():
    playing = play(
        scenario({**READ, "by": "bob"}, READ),
        profile(operations={"get_thread": GET, "delete_thread": DELETE}),
        tidy=True,
    )
    next(playing)
    playing.send(answer())

    deletion = sent(playing.send(answer()))

    assert (deletion.operation, deletion.request.by) == ("delete_thread", "bob")


def test_the_title_of_a_step_says_who_asked():
    playing = play(scenario({**READ, "by": "bob"}), profile())
    next(playing)

    with pytest.raises(StopIteration) as end:
        playing.send(answer())

    assert end.value.value.records[0].title == "bob: get_thread t"
