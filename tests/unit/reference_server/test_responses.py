"""
Responses: prompts with calls, items as they came, the events of a stream.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reference_server.assembly import Parts, Settings, assemble
from reference_server.core.database import Database
from reference_server.core.errors import Invalid
from reference_server.core.records import NewMessage
from reference_server.core.responding import Responding, part_id, responding_as
from reference_server.core.responses import Response, Responses
from reference_server.core.texts import Texts
from reference_server.core.turns import Turns
from reference_server.core.upstream import Piece
from reference_server.defects.registry import defects
from reference_server.dialects.conversations.items import item, new_items
from reference_server.dialects.conversations.stream import Writer


@pytest.fixture
def responding(tmp_path: Path) -> Responding:
    server = assemble(Parts(), Database(f"sqlite:///{tmp_path}/r.db"), Settings())
    return responding_as(Responding, server.turns)


def called(*names: str, text: str | None = None) -> dict[str, Any]:
    calls = [{"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}} for name in names]
    return {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}


def result(name: str, text: str = "r") -> dict[str, Any]:
    return {"role": "tool", "content": text, "tool_call_id": name}


def asked(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


@pytest.mark.parametrize(
    ("prompt", "joined"),
    [
        ([asked("q"), called("a"), called("b")], [asked("q"), called("a", "b")]),
        ([called(text="t"), called("a"), result("a")], [called("a", text="t"), result("a")]),
        ([called("a"), asked("q"), result("a")], [called("a"), result("a"), asked("q")]),
        ([called("a"), called("b"), result("b"), result("a")], [called("a", "b"), result("a"), result("b")]),
        (
            [called("a"), result("a", "1"), asked("q"), called("a"), result("a", "2")],
            [called("a"), result("a", "1"), asked("q"), called("a"), result("a", "2")],
        ),
        ([called(text="t"), asked("q"), called("a")], [called(text="t"), asked("q"), called("a")]),
    ],
)
def test_calls_and_their_results_stand_together(responding: Responding, prompt: list[Any], joined: list[Any]):
    assert responding.joined(prompt) == joined


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": t} for t in ("a", "b")]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "a", "annotations": [{"type": "x"}], "logprobs": []}],
        },
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{ "a":1.0 }'},
        {"type": "function_call_output", "call_id": "c", "output": ""},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}]},
        {"type": "reasoning", "summary": [], "encrypted_content": "zzz"},
    ],
)
def test_an_item_comes_back_as_it_came(raw: dict[str, Any]):
    shown = item(new_items(Texts(), [raw], "items")[0])

    assert {key: shown[key] for key in raw} == raw


def test_an_items_own_id_is_not_taken():
    raw = {"role": "user", "content": "a", "id": "msg_mine"}

    assert item(new_items(Texts(), [raw], "items")[0])["id"] != "msg_mine"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("text", "items[1]"),
        ({"role": "tool", "content": "a"}, "items[1].role"),
        ({"type": "web_search_call"}, "items[1].type"),
        ({"type": []}, "items[1].type"),
        ({"role": "user", "content": []}, "items[1].content"),
        ({"role": "user", "content": " "}, "items[1].content"),
        ({"role": "user", "content": "a", "status": "done"}, "items[1].status"),
        ({"role": "user", "content": "\0"}, "items[1]"),
        ({"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}, "items[1].arguments"),
        ({"type": "function_call_output", "output": "x"}, "items[1].call_id"),
        ({"type": "reasoning"}, "items[1].summary"),
    ],
)
def test_an_item_that_is_none_is_refused_with_its_place(raw: Any, field: str):
    with pytest.raises(Invalid) as refused:
        new_items(Texts(), [{"role": "user", "content": "a"}, raw], "items")

    assert refused.value.field == field


def read(chunks: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(chunk.decode().partition("data: ")[2]) for chunk in chunks]


def test_items_are_added_in_the_order_in_which_they_begin():
    writer = Writer("resp_1")
    fragment = {"index": 3, "id": "c", "function": {"name": "f", "arguments": "{"}}
    pieces = [
        Piece(tool_calls=[fragment]),
        Piece("a"),
        Piece(tool_calls=[{"index": 3, "function": {"arguments": "}"}}]),
    ]
    events = read([chunk for piece in pieces for chunk in writer.piece(piece)])

    assert [(one["type"].removeprefix("response."), one["output_index"]) for one in events] == [
        ("output_item.added", 0),
        ("function_call_arguments.delta", 0),
        ("output_item.added", 1),
        ("content_part.added", 1),
        ("output_text.delta", 1),
        ("function_call_arguments.delta", 0),
    ]
    assert [one["sequence_number"] for one in events] == list(range(6))
    assert {one["item_id"] for one in events if one["output_index"] == 0 and "item_id" in one} == {part_id("resp_1", 3)}


def test_a_stored_response_is_the_same_again(responding: Responding):
    responding.database.create()
    kept = NewMessage("assistant", "a", "msg_1", prompt_tokens=1, total_tokens=0, status="completed")
    response = Response("resp_1", "completed", "m", responding.store.now(), output=(kept,), settings={"top_p": 1.0})
    responding.database.transaction(lambda held: Responses().add(held, response), True)

    assert responding.database.transaction(lambda held: Responses().get(held, "resp_1", None), False) == response


def test_what_is_wrong_with_turns_is_wrong_with_responses(tmp_path: Path):
    parts = Parts().with_replaced([defects()["assistant-never-stored"]])
    server = assemble(parts, Database(f"sqlite:///{tmp_path}/r.db"), Settings())
    made = responding_as(server.parts.responding, server.turns)

    assert type(made).__mro__[1:4] == (defects()["assistant-never-stored"], Responding, Turns)
