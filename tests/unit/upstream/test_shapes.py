"""
One answer in every shape, torn events, and the strict model.
"""

import json
from typing import Any

import pytest

from conformance.model.scenario import Script
from conformance.upstream.acts import Act, Emit, End, Head, Stall
from conformance.upstream.prompt import parsed
from conformance.upstream.scripted import acts_of, meant
from conformance.upstream.shapes import OTHER

ASKED = [{"role": "user", "content": "Hi"}]


def acts(messages: list[dict[str, Any]] = ASKED, **script: Any) -> list[Act]:
    body = json.dumps({"stream": True, "messages": messages}).encode()
    return list(acts_of(Script(**script), parsed(body), 1))


def chunks(**script: Any) -> list[dict[str, Any]]:
    sent = b"".join(act.data for act in acts(answer=["a", "b"], **script) if isinstance(act, Emit | End))
    data = (line.removeprefix("data: ") for line in sent.decode().splitlines() if line.startswith("data: "))
    return [json.loads(one) for one in data if one != "[DONE]"]


def text_of_choice(number: int, made: list[dict[str, Any]]) -> str:
    choices = [one for chunk in made for one in chunk["choices"] if one["index"] == number]
    return "".join(one["delta"].get("content") or "" for one in choices)


@pytest.mark.parametrize("shape", ["plain", "role-with-text", "two-choices", "aggregate", "null-fields"])
def test_every_shape_has_the_same_text(shape: str):
    assert text_of_choice(0, chunks(shape=shape)) == "ab"


def test_the_first_chunk_may_say_who_speaks_and_what():
    assert chunks(shape="role-with-text")[0]["choices"][0]["delta"] == {"role": "assistant", "content": "a"}


def test_another_choice_comes_between():
    assert text_of_choice(1, chunks(shape="two-choices")) == OTHER * 2


def test_the_whole_message_may_come_again():
    assert chunks(shape="aggregate")[-1]["choices"][0]["message"]["content"] == "ab"


def test_null_fields_and_a_chunk_without_choices():
    made = chunks(shape="null-fields")

    assert (made[0]["choices"], made[2]["choices"][0]["delta"]["tool_calls"]) == ([], None)


def test_an_event_is_torn_inside_a_character():
    torn = [act.data for act in acts(answer=["é"], wire="halves") if isinstance(act, Emit)]

    assert any(data.endswith("é".encode()[:1]) for data in torn)


def test_line_ends_are_mixed():
    sent = b"".join(act.data for act in acts(answer=["a", "b", "c"], wire="mixed") if isinstance(act, Emit))

    assert all(end in sent for end in (b"}\r\n\r\n", b"}\n\n", b"}\r\r"))


def test_a_silent_model_says_nothing():
    assert acts(refuse="silence") == [Stall()]


def test_an_error_may_be_bare():
    last = acts(answer=["a", "b"], error_after=1, error="bare")[-1]

    assert isinstance(last, End)
    assert last.data.startswith(b'{"error"')


def status(messages: list[dict[str, Any]], **script: Any) -> int:
    first = acts(messages, **script)[0]
    assert isinstance(first, Head)
    return first.status


EMPTY = [*ASKED, {"role": "assistant", "content": ""}, *ASKED]


@pytest.mark.parametrize(
    ("messages", "script", "expected"),
    [
        (EMPTY, {}, 200),
        (EMPTY, {"strict": "well-formed"}, 400),
        ([*ASKED, *ASKED], {"strict": "well-formed"}, 200),
        ([*ASKED, *ASKED], {"strict": "alternating"}, 400),
        ([{**ASKED[0], "id": "m1"}], {"strict": "well-formed"}, 400),
        ([*ASKED, *ASKED], {"window": 1}, 400),
        (ASKED, {"window": 1, "strict": "alternating"}, 200),
    ],
)
def test_what_the_strict_model_refuses(messages: list[dict[str, Any]], script: dict[str, Any], expected: int):
    assert status(messages, **script) == expected


def test_halves_of_a_pair_are_meant_as_one_character():
    said = meant(Script(answer=["\ud83d", "\ude00"]), parsed(json.dumps({"messages": ASKED}).encode()))

    assert said is not None
    assert said.whole == "😀"


def test_what_is_not_sent_is_not_meant():
    assert meant(Script(refuse=500), parsed(json.dumps({"messages": ASKED}).encode())) is None
