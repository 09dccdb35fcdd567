"""
A draft is played by hand: what it asks for, and what it makes of the answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
import yaml
from shop import GIVEN, ROUTES, TURN, Answer, Shop, api, drafted

from conformance.drafting.draft import Question
from conformance.drafting.matching import making_of, place_of_threads, turns
from conformance.drafting.writing import written
from conformance.engine.effects import Pause, Request
from conformance.loading.yaml_document import parse_document
from conformance.model.profile import Auth, Profile
from conformance.reporting.visible import inline


def test_a_draft_is_a_profile():
    described = api(*ROUTES, body=TURN)
    draft, _ = drafted(described, Shop())

    profile = msgspec.convert(yaml.safe_load(written(draft, described, "http://shop", inline)), Profile)

    assert set(profile.operations) == {"chat", "list_messages", "delete_thread"}
    assert profile.operations["chat"].text == "$.reply.text"
    assert profile.operations["list_messages"].items == "$.entries[*]"
    assert profile.operations["delete_thread"].status == [204]
    assert profile.policies == {"unknown_thread": "create", "blank_text": "refused", "second_delete": "missing"}


def test_what_a_server_says_is_shown_in_comments_so_that_the_profile_can_be_loaded():
    described = api(*ROUTES, "GET /odd\nroles: {a: b}\x1b[31m", body=TURN)
    draft, _ = drafted(described, lambda _: (500, "boom \x1b[31m\x07\x00 \u2028x\ny: 1"))
    profile = written(draft, described, "http://shop", inline)

    assert set(parse_document(profile, "p.yaml").value) == {
        "profile", "title", "ids", "operations", "capabilities", "policies"
    }  # fmt: skip
    assert r"boom \x1b[31m\x07\x00 x y: 1" in profile


def test_a_secret_is_taken_out_before_an_answer_is_shortened():
    secret = "half-of-me-is-known-by-nobody"
    given = replace(GIVEN, clean=lambda text: text.replace(secret, "[redacted]"))
    draft, _ = drafted(api(*ROUTES, body=TURN), lambda _: (500, "x" * 150 + secret), given)

    assert "xx[redacted]" in draft.problems[0]


def test_an_answer_that_comes_later_makes_reads_settle():
    draft, asked = drafted(api(*ROUTES, body=TURN), Shop(late=3))

    assert sum(isinstance(one, Pause) for one in asked) >= 1
    assert draft.settle is not None
    assert draft.policies["readable_after"] == "settle"


class Talks:
    """
    A server whose turn begins a talk and tells which in its stream; it takes no names of ours. With `one`, every turn
    without a talk goes on with the one that was there before.
    """

    def __init__(self, one: bool = True) -> None:
        self.one, self.deleted = one, list[str]()
        self.talks: dict[str, list[dict[str, str]]] = {}

    def __call__(self, request: Request) -> Answer:
        body = json.loads(request.body or b"{}")
        if request.method == "DELETE":
            gone = request.path.split("/")[2]
            self.deleted += [gone] if gone in self.talks else []
            return (204, None) if self.talks.pop(gone, None) else (404, {"detail": "unknown"})
        if request.method == "GET":
            name = request.path.split("/")[2]
            return (200, {"entries": self.talks[name]}) if name in self.talks else (404, {"detail": "unknown"})
        fresh = "t1" if self.one else f"t{len(self.talks) + 1}"
        talk = body.get("talk_id", fresh)
        if talk not in {*self.talks, fresh} or not body.get("message", "").strip():
            return 404, {"detail": "unknown"}
        told = self.talks.setdefault(talk, [])
        told += [{"role": "user", "text": body["message"]}, {"role": "assistant", "text": f"Re: {body['message']}"}]
        pieces = [{"type": "token", "text": piece} for piece in ("Re: ", body["message"])]
        events = [{"type": "begun", "talk_id": talk}, *pieces, {"type": "end"}]
        return 200, "".join(f"data: {json.dumps(event)}\n\n" for event in events)


def test_a_stream_of_the_servers_own_tells_the_text_and_the_thread_that_was_begun():
    body = {"type": "object", "properties": {"message": {"type": "string"}, "talk_id": {"type": "string"}}}
    described = api("POST /talk", "GET /talks/{talk_id}", body=body)

    draft, _ = drafted(described, Talks())

    chat = draft.operations["chat"]
    assert chat["thread"] == "stream"
    assert chat["stream"]["events"] == [
        {"where": {"$.type": "begun"}, "thread": "$.talk_id"},
        {"where": {"$.type": "token"}, "text": "$.text"},
        {"where": {"$.type": "end"}, "end": True},
    ]
    assert "list_messages" in draft.operations


@pytest.mark.parametrize(("one", "deleted"), [(True, []), (False, ["t1", "t2"])])
def test_a_thread_is_deleted_only_where_a_turn_has_begun_it(one: bool, deleted: list[str]):
    body = {"type": "object", "properties": {"message": {"type": "string"}, "talk_id": {"type": "string"}}}
    server = Talks(one)
    draft, _ = drafted(api("POST /talk", "GET /talks/{talk_id}", "DELETE /talks/{talk_id}", body=body), server)

    assert server.deleted == deleted
    assert ("delete_thread" in draft.operations) == bool(deleted)


def test_a_stream_in_which_no_text_can_be_made_out_is_no_turn():
    body = {**TURN, "properties": {"message": {"type": "string"}, "thread_id": {"type": "string"}}}

    draft, _ = drafted(api(*ROUTES, body=body), lambda _: (200, 'data: {"id": "a"}\n\ndata: {"id": "b"}\n\n'))

    assert "chat" not in draft.operations
    assert any("no text can be made out in it" in one for notes in draft.notes.values() for one in notes)


NAMED = {**TURN, "properties": {**TURN["properties"], "title": {"type": "string"}}}


def test_a_change_is_declared_where_it_was_seen():
    draft, _ = drafted(api(*ROUTES, "PATCH /threads/{thread_id}", body=NAMED), Shop())

    assert draft.operations["update_thread"]["fields"] == {"id": "$.id", "title": "$.title"}


def test_a_change_that_the_answer_does_not_show_is_not_declared():
    draft, _ = drafted(api(*ROUTES, "PATCH /threads/{thread_id}", body=NAMED), Shop(title="Untitled"))

    assert "update_thread" not in draft.operations


def test_a_turn_that_is_never_answered_is_not_declared():
    draft, _ = drafted(api(*ROUTES, body=TURN), Shop(status=400))

    assert "chat" not in draft.operations
    assert "no turn was answered" in draft.problems[0]


def test_a_value_that_nobody_knows_is_asked_for():
    body = {**TURN, "properties": {**TURN["properties"], "shop": {"type": "string"}}, "required": ["shop"]}

    draft, asked = drafted(api(*ROUTES, body=body), Shop())

    assert [one.name for one in asked if isinstance(one, Question)] == ["shop", "history"]
    assert draft.operations["chat"]["request"]["json"]["shop"] == "books"


@pytest.mark.parametrize(("chosen", "wanted"), [("window", "window"), (None, None)])
def test_history_is_asked_for_and_need_not_be_known(chosen: str | None, wanted: str | None):
    draft, _ = drafted(api(*ROUTES, body=TURN), Shop(), chosen=chosen)

    assert draft.policies.get("history") == wanted


def test_a_policy_that_is_given_is_not_asked_for_and_is_believed_before_what_was_seen():
    given = replace(GIVEN, policies={"history": "whole", "unknown_thread": "refuse"})

    draft, asked = drafted(api(*ROUTES, body=TURN), Shop(), given)

    assert not any(isinstance(one, Question) for one in asked)
    assert {"history": "whole", "unknown_thread": "refuse"}.items() <= draft.policies.items()
    assert draft.notes["policies"] == ["given: unknown_thread is refuse, though create was seen"]


def refusing(server: Shop, *refused: str | None) -> Callable[[Request], Answer]:
    wrong = refused or (None, "nobody", "stranger")
    return lambda request: (401, {"detail": "who?"}) if request.by in wrong else server(request)


def test_a_server_that_wants_credentials_says_so_and_nothing_is_guessed():
    draft, _ = drafted(api(*ROUTES, body=TURN), refusing(Shop()))

    assert draft.operations == {}
    assert "THREADGAUGE_TOKEN_ALICE" in draft.problems[0]


def test_credentials_that_are_needed_are_declared():
    given = replace(GIVEN, auth=Auth(), principals=("alice",))

    draft, _ = drafted(api(*ROUTES, body=TURN), refusing(Shop()), given)

    assert draft.auth == Auth(required=True)
    assert list(draft.capabilities) == ["bearer"]


def test_a_server_that_takes_any_token_is_not_said_to_know_its_bearers():
    given = replace(GIVEN, auth=Auth(), principals=("alice",))

    draft, _ = drafted(api(*ROUTES, body=TURN), refusing(Shop(), "nobody"), given)

    assert draft.auth == Auth(required=True)
    assert draft.capabilities == {}


def test_credentials_that_nobody_asks_for_are_not_declared():
    given = replace(GIVEN, auth=Auth(), principals=("alice",))

    assert drafted(api(*ROUTES, body=TURN), Shop(), given)[0].auth is None


def test_threads_are_where_messages_are_below_them():
    place = place_of_threads(
        api("GET /agents/{id}/runs", "POST /agents", "GET /rooms/{room}/log", "GET /rooms/{room}/log/{entry}")
    )

    assert place is not None
    assert (place.all, place.parameter) == ("/rooms", "room")


def test_a_thread_may_be_called_as_it_likes_where_messages_are_read_and_something_is_said_below():
    text = {"type": "object", "properties": {"utterance": {"type": "string"}}}

    place = place_of_threads(
        api("POST /desk/cases", "GET /desk/cases/{case_no}/entries", "POST /desk/cases/{case_no}/ask", body=text)
    )

    assert place is not None
    assert (place.all, place.parameter) == ("/desk/cases", "case_no")


def test_a_slash_at_the_end_is_no_other_place():
    described = api("POST /threads/", "GET /threads/{thread_id}/log")

    found = making_of(described, place_of_threads(described))

    assert str(found) == "POST /threads/"


def test_a_thread_may_be_made_below_a_word_for_it():
    described = api("POST /threads/new", "GET /threads/{thread_id}/log")

    assert str(making_of(described, place_of_threads(described))) == "POST /threads/new"


def test_no_thread_is_seen_where_none_is():
    assert place_of_threads(api("GET /books/{isbn}/reviews", "POST /orders")) is None


def test_what_streams_in_a_thread_is_the_likeliest_turn():
    streaming = {**TURN, "properties": {**TURN["properties"], "stream": {"type": "boolean"}}}

    found = turns(api("POST /search", "POST /ask", "POST /orders/{order}/note", body=streaming), None)

    assert found[0].path == "/ask"
    assert "/orders/{order}/note" not in [one.path for one in found]


LIMITED = {**TURN, "properties": {**TURN["properties"], "message": {"type": "string", "maxLength": 50}}}


class Terse(Shop):
    """
    It refuses what is longer than so many characters.
    """

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.longest = longest

    def __call__(self, request: Request) -> Answer:
        long = request.method == "POST" and len(json.loads(request.body or b"{}")["message"]) > self.longest
        return (413, {"detail": "too long"}) if long else super().__call__(request)


@pytest.mark.parametrize(
    ("longest", "limits", "invalid"), [(50, {"text": 50}, [400, 422, 413]), (99, {}, None)], ids=["kept", "not kept"]
)
def test_the_longest_text_is_drafted_from_the_document_where_a_longer_one_is_refused(
    longest: int, limits: dict[str, int], invalid: list[int] | None
):
    described = api(*ROUTES, body=LIMITED)
    draft, _ = drafted(described, Terse(longest))
    profile = msgspec.convert(yaml.safe_load(written(draft, described, "http://shop", inline)), Profile)

    assert draft.limits == limits
    assert draft.errors.get("invalid") == invalid
    assert profile.limits.text == limits.get("text")
