"""
Reading a model's chunks: whole characters, tool calls, ends, and what is no chunk.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from reference_server.core.answers import Answer
from reference_server.core.errors import UpstreamFailed
from reference_server.core.texts import Texts
from reference_server.core.upstream import Piece, Prompt, Upstream

STREAMS = Path(__file__).parents[3] / "fixtures" / "streams"
UPSTREAM = Upstream("http://model.invalid/v1/", "key")
HIGH, LOW = "\ud83d", "\ude00"


class Cut(httpx.AsyncByteStream):
    """
    A body as the network brings it.
    """

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def pieces(*chunks: bytes) -> list[Piece]:
    async def read() -> list[Piece]:
        return [piece async for piece in UPSTREAM.pieces(httpx.Response(200, stream=Cut(*chunks)))]

    return asyncio.run(read())


def answer(*chunks: bytes) -> Answer:
    whole = Answer(Texts(), None)
    for piece in pieces(*chunks):
        whole.take(piece)
    return whole


def said(*texts: str) -> bytes:
    deltas = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in texts]
    return b"".join(b"data: %s\n\n" % json.dumps(delta).encode() for delta in deltas)


@pytest.mark.parametrize(
    ("text", "whole", "half"),
    [
        ("", "", ""),
        ("a", "a", ""),
        ("😀", "😀", ""),
        (HIGH + LOW, "😀", ""),
        ("a" + HIGH, "a", HIGH),
        (HIGH, "", HIGH),
        (HIGH + HIGH, "\ufffd", HIGH),
        (HIGH + "a", "\ufffda", ""),
        (HIGH + "\n", "\ufffd\n", ""),
        (LOW + "a", "\ufffda", ""),
        ("\ufeffa", "\ufeffa", ""),
        ("😀\n", "😀\n", ""),
    ],
)
def test_characters_are_whole(text: str, whole: str, half: str):
    assert UPSTREAM.whole_characters(text) == (whole, half)


def test_a_pair_over_two_chunks_is_one_character():
    assert answer(said("a" + HIGH, LOW + "b")).text == "a😀b"


def test_a_half_that_is_never_completed_is_replaced():
    assert answer(said("a" + HIGH), b"data: [DONE]\n\n").text == "a\ufffd"


def test_a_line_break_behind_half_a_pair_is_kept():
    assert answer(said(HIGH + "\n", "b")).text == "\ufffd\nb"


@pytest.mark.parametrize("name", ["openai_happy.sse", "openai_tool_calls.sse", "openai_surrogates.sse"])
def test_an_answer_is_the_same_wherever_it_is_cut(name: str):
    body = (STREAMS / name).read_bytes()
    uncut = answer(body).message()

    # Every seventh byte: a prime, so that all places in a line come up, at a seventh of the time.
    assert [at for at in range(0, len(body), 7) if answer(body[:at], body[at:]).message() != uncut] == []


def test_done_without_a_reason_is_an_end_by_itself():
    assert answer(said("a"), b"data: [DONE]\n\n").finish == "stop"


def test_done_after_a_reason_changes_nothing():
    length = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}\n\n'

    assert answer(said("a"), length, b"data: [DONE]\n\n").finish == "length"


def test_nothing_counts_after_done():
    assert answer(said("a"), b"data: [DONE]\n\n", said("b")).text == "a"


@pytest.mark.parametrize("data", ["{", "[]", "1", "null", '{"error": {"message": "sk-secret"}}'])
def test_what_is_no_chunk_is_the_models_fault(data: str):
    with pytest.raises(UpstreamFailed) as failed:
        list(UPSTREAM.chunk(data))

    assert "secret" not in str(failed.value)


def test_usage_comes_without_a_choice():
    assert list(UPSTREAM.chunk('{"choices": [], "usage": {"total_tokens": 3}}')) == [Piece(usage={"total_tokens": 3})]


def test_reasoning_and_other_choices_are_no_part_of_the_answer():
    chunk = {
        "choices": [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"reasoning": "r", "content": "a"}}]
    }

    assert [piece.text for piece in UPSTREAM.chunk(json.dumps(chunk))] == ["a"]


def test_options_cannot_replace_what_is_ours():
    body = UPSTREAM.body(Prompt([{"role": "user"}], "m", {"stream": False, "model": "x", "messages": [], "seed": 1}))

    assert body == {"stream": True, "model": "m", "messages": [{"role": "user"}], "seed": 1}


def test_a_refusal_keeps_status_and_time_but_not_the_words():
    refusal = UPSTREAM.refused(httpx.Response(429, headers={"retry-after": "7"}, text="key sk-secret is spent"))

    assert (refusal.status, refusal.retry_after, str(refusal)) == (429, "7", "the model refused the request")
