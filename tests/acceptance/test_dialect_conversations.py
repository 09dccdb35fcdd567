"""
The dialect conversations as OpenAI's own client meets it, and two processes of it over one PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import openai
import psycopg
import pytest
from reference_process import Model, Process, modelling, serving


def client_of(process: Process, token: str = "somebody") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{process.url}/conversations/v1", api_key=token, max_retries=0, timeout=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('db')}/conversations.db") as process:
        yield process


@pytest.fixture
def client(server: Process) -> openai.OpenAI:
    return client_of(server)


def said(client: openai.OpenAI, conversation: str) -> list[str]:
    """
    The texts of a conversation, oldest first, over all its pages.
    """
    items = client.conversations.items.list(conversation, order="asc", limit=2)
    return [part.text for item in items if item.type == "message" for part in item.content if hasattr(part, "text")]


def placeholder(number: int, text: str) -> str:
    return f"This is a placeholder's answer to message {number}: {text}"


# -- the client


def test_a_conversation_as_the_client_knows_it(client: openai.OpenAI):
    made = client.conversations.create(
        metadata={"topic": "names"}, items=[{"type": "message", "role": "user", "content": "My name is Bo."}]
    )
    assert made.id.startswith("conv_")
    assert client.conversations.retrieve(made.id) == made
    changed = client.conversations.update(made.id, metadata={"topic": "other"})
    assert (changed.metadata, changed.created_at) == ({"topic": "other"}, made.created_at)

    answer = client.responses.create(model="gpt-4o", conversation=made.id, input="What is my name?")
    assert answer.output_text == "Your name is Bo."
    assert answer.conversation is not None
    assert answer.conversation.id == made.id

    assert said(client, made.id) == ["My name is Bo.", "What is my name?", "Your name is Bo."]
    deleted = client.conversations.delete(made.id)
    assert (deleted.id, deleted.object, deleted.deleted) == (made.id, "conversation.deleted", True)
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(made.id)


def test_items_one_by_one(client: openai.OpenAI):
    conversation = client.conversations.create().id
    added = client.conversations.items.create(
        conversation, items=[{"role": "user", "content": text} for text in ("one", "two", "three")]
    )
    assert [item.id for item in client.conversations.items.list(conversation)] == [one.id for one in added.data[::-1]]

    second = added.data[1]
    assert second.id is not None
    assert client.conversations.items.retrieve(second.id, conversation_id=conversation) == second
    left = client.conversations.items.delete(second.id, conversation_id=conversation)
    assert (left.id, left.object) == (conversation, "conversation")
    assert said(client, conversation) == ["one", "three"]
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.retrieve(second.id, conversation_id=conversation)


def test_the_events_put_together_are_the_stored_response(client: openai.OpenAI):
    with client.responses.stream(model="gpt-4o", input="Hello, you!") as stream:
        events = list(stream)
        final = stream.get_final_response()

    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert [event.type for event in events if event.type != "response.output_text.delta"] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert len(deltas) > 1
    assert "".join(deltas) == final.output_text == client.responses.retrieve(final.id).output_text


def test_a_chain_of_responses(client: openai.OpenAI):
    first = client.responses.create(model="gpt-4o", input="I like tea.")
    second = client.responses.create(model="gpt-4o", input="I like rain.", previous_response_id=first.id)
    third = client.responses.create(model="gpt-4o", input="What do I like?", previous_response_id=second.id)

    assert third.output_text == "You like tea and rain."
    asked = list(client.responses.input_items.list(second.id))
    assert [part.text for item in asked for part in item.content] == ["I like rain."]  # type: ignore[union-attr]

    client.responses.delete(second.id)
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="gpt-4o", input="And now?", previous_response_id=third.id)
    assert refused.value.code == "previous_response_not_found"


def test_a_response_that_is_not_kept(client: openai.OpenAI):
    answer = client.responses.create(model="gpt-4o", input="Forget me.", store=False)

    assert answer.output_text == placeholder(1, "Forget me.")
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(answer.id)


def test_in_a_conversation_items_are_kept_though_the_response_is_not(client: openai.OpenAI):
    conversation = client.conversations.create().id
    client.responses.create(model="gpt-4o", input="Hello.", conversation=conversation, store=False)

    assert said(client, conversation) == ["Hello.", placeholder(1, "Hello.")]


@pytest.mark.parametrize(
    ("wrong", "param", "code"),
    [
        ({"input": []}, "input", None),
        ({"input": " "}, "input", None),
        ({"input": [{"role": "nobody", "content": "x"}]}, "input[0].role", None),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].type", None),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0].type", None),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, "input", None),
        ({"background": True}, "background", None),
        ({"metadata": {"n": 1}}, "metadata", None),
        ({"max_output_tokens": 0}, "max_output_tokens", None),
        ({"previous_response_id": "resp_0"}, "previous_response_id", "previous_response_not_found"),
        ({"previous_response_id": "resp_0", "conversation": "conv_0"}, None, "mutually_exclusive_parameters"),
    ],
)
def test_what_is_refused(client: openai.OpenAI, wrong: dict[str, object], param: str | None, code: str | None):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**{"model": "gpt-4o", "input": "Hello.", **wrong})  # type: ignore[call-overload]

    error = refused.value
    assert (error.type, error.param, error.code) == ("invalid_request_error", param, code)


@pytest.mark.parametrize("path", ["/v1/conversations/conv_0", "/v1/responses/resp_0", "/v1/nothing"])
def test_errors_have_all_four_keys(server: Process, path: str):
    known = {"authorization": "Bearer somebody"}
    for method, status in (("GET", 404), ("PUT", 404 if "nothing" in path else 405)):
        answer = server.ask(method, f"/conversations{path}", headers=known)

        assert answer.status_code == status
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_without_a_token_nothing_is_answered(server: Process):
    answer = server.ask("POST", "/conversations/v1/responses", json={"model": "gpt-4o", "input": "Hello."})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


# -- two processes


@pytest.fixture
def model() -> Iterator[Model]:
    with modelling() as model:
        yield model


@pytest.fixture
def pair(postgres_url: str, model: Model) -> Iterator[tuple[openai.OpenAI, openai.OpenAI]]:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(postgres_url, "--upstream", model.url)) for _ in range(2)]
        yield client_of(servers[0]), client_of(servers[1])


def test_a_conversation_is_locked_in_both_processes(pair: tuple[openai.OpenAI, openai.OpenAI], model: Model):
    one, other = pair
    conversation = one.conversations.create().id
    with ThreadPoolExecutor(1) as threads:
        stream = one.responses.create(model="m", conversation=conversation, input="first", stream=True)
        assert next(event for event in stream if event.type == "response.output_text.delta").delta == "first "
        with pytest.raises(openai.BadRequestError) as refused:
            other.responses.create(model="m", conversation=conversation, input="second")
        with pytest.raises(openai.BadRequestError):
            other.conversations.items.create(conversation, items=[{"role": "user", "content": "slipped in"}])
        before = said(other, conversation)
        rest = threads.submit(list, stream)
        model.gate.set()
        rest.result()

    assert (refused.value.param, refused.value.code) == ("conversation", "conversation_locked")
    assert (before, said(other, conversation)) == ([], ["first", "first second"])


def test_what_one_answers_the_other_follows(pair: tuple[openai.OpenAI, openai.OpenAI], model: Model):
    one, other = pair
    model.gate.set()
    first = one.responses.create(model="m", input="first")

    assert other.responses.retrieve(first.id).output_text == "first second"
    assert other.responses.create(model="m", input="next", previous_response_id=first.id).status == "completed"


def test_a_conversation_deleted_elsewhere_is_not_revived(
    pair: tuple[openai.OpenAI, openai.OpenAI], model: Model, postgres_url: str
):
    one, other = pair
    conversation = one.conversations.create().id
    stream = one.responses.create(model="m", conversation=conversation, input="first", stream=True)
    assert next(iter(stream)).type == "response.created"
    other.conversations.delete(conversation)
    model.gate.set()
    assert list(stream)[-1].type == "response.completed"

    with pytest.raises(openai.NotFoundError):
        one.conversations.retrieve(conversation)
    with psycopg.connect(postgres_url) as connection:
        counts = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM responses)"
        assert connection.execute(counts).fetchone() == (0, 0)


def test_a_model_that_dies_leaves_a_failed_response(tmp_path: Path, model: Model):
    model.dies = True
    with serving(f"sqlite:///{tmp_path}/dies.db", "--upstream", model.url) as process:
        client = client_of(process)
        conversation = client.conversations.create().id
        events = list(client.responses.create(model="m", conversation=conversation, input="Hello.", stream=True))
        failed = events[-1]
        assert failed.type == "response.failed"
        assert client.responses.retrieve(failed.response.id).status == "failed"
        assert said(client, conversation) == []
