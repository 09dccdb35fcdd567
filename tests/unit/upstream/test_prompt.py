import json
from typing import Any

import pytest

from conformance.model.scenario import ToolCall
from conformance.model.transcript import Message
from conformance.text.digest import text_of
from conformance.upstream.prompt import BadPrompt, Prompt, parsed


def prompt(*messages: dict[str, Any], **rest: Any) -> Prompt:
    return parsed(json.dumps({"messages": messages, **rest}).encode())


def test_a_message_is_recorded_whole():
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}

    assert prompt(
        {"role": "assistant", "content": None, "tool_calls": [call], "name": "bot"},
        {"role": "tool", "content": "4\u2028\n ", "tool_call_id": "c1"},
    ).messages() == [
        Message(role="assistant", name="bot", tool_calls=[ToolCall(id="c1", name="f", arguments="{}")]),
        Message(role="tool", text=text_of("4\u2028\n "), tool_call_id="c1"),
    ]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", ""),
        (" a\n", " a\n"),
        (None, None),
        ([{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}, "c"], "abc"),
        ([], ""),
        (7, "7"),
        ({"text": "x"}, '{"text": "x"}'),
        ("\ud83d", "\ud83d"),
    ],
)
def test_the_text_of_a_content(content: Any, text: str | None):
    [message] = prompt({"role": "user", "content": content}).messages()

    assert message.text == (None if text is None else text_of(text))


def test_the_users_texts_are_those_of_the_users():
    said = prompt({"role": "user", "content": "a"}, {"role": "system", "content": "b"}, {"role": "user"})

    assert said.users == ("a", "")


def test_keys_that_no_api_defines_are_named():
    asked = prompt({"role": "user", "content": "a", "id": 1, "createdAt": 2}, {"role": "user", "name": "n", "id": 3})

    assert asked.extra() == ["id", "createdAt"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "messages must be a list"),
        (b'{"messages": []}', "messages must be a list"),
        (b'{"messages": ["hi"]}', r"messages\[0\] must be an object"),
        (b'{"messages": [{"role": 1}]}', r"messages\[0\] must be an object"),
    ],
)
def test_what_is_no_request_is_refused(body: bytes, problem: str):
    with pytest.raises(BadPrompt, match=problem):
        parsed(body)


def test_the_options_are_read():
    asked = prompt({"role": "user"}, model="m", stream=True, stream_options={"include_usage": True})

    assert (asked.model, asked.stream, asked.usage) == ("m", True, True)
