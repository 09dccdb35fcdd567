"""
An answer from its pieces, and a prompt from a thread.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from reference_server.core.answers import Answer
from reference_server.core.history import History
from reference_server.core.records import Message
from reference_server.core.texts import Texts
from reference_server.core.upstream import Piece


def answered(*pieces: Piece) -> Answer:
    answer = Answer(Texts(), "resp-1")
    for piece in pieces:
        answer.take(piece)
    return answer


def call(index: int, arguments: str = "", **names: Any) -> Piece:
    function = {"arguments": arguments, **({"name": names.pop("name")} if "name" in names else {})}
    return Piece(tool_calls=[{"index": index, "function": function, **names}])


def whole_call(name: str, function: str, arguments: str) -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": function, "arguments": arguments}}


def stored(seq: int, role: str, content: str | None = None, **rest: Any) -> Message:
    row = {"id": f"row{seq}", "thread_id": "t", "seq": seq, "role": role, "content": content, "active": True, **rest}
    row = {"external_id": f"m{seq}", "created_at": datetime.now(UTC), **row}
    return Message._make(row.get(name) for name in Message._fields)


def test_fragments_of_parallel_calls_are_kept_apart():
    answer = answered(
        call(0, id="a", name="add"),
        call(1, id="b", name="sub"),
        call(1, '{"x"'),
        call(0, '{"y"'),
        call(1, ":1}"),
        call(0, ":2}"),
    )

    assert answer.tool_calls == [whole_call("a", "add", '{"y":2}'), whole_call("b", "sub", '{"x":1}')]


def test_calls_stand_in_the_order_of_their_index():
    assert [one["id"] for one in answered(call(1, id="b"), call(0, id="a")).tool_calls] == ["a", "b"]


def test_several_fragments_in_one_piece_all_count():
    both = Piece(tool_calls=[*call(0, "{}", id="a", name="f").tool_calls, *call(1, "{}", id="b", name="g").tool_calls])

    assert answered(both).tool_calls == [whole_call("a", "f", "{}"), whole_call("b", "g", "{}")]


def test_a_later_fragment_does_not_clear_id_or_name():
    nulls = Piece(tool_calls=[{"index": 0, "id": None, "function": {"name": None, "arguments": "}"}}])

    assert answered(call(0, "{", id="a", name="f"), nulls).tool_calls == [whole_call("a", "f", "{}")]


def test_an_answer_of_calls_alone_has_no_text():
    message = answered(call(0, "{}", id="a", name="f"), Piece(finish="tool_calls")).message()

    assert (message.content, message.metadata) == (None, None)


def test_text_and_calls_are_both_kept():
    message = answered(Piece("Let me "), Piece("see"), call(0, "{}", id="a", name="f")).message()

    assert (message.content, message.tool_calls) == ("Let me see", [whole_call("a", "f", "{}")])


def test_what_is_stored_is_what_was_shown():
    answer = Answer(Texts(), None)

    shown = "".join(answer.take(Piece(text)).text for text in ("a\0", "\ud800", "😀"))

    assert shown == answer.message().content == "a\ufffd\ufffd😀"


def test_only_text_or_calls_make_an_answer():
    assert answered(Piece(), Piece(finish="stop"), Piece(usage={"total_tokens": 1})).empty
    assert not answered(call(0)).empty
    assert not answered(Piece(" ")).empty


@pytest.mark.parametrize(
    ("finish", "marks"), [("length", {"finish_reason": "length"}), ("stop", None), ("tool_calls", None), (None, None)]
)
def test_an_answer_that_did_not_end_by_itself_says_so(finish: str | None, marks: dict[str, str] | None):
    assert answered(Piece("a"), Piece(finish=finish)).message().metadata == marks


def test_a_prompt_is_the_whole_thread_in_its_order():
    thread = [stored(0, "user", "a"), stored(1, "assistant", "b"), stored(2, "user", "c")]

    assert [one["content"] for one in History().prompt(thread, None, None)] == ["a", "b", "c"]


def test_a_prompt_has_no_keys_of_ours():
    assert History().prompt([stored(0, "user", "a", metadata={"x": 1})], None, None) == [
        {"role": "user", "content": "a"}
    ]


@pytest.mark.parametrize(
    ("thread", "call", "sent"),
    [("T", None, ["T"]), ("T", "C", ["C"]), (None, "C", ["C"]), ("T", "", [""]), (None, None, [])],
)
def test_the_calls_system_message_replaces_the_threads(thread: str | None, call: str | None, sent: list[str]):
    prompt = History().prompt([stored(0, "user", "a")], thread, call)

    assert [one["content"] for one in prompt if one["role"] == "system"] == sent
    assert prompt[-1]["role"] == "user"


def test_a_round_of_tools_comes_back_whole():
    calls = [whole_call("a", "f", "{}")]
    thread = [
        stored(0, "user", "q"),
        stored(1, "assistant", None, tool_calls=calls),
        stored(2, "tool", "", tool_call_id="a", name="f"),
    ]

    assert History().prompt(thread, None, None)[1:] == [
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "content": "", "name": "f", "tool_call_id": "a"},
    ]


def test_a_message_without_text_or_calls_is_not_sent():
    assert History().prompt([stored(0, "assistant", None)], None, None) == []
