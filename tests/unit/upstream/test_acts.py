"""
What is done for a script, without a socket.
"""

import json
from typing import Any

import pytest

from conformance.model.scenario import Script, ToolCall
from conformance.upstream.acts import Act, Cut, Emit, End, Head, Hold, Pause, Stall
from conformance.upstream.prompt import parsed
from conformance.upstream.scripted import acts_of


def acts(stream: bool = True, **script: Any) -> list[Act]:
    body = {"stream": stream, "messages": [{"role": "user", "content": "Hi"}]}
    return list(acts_of(Script(**script), parsed(json.dumps(body).encode()), 1))


def shape(stream: bool = True, **script: Any) -> list[str]:
    """
    Acts in short: text of deltas, and names of everything else.
    """
    return [word for act in acts(stream, **script) for word in _words(act)]


def _words(act: Act) -> list[str]:
    match act:
        case Emit() | End():
            named = [act.outcome] if isinstance(act, End) else []
            return [*_data(act.data), *named]
        case Hold():
            return [f"hold {act.gate}"]
        case Cut():
            return [f"{act.how}"]
        case Pause():
            return [f"pause {act.seconds}"]
        case Head():
            return [str(act.status)]
        case Stall():
            return ["stall"]


def _data(data: bytes) -> list[str]:
    return [_event(line.removeprefix("data: ")) for line in data.decode().split("\n") if line]


def _event(data: str) -> str:
    try:
        value = json.loads(data)
    except ValueError:
        return "DONE" if data == "[DONE]" else "broken"
    if "error" in value or not value["choices"]:
        return "error" if "error" in value else "usage"
    [choice] = value["choices"]
    delta = choice.get("delta", {})
    if choice["finish_reason"]:
        return f"finish {choice['finish_reason']}"
    return "role" if "role" in delta else str(next(iter(delta.values())))


AB = ["a", "b"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({}, "200 role a b finish stop DONE answered"),
        ({"every": "2ms"}, "200 role a pause 0.002 b finish stop DONE answered"),
        ({"every": "1.5s"}, "200 role a pause 1.5 b finish stop DONE answered"),
        ({"finish": "length"}, "200 role a b finish length DONE answered"),
        ({"finish": "none"}, "200 role a b DONE answered"),
        ({"finish": "none", "done": False}, "200 role a b answered"),
        ({"usage": True}, "200 role a b finish stop usage DONE answered"),
        ({"reasoning": "xy"}, "200 role x y a b finish stop DONE answered"),
        ({"answer": ""}, "200 role finish stop DONE answered"),
        ({"refuse": 429}, "429 error refused"),
        ({"refuse": "connect"}, "rst"),
        ({"refuse": 500, "hold": "headers"}, "hold headers 500 error refused"),
        ({"cut_after": 0}, "200 role rst"),
        ({"cut_after": 1, "cut": "fin"}, "200 role a fin"),
        ({"cut_after": 2}, "200 role a b rst"),
        ({"cut_after": 99}, "200 role a b rst"),
        ({"cut_after": 1, "cut": "clean"}, "200 role a cut"),
        ({"cut_after": 1, "hold": "token-2"}, "200 role a hold token-2 rst"),
        ({"stall_after": 1}, "200 role a stall"),
        ({"malformed_after": 1}, "200 role a broken cut"),
        ({"error_after": 2}, "200 role a b error cut"),
        ({"error_after": 2, "cut_after": 1}, "200 role a rst"),
        ({"hold": "headers"}, "hold headers 200 role a b finish stop DONE answered"),
        ({"hold": "first-token"}, "200 role hold first-token a b finish stop DONE answered"),
        ({"hold": "token-2"}, "200 role a hold token-2 b finish stop DONE answered"),
        ({"hold": "last-token"}, "200 role a hold last-token b finish stop DONE answered"),
        ({"hold": "token-3"}, "200 role a b finish stop DONE answered"),
        ({"hold": "finish"}, "200 role a b hold finish finish stop DONE answered"),
        ({"hold": "done"}, "200 role a b finish stop hold done DONE answered"),
        ({"hold": "first-token", "answer": ""}, "200 role hold first-token finish stop DONE answered"),
    ],
)
def test_a_stream_is_what_its_script_says(script: dict[str, Any], expected: str):
    assert " ".join(shape(**{"answer": AB, **script})) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({}, [Head, End]),
        ({"hold": "headers"}, [Hold, Head, End]),
        ({"hold": "last-token"}, [Hold, Head, End]),
        ({"refuse": 503}, [Head, End]),
        ({"cut_after": 1}, [Head, Cut]),
        ({"cut_after": 1, "cut": "clean"}, [Head, End]),
        ({"stall_after": 1}, [Head, Emit, Stall]),
        ({"malformed_after": 1}, [Head, End]),
        ({"error_after": 1}, [Head, End]),
    ],
)
def test_a_whole_answer_is_what_its_script_says(script: dict[str, Any], expected: list[type]):
    assert [type(act) for act in acts(stream=False, answer=AB, **script)] == expected


def test_a_whole_answer_has_text_tools_reasoning_and_usage():
    head, end = acts(stream=False, answer=AB, reasoning="hm", tool_calls=[ToolCall(id="c", name="f")])
    assert isinstance(head, Head)
    assert isinstance(end, End)
    value = json.loads(end.data)

    assert (head.size, value["choices"][0]["message"], value["choices"][0]["finish_reason"], value["usage"]) == (
        len(end.data),
        {
            "role": "assistant",
            "content": "ab",
            "refusal": None,
            "reasoning_content": "hm",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        "tool_calls",
        {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    )


def test_what_a_client_needs_is_out_with_the_finish():
    completing = [act.completes for act in acts(answer=AB) if isinstance(act, Emit)]

    assert completing == [False, False, False, True]


def test_a_cut_tears_the_event_that_would_follow():
    torn = acts(answer=AB, cut_after=1)[-1]
    whole = acts(answer=AB)[3]

    assert isinstance(torn, Cut) and isinstance(whole, Emit) and torn.torn == whole.data  # noqa: PT018 - one thing
