"""
The reference server's client of a model, against answers that respx puts in the model's place.
"""

import asyncio
import json
from typing import Any

import httpx
import pytest
import respx

from reference_server.core.errors import UpstreamFailed
from reference_server.core.upstream import Piece, Prompt, Upstream

URL = "http://model.test/v1"


def said(answer: httpx.Response | Exception, prompt: Prompt | None = None) -> tuple[list[Piece], Any]:
    """
    The pieces that came of an answer, and the body that was sent for it.
    """

    async def asking() -> list[Piece]:
        return [piece async for piece in Upstream(URL, "key-123").answer(prompt or Prompt([]))]

    with respx.mock:
        route = respx.post(f"{URL}/chat/completions")
        route.mock(return_value=answer) if isinstance(answer, httpx.Response) else route.mock(side_effect=answer)
        try:
            return asyncio.run(asking()), route.calls.last.request
        finally:
            assert route.call_count == 1


def stream(*chunks: Any, done: bool = True) -> httpx.Response:
    events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + (["data: [DONE]\n\n"] if done else [])
    return httpx.Response(200, content="".join(events).encode(), headers={"content-type": "text/event-stream"})


def delta(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


def test_the_text_of_all_deltas_is_the_answer():
    pieces, _ = said(stream(delta("Hel"), delta("lo"), delta("", "stop")))

    assert "".join(piece.text for piece in pieces) == "Hello"


def test_the_key_goes_with_the_request_and_only_what_a_model_knows():
    _, request = said(stream(delta("x", "stop")), Prompt([{"role": "user", "content": "Hi"}], "m", {"seed": 1}))

    assert request.headers["authorization"] == "Bearer key-123"
    assert json.loads(request.content) == {
        "seed": 1,
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    }


def test_usage_without_choices_is_no_text():
    pieces, _ = said(stream(delta("x", "stop"), {"choices": [], "usage": {"total_tokens": 3}}))

    assert [piece.usage for piece in pieces if piece.usage] == [{"total_tokens": 3}]


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_a_refusal_carries_the_models_status_and_none_of_its_words(status: int):
    refusal = httpx.Response(
        status, json={"error": {"message": "key sk-secret is wrong"}}, headers={"retry-after": "7"}
    )

    with pytest.raises(UpstreamFailed) as failed:
        said(refusal)

    assert (failed.value.status, failed.value.retry_after) == (status, "7")
    assert "sk-secret" not in str(failed.value)


@pytest.mark.parametrize(
    "answer",
    [
        stream(delta("half"), done=False),
        stream(delta("half"), {"error": {"message": "overloaded"}}),
        httpx.Response(200, content=b"data: {broken\n\n"),
        httpx.Response(200, content=b""),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("silent"),
        httpx.RemoteProtocolError("peer closed connection"),
    ],
    ids=["no end", "an error", "no JSON", "nothing", "no connection", "silence", "cut"],
)
def test_an_answer_that_is_not_whole_is_a_failure(answer: httpx.Response | Exception):
    with pytest.raises(UpstreamFailed):
        said(answer)


def test_done_without_a_reason_is_an_end():
    pieces, _ = said(stream(delta("all")))

    assert pieces[-1].finish == "stop"
