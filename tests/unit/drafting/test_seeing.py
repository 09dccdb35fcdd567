"""
What is in an answer is found by what we know of it, not by its name.
"""

from __future__ import annotations

from typing import Any

from conformance.drafting.seeing import (
    answer_path,
    id_path,
    more_path,
    the_messages,
    the_threads,
    thread_fields,
    thread_path,
)

ASKED = {"uuid": "m1", "author": "human", "body": "Hello", "at": "2026-01-01T10:00:00Z"}
TOLD = {"uuid": "m2", "author": "bot", "body": "Hi", "at": "2026-01-01T10:00:01Z"}


def test_a_list_is_known_by_what_was_said_in_it():
    listed = the_messages({"log": {"entries": [ASKED, TOLD]}}, "Hello", "Hi")

    assert listed is not None
    assert listed.items == "$.log.entries[*]"
    assert listed.fields == {"id": "$.uuid", "role": "$.author", "text": "$.body", "created_at": "$.at"}
    assert listed.roles == {"human": "user", "bot": "assistant"}
    assert (listed.order, listed.answer) == ("ascending", "Hi")


def test_the_newest_first_is_a_descending_list():
    listed = the_messages([TOLD, ASKED], "Hello", "Hi")

    assert listed is not None
    assert (listed.items, listed.order) == ("$[*]", "descending")


def test_usual_roles_need_no_mapping():
    listed = the_messages([{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}], "Hello")

    assert listed is not None
    assert listed.roles == {}


def test_parts_of_a_text_are_joined():
    parts = [{"type": "text", "text": {"value": "Hello"}}]

    listed = the_messages([{"role": "user", "content": parts}], "Hello")

    assert listed is not None
    assert listed.fields["text"] == "$.content[*].text.value"


def test_of_several_answers_the_one_that_came_back_is_meant():
    earlier = [{"role": "user", "content": "One"}, {"role": "assistant", "content": "First"}]
    later = [{"role": "user", "content": "Two"}, {"role": "assistant", "content": "Second"}]

    listed = the_messages([*earlier, *later], "Two", document={"content": "Second", "history": [{"content": "First"}]})

    assert listed is not None
    assert (listed.answer, listed.order) == ("Second", "ascending")


def test_a_list_without_what_was_said_is_another_list():
    assert the_messages([TOLD], "Hello", "Hi") is None


def test_a_thread_is_known_by_its_id():
    listed = the_threads({"rows": [{"ref": "t0"}, {"ref": "t1", "label": "x", "lastActivity": 1.5}]}, "t1")

    assert listed is not None
    assert listed.items == "$.rows[*]"
    assert listed.fields == {"id": "$.ref", "title": "$.label", "updated_at": "$.lastActivity"}


def test_of_equal_values_the_nearest_is_meant():
    body = {"messages": [{"content": "Hi"}], "deep": {"content": "Hi"}, "content": "Hi"}

    assert answer_path(body, "Hi", "Hello") == "$.content"


def test_of_unknown_texts_the_longest_that_is_no_echo_is_likely():
    body = {"content": "Hello", "answer": {"text": "Longer than that"}, "model": "a name that is much longer than any"}

    assert answer_path(body, None, "Hello") == "$.answer.text"


def test_an_id_is_found_by_its_value_or_by_its_name():
    body: dict[str, Any] = {"thread": {"uuid": "t1", "owner_id": "u1"}}

    assert (id_path(body, "t1"), id_path(body)) == ("$.thread.uuid", "$.thread.uuid")


def test_fields_of_a_thread_have_the_right_kind():
    body = {"title": None, "created_at": "2026-01-01T10:00:00Z", "meta": {}, "user_id": "u1", "name": 7, "at": "soon"}

    assert thread_fields(body) == {
        "title": "$.title",
        "created_at": "$.created_at",
        "metadata": "$.meta",
        "owner": "$.user_id",
    }


def test_where_a_page_says_that_more_follows():
    assert more_path({"data": [{"more": True}], "page": {"has_more": False}}) == "$.page.has_more"


def test_the_thread_of_a_turn_is_found_by_its_name():
    body = {"id": 1, "data": {"turns": [{"session_id": "s0"}], "session_id": "s1", "session_name": "Mine"}}

    assert thread_path(body) == "$.data.session_id"


def test_a_name_with_a_hyphen_is_quoted():
    assert id_path({"the-id": "t1"}, "t1") == "$['the-id']"


def test_an_id_may_be_called_as_the_path_calls_it():
    case = {"case_no": "C-1", "subject": None, "uid": "u-7"}

    assert (id_path(case), id_path(case, called="case_no")) == ("$.uid", "$.case_no")
