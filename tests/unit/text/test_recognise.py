"""
A body's framing is known by its bytes, whatever its content type says.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.text.recognise import decoded, looks_like

STREAMS = Path(__file__).parents[3] / "fixtures/streams"


@pytest.mark.parametrize(
    ("name", "framing"),
    [
        ("openai_happy.sse", "openai-sse"),
        ("openai_no_done.sse", "openai-sse"),
        ("plain.sse", "sse"),
        ("raw_c1.txt", "raw-text"),
        ("ai4_text.txt", "ai-data-stream-v1"),
        ("ui_text.sse", "ui-message-stream-v1"),
        ("run_text.sse", "assistants-sse"),
        ("response_text.sse", "responses-sse"),
        ("agno_text.sse", "json-sse"),
    ],
)
def test_each_framing_is_known_by_its_bytes(name: str, framing: str):
    assert looks_like((STREAMS / name).read_text(encoding="utf-8")) == framing


@pytest.mark.parametrize("body", ['{"text": "data: x"}', "[]"])
def test_a_document_is_no_stream(body: str):
    assert looks_like(body) == "json"


def test_text_that_speaks_of_events_is_still_text():
    assert looks_like("In an event stream, a line begins with\ndata: and goes on") == "raw-text"


@pytest.mark.parametrize(
    ("body", "framing"),
    [
        ('event: RunContent\ndata: {"content": "Hello"}\n\n', "json-sse"),
        ('data: {"delta": "Hello"}\n\ndata: [DONE]\n\n', "json-sse"),
        ('event: data\ndata: "Hel"\n\nevent: data\ndata: "lo"\n\n', "json-sse"),
        ('data: {"delta": "Hello"}\n\ndata: plain\n\ndata: {"delta": "!"}\n\n', "sse"),
        ("data: 4\n\ndata: 2\n\n", "sse"),
        ('{"token": "Hel"}\n\n{"token": "lo"}\n', "json-lines"),
        ('{"token": "Hel"}\nlo\n', "raw-text"),
    ],
)
def test_events_of_a_kind_that_nobody_knows_are_json_and_no_more(body: str, framing: str):
    assert looks_like(body) == framing


@pytest.mark.parametrize("body", ["", " \n"])
def test_nothing_looks_like_nothing(body: str):
    assert looks_like(body) is None


def test_a_body_is_decoded_whole():
    text, ending = decoded("sse", "data: Hel\n\ndata: lo\n\ndata: [DONE]\n\n")

    assert (text, ending.terminal) == ("Hello", "[DONE]")
