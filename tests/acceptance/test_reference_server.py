"""
The reference server as its users meet it: a process and an address. No part of it is imported here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from reference_process import Process, quoted, serving, turn

ODD_IDS = ["a/b", "a%2Fb", "..", "a?b=c#d", "😀", "Case", "case", "a b+c", "%", "ключ", "a;b", "//"]
UNSTORABLE = [r"a\u0000b", r"\ud83d", r"x\udc00", r"", r" \n\t"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('db')}/healthy.db") as process:
        yield process


@pytest.fixture
def client(server: Process) -> Iterator[openai.OpenAI]:
    # Without max_retries=0 the client would hide a failure by asking again.
    base = f"{server.url}/completions/v1/threads/my-thread-{uuid.uuid4().hex}"
    with openai.OpenAI(base_url=base, api_key="not-used", max_retries=0) as one:
        yield one


# -- the way to a thread


@pytest.mark.parametrize("thread", ODD_IDS)
def test_a_thread_is_found_by_the_id_it_was_given(server: Process, thread: str):
    assert server.chat(thread, "Hello!").status_code == 200
    assert server.ask("GET", f"/anita/threads/{quoted(thread)}").json()["id"] == thread
    assert len(server.messages(thread)) == 2


@pytest.mark.parametrize("thread", ODD_IDS)
def test_the_id_in_the_address_of_a_turn_is_decoded_once(server: Process, thread: str):
    name = f"{thread}-{uuid.uuid4().hex}"
    address = f"/completions/v1/threads/{quoted(name)}"

    said = server.ask("POST", f"{address}/messages", json={"role": "user", "content": "x"}).json()

    assert said["thread_id"] == name


# -- what the seeds ask for


def test_a_name_is_remembered(server: Process):
    server.chat("test-thread-456", "My name is Alice", "msg-101", "resp-101")

    assert "Alice" in server.chat("test-thread-456", "What is my name?", "msg-102", "resp-102").text
    assert [one["id"] for one in server.messages("test-thread-456")] == ["msg-101", "resp-101", "msg-102", "resp-102"]


def test_threads_are_apart(server: Process):
    for letter, liked in (("a", "pizza"), ("b", "pasta")):
        server.chat(f"thread-{letter}", f"I like {liked}", f"{letter}1", f"resp-{letter}1")

    assert server.chat("thread-a", "What do I like?", "a2", "resp-a2").text == "You like pizza."


@pytest.mark.parametrize("thread", [{}, {"threadId": None}, {"threadId": 1}, {"threadId": ""}])
def test_a_turn_without_a_thread_is_refused(server: Process, thread: dict[str, Any]):
    body = {"prompt": {"role": "user", "content": "Test", "id": "e1"}, "responseId": "resp-e1", **thread}

    refused = server.ask("POST", "/anita/chat", json=body)

    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "threadId"])


def test_threads_are_made_changed_listed_and_deleted(server: Process):
    made = server.ask("POST", "/anita/threads", json={"metadata": {"a": 1}})
    address = f"/anita/threads/{made.json()['id']}"
    assert (made.status_code, made.json()["title"]) == (201, "New Conversation")

    changed = server.ask("PATCH", address, json={"title": "Mine"}).json()
    assert (changed["title"], changed["metadata"]) == ("Mine", {"a": 1})
    server.chat(made.json()["id"], "not a title")
    assert server.ask("GET", address).json()["title"] == "Mine"
    assert server.ask("GET", "/anita/threads").json()[0]["id"] == made.json()["id"]
    assert server.ask("POST", "/anita/threads", json={"id": made.json()["id"]}).status_code == 409

    assert server.ask("DELETE", address).status_code == 204
    gone = [server.ask(how, address).status_code for how in ("GET", "DELETE")]
    assert [*gone, server.ask("GET", f"{address}/messages").status_code] == [404, 404, 404]


# -- the official client


def test_the_official_client_streams(client: openai.OpenAI):
    asked: Any = [{"role": "user", "content": "Hello!"}]
    chunks = list(client.chat.completions.create(model="gpt-4", messages=asked, stream=True))

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).endswith("Hello!")
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1


def test_the_official_client_gets_an_answer_in_one_piece(client: openai.OpenAI):
    for said in ("My name is Alice", "What is my name?"):
        answer = client.chat.completions.create(model="gpt-4", messages=[{"role": "user", "content": said}])

    assert answer.choices[0].message.content == "Your name is Alice."


def test_the_official_client_lists_models(client: openai.OpenAI):
    assert "gpt-4" in [one.id for one in client.models.list()]


def test_the_official_client_understands_refusals(client: openai.OpenAI):
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="gpt-4", messages=[{"role": "user", "content": " "}])
    with pytest.raises(openai.NotFoundError) as missing:
        client.get("/messages", cast_to=object)

    assert (refused.value.type, refused.value.param, refused.value.code) == (
        *("invalid_request_error", "messages.content"),
        None,
    )
    assert "must not be blank" in refused.value.message
    assert (missing.value.type, missing.value.param, missing.value.code) == ("invalid_request_error", None, None)
    assert set(missing.value.body or {}) == {"message", "type", "param", "code"}  # type: ignore[call-overload]


# -- once more


def test_the_same_turn_again_is_answered_from_the_store(server: Process):
    first, again = (server.chat("retry", "Hello!", "p", "r") for _ in range(2))
    under_another_id = server.chat("retry", "Hello!", "p", "r2")

    assert first.text == again.text == under_another_id.text
    assert [one["id"] for one in server.messages("retry")] == ["p", "r"]


def test_an_id_stands_for_one_text(server: Process):
    server.chat("ids", "Hello!", "p", "r")

    assert server.chat("ids", "Something else", "p", "r2").status_code == 409
    assert server.chat("ids", "Hello again", "p2", "r").status_code == 409
    assert server.chat("ids", "Hello again", "p2", "p2").status_code == 409
    assert server.chat("other-ids", "Something else", "p", "r").status_code == 200
    assert len(server.messages("ids")) == 2


# -- what no store keeps


@pytest.mark.parametrize("text", UNSTORABLE)
def test_a_text_that_cannot_be_kept_is_refused_before_anything_is(server: Process, text: str):
    thread = uuid.uuid4().hex
    body = json.dumps(turn(thread, "TEXT")).replace("TEXT", text)
    json_type = {"content-type": "application/json"}

    assert server.ask("POST", "/anita/chat", content=body, headers=json_type).status_code == 422
    assert server.ask("GET", f"/anita/threads/{thread}").status_code == 404


@pytest.mark.parametrize("value", ["NaN", "Infinity", r'"\ud800"', r'[{"\ud800": 1}]', r'"\u0000"'])
def test_a_value_that_cannot_be_shown_again_is_refused(server: Process, value: str):
    json_type = {"content-type": "application/json"}
    metadata = f'"metadata": {{"a": {value}}}'
    posts = {"/anita/threads": f"{{{metadata}}}", "/completions/v1/threads": f"{{{metadata}}}"}
    posts["/completions/v1/threads/shown/messages"] = f'{{"role": "user", "content": "x", {metadata}}}'

    seen = [server.ask("POST", path, content=body, headers=json_type).status_code for path, body in posts.items()]

    assert seen == [422, 400, 400]
    assert server.ask("GET", "/anita/threads").status_code == 200


@pytest.mark.parametrize("part", ["name", "tool_call_id"])
def test_every_text_of_a_message_must_be_storable(server: Process, part: str):
    body = {"role": "tool", "content": "x", "tool_call_id": "c", part: "a\0"}

    assert server.ask("POST", "/completions/v1/threads/parts/messages", json=body).status_code == 400
