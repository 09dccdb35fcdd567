"""
Which field is what: by its name, by what may be in it, and by whether it must be there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.drafting.openapi import Endpoint, Shape
from conformance.drafting.requesting import Filling, body_of, longest_text, names_thread, paging, query_of, says
from conformance.drafting.words import words

TEXT = Shape(kinds=frozenset({"string"}))
ANYTHING = Shape(kinds=frozenset({"array"}))


def turn(properties: dict[str, Shape], *required: str, **more: Any) -> Any:
    return body_of(Shape(properties=properties, required=frozenset(required)), Filling("turn", **more))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lastMessageIds", {"last", "message", "id"}),
        ("thread_id", {"thread", "id"}),
        ("HTTPStatus", {"http", "status"}),
        ("replies", {"reply"}),
        ("x-conversation-id", {"x", "conversation", "id"}),
    ],
)
def test_a_name_is_its_words_in_the_singular(name: str, found: set[str]):
    assert words(name) == found


@pytest.mark.parametrize("name", ["threadId", "conversation", "session_key", "chat", "dialogue_ref"])
def test_names_of_threads(name: str):
    assert names_thread(name)


@pytest.mark.parametrize("name", ["session_name", "thread_metadata", "chat_messages", "parent_thread", "text"])
def test_names_of_other_things(name: str):
    assert not names_thread(name)


def test_a_turn_in_one_body():
    told = turn({"question": TEXT, "sessionId": TEXT, "stream": Shape(kinds=frozenset({"boolean"})), "colour": TEXT})

    assert told == {"question": "${text}", "sessionId": "${thread}", "stream": True}


@pytest.mark.parametrize(("objects", "found"), [(3, "message"), (8, None)])
def test_a_text_is_not_looked_for_in_messages_within_messages_without_end(objects: int, found: str | None):
    shape = Shape(properties={"text": TEXT})
    for _ in range(objects):
        shape = Shape(properties={"message": replace(shape, kinds=frozenset({"object"}))})

    assert says(shape) == found


def test_a_thread_may_be_a_number():
    assert turn({"text": TEXT, "chat_id": Shape(kinds=frozenset({"integer"}))})["chat_id"] == "${thread}"


def test_a_question_within_an_object_has_its_id():
    inner = Shape(
        kinds=frozenset({"object"}),
        properties={"role": TEXT, "content": TEXT, "id": TEXT},
        required=frozenset({"role", "content", "id"}),
    )

    told = turn({"prompt": inner, "threadId": TEXT, "responseId": TEXT}, "prompt", "threadId", "responseId")

    assert told == {
        "prompt": {"role": "user", "content": "${text}", "id": "${message}"},
        "threadId": "${thread}",
        "responseId": "${answer}",
    }


def test_a_list_of_messages_may_begin_with_the_systems():
    role = Shape(kinds=frozenset({"string"}), values=("system", "user", "assistant"))
    item = Shape(kinds=frozenset({"object"}), properties={"sender": role, "text": TEXT})

    told = turn({"messages": Shape(kinds=frozenset({"array"}), items=item)})

    assert told == {"messages": ["${system}", {"sender": "user", "text": "${text}"}]}


def test_whoever_asks_is_called_as_the_document_says():
    role = Shape(kinds=frozenset({"string"}), values=("human", "bot"))

    assert turn({"author": role, "body": TEXT}, "author", "body") == {"author": "human", "body": "${text}"}


def test_where_a_text_may_be_a_list_it_is_one():
    told = turn({"input": Shape(kinds=frozenset({"string", "array"}))})

    assert told == {"input": [{"role": "user", "content": "${text}"}]}


def test_a_plain_text_is_the_other_way():
    assert turn({"input": Shape(kinds=frozenset({"string", "array"}))}, plain=True) == {"input": "${text}"}


@pytest.mark.parametrize("name", ["system_prompt", "instructions", "message_id", "previous_message", "metadata"])
def test_what_is_no_question(name: str):
    assert says(Shape(properties={name: TEXT})) is None


def test_what_must_be_there_and_is_not_understood_is_lacking():
    filling = Filling("turn")

    body_of(Shape(properties={"message": TEXT, "shop": TEXT}, required=frozenset({"shop"})), filling)

    assert filling.lacking == ["shop"]


def test_what_is_given_comes_before_what_is_guessed():
    assert turn({"message": TEXT, "sessionId": TEXT}, given={"sessionId": 7}) == {"message": "${text}", "sessionId": 7}


def test_a_default_serves_for_what_must_be_there():
    filling = Filling("turn")
    shape = Shape(
        properties={"text": TEXT, "style": Shape(kinds=TEXT.kinds, default="plain")}, required=frozenset({"style"})
    )

    assert (body_of(shape, filling), filling.lacking) == ({"text": "${text}", "style": "plain"}, [])


@pytest.mark.parametrize(
    ("name", "ours"), [("limit", "limit"), ("page_size", None), ("skip", "offset"), ("cursor", "after"), ("page", None)]
)
def test_parameters_of_lists(name: str, ours: str | None):
    assert paging(name) == ours


def test_a_list_is_asked_for_its_thread():
    asked = Endpoint("GET", "/log", query={"session": TEXT, "take": TEXT, "colour": TEXT})

    assert query_of(asked, Filling("list")) == {"session": "${thread}", "take": "${limit}"}


def test_how_long_a_text_may_be_is_said_where_the_text_is():
    text = Shape(frozenset({"string"}), longest=9)
    message = Shape(frozenset({"object"}), {"role": Shape(frozenset({"string"}), longest=5), "content": text})
    several = Shape(frozenset({"array"}), items=message)

    assert longest_text(Shape(properties={"message": text, "title": Shape(longest=3)})) == 9
    assert longest_text(Shape(properties={"messages": several})) == 9
    assert longest_text(Shape(properties={"message": message})) == 9
    assert longest_text(Shape(properties={"message": Shape(frozenset({"string"}))})) is None
