"""
The framings of typed events and lines: healthy streams, failed ones, and that cutting changes nothing.
"""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.driver.reading import AnswerReader
from conformance.text.deltas import Delta, Ending
from conformance.text.framing import decoder

STREAMS = Path(__file__).parents[3] / "fixtures/streams"
FRAMINGS = {
    "ai4": "ai-data-stream-v1",
    "ui": "ui-message-stream-v1",
    "run": "assistants-sse",
    "response": "responses-sse",
}
NAMES = sorted(path.name for path in STREAMS.iterdir() if path.name.partition("_")[0] in FRAMINGS)

MORNING = 'Good mörning 🌍\na "b" \u2028 c'
TIDE = ({"id": "call_1", "type": "function", "function": {"name": "tide", "arguments": '{"port":"Kiel"}'}},)
AI4_USAGE = {"promptTokens": 11, "completionTokens": 6}
RUN_USAGE = {"prompt_tokens": 11, "completion_tokens": 6, "total_tokens": 17}
RUN = {"terminal": "[DONE]", "parent_id": "run_1"}
RESPONSE = {"parent_id": "resp_1"}
AWAY = "the model went away"
MASKED = "An error occurred."

GOLDEN = {
    "ai4_text.txt": (MORNING, Ending(terminal="d", usage=AI4_USAGE, finish_reason="stop", message_id="msg-1")),
    "ai4_steps.txt": (
        "One moment. 3 m at Kiel.",
        Ending(
            terminal="d",
            usage={"promptTokens": 22, "completionTokens": 12},
            tool_calls=TIDE,
            finish_reason="stop",
            message_id="msg-2",
        ),
    ),
    "ai4_error.txt": (
        "half",
        Ending(terminal="d", error=MASKED, usage=AI4_USAGE, finish_reason="error", message_id="msg-1"),
    ),
    "ai4_refused.txt": ("", Ending(error=MASKED)),
    "ui_text.sse": (MORNING, Ending(terminal="[DONE]", finish_reason="stop", message_id="m-1")),
    "ui_steps.sse": (
        "One moment. 3 m at Kiel.",
        Ending(
            terminal="[DONE]",
            usage={"inputTokens": 22, "outputTokens": 12, "totalTokens": 34},
            tool_calls=TIDE,
            finish_reason="stop",
            message_id="m-1",
        ),
    ),
    "ui_abort.sse": ("half", Ending(terminal="[DONE]", error="aborted")),
    "ui_error.sse": ("half", Ending(terminal="[DONE]", error=MASKED, finish_reason="error")),
    "ui_refused.sse": ("", Ending(terminal="[DONE]", error=MASKED)),
    # A model that went away: the SDK closes its stream as if all were well, only the text's end is missing.
    "ui_truncated.sse": (
        "half",
        Ending(
            terminal="[DONE]",
            finish_reason="other",
            problems=("text '1' was not ended by the finish-step at byte 144",),
        ),
    ),
    "run_text.sse": (MORNING, Ending(usage=RUN_USAGE, finish_reason="stop", message_id="msg_1", **RUN)),
    "run_tools.sse": ("", Ending(tool_calls=TIDE, finish_reason="tool_calls", **RUN)),
    "run_after_tools.sse": ("3 m.", Ending(usage=RUN_USAGE, finish_reason="stop", message_id="msg_1", **RUN)),
    "run_incomplete.sse": ("half", Ending(usage=RUN_USAGE, finish_reason="length", message_id="msg_1", **RUN)),
    "run_failed.sse": ("half", Ending(error=AWAY, finish_reason="failed", message_id="msg_1", **RUN)),
    "run_error.sse": ("", Ending(error=AWAY, **RUN)),
    "response_text.sse": (
        MORNING,
        Ending(terminal="response.completed", finish_reason="stop", message_id="msg_1", **RESPONSE),
    ),
    "response_tools.sse": (
        "",
        Ending(terminal="response.completed", tool_calls=TIDE, finish_reason="tool_calls", **RESPONSE),
    ),
    "response_incomplete.sse": (
        "half",
        Ending(terminal="response.incomplete", finish_reason="length", message_id="msg_1", **RESPONSE),
    ),
    "response_failed.sse": (
        "half",
        Ending(terminal="response.failed", error=AWAY, finish_reason="failed", message_id="msg_1", **RESPONSE),
    ),
    "response_error.sse": ("", Ending(error=AWAY, **RESPONSE)),
}
SHORT = [name for name in NAMES if (STREAMS / name).stat().st_size < 2000]


def read(name: str, *chunks: bytes) -> tuple[list[Delta], Ending]:
    reading = decoder(FRAMINGS[name.partition("_")[0]])
    seen = [delta for chunk in chunks for delta in reading.feed(chunk)]
    return seen + reading.close(), reading.ending


def whole(name: str) -> tuple[list[Delta], Ending]:
    return read(name, (STREAMS / name).read_bytes())


def said(seen: list[Delta]) -> str:
    return "".join(delta.text for delta in seen)


def without_usage(ending: Ending) -> Ending:
    return Ending(**{name: getattr(ending, name) for name in Ending.__slots__ if name != "usage"})


def test_every_stream_is_here():
    assert sorted(GOLDEN) == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("response")])
def test_a_stream_gives_its_text_and_its_ending(name):
    seen, ending = whole(name)

    assert (said(seen), ending) == GOLDEN[name]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("response")])
def test_a_response_gives_its_text_and_its_ending(name):
    seen, ending = whole(name)

    assert (said(seen), without_usage(ending)) == GOLDEN[name]


@pytest.mark.parametrize("name", ["response_text.sse", "response_tools.sse", "response_incomplete.sse"])
def test_a_response_ends_with_its_usage(name):
    usage = whole(name)[1].usage

    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (11, 6, 17)


@pytest.mark.parametrize("name", SHORT)
def test_a_short_stream_cut_at_any_byte_is_the_same(name):
    body = (STREAMS / name).read_bytes()

    assert [cut for cut in range(len(body)) if read(name, body[:cut], body[cut:]) != whole(name)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_that_comes_byte_by_byte_is_the_same(name):
    body = (STREAMS / name).read_bytes()

    assert read(name, *(bytes([byte]) for byte in body)) == whole(name)


@given(st.sampled_from(NAMES), st.lists(st.integers(0, 6000), max_size=30))
def test_any_cutting_gives_the_same_deltas(name, cuts):
    body = (STREAMS / name).read_bytes()
    edges = [0, *sorted(cuts), len(body)]

    assert read(name, *(body[a:b] for a, b in pairwise(edges))) == whole(name)


@given(st.sampled_from(sorted(FRAMINGS)), st.binary(max_size=300))
def test_no_bytes_break_a_decoder(name, body):
    assert read(name, body)[1].tool_calls == ()


@given(st.sampled_from(NAMES), st.integers(0, 6000), st.integers(0, 50), st.binary(max_size=5))
def test_a_damaged_stream_is_still_read_to_its_end(name, place, removed, added):
    body = (STREAMS / name).read_bytes()

    assert f"{read(name, body[:place] + added + body[place + removed :])[1]}".encode()


@pytest.mark.parametrize("name", [name for name in NAMES if GOLDEN[name][0]])
def test_a_stream_cut_short_is_a_problem_or_has_no_marker(name):
    """
    Every prefix that ends with an event or a line: at each of them a client can know that the end is missing.
    """
    body = (STREAMS / name).read_bytes()
    separator = b"\n" if name.endswith(".txt") else b"\n\n"
    pieces = [piece + separator for piece in body.split(separator)[:-1]]
    endings = [read(name, b"".join(pieces[:count]))[1] for count in range(len(pieces))]

    assert [ending for ending in endings if not (ending.problems or ending.error or ending.terminal is None)] == []


@pytest.mark.parametrize("name", ["ai4_text.txt", "ui_text.sse", "run_text.sse", "response_text.sse"])
def test_a_delta_names_its_event_and_the_byte_where_that_begins(name):
    body = (STREAMS / name).read_bytes()
    separator = b"\n" if name.endswith(".txt") else b"\n\n"
    pieces = body.split(separator)

    seen, _ = whole(name)

    assert [(delta.event, delta.offset) for delta in seen] == [
        (index, sum(len(piece) + len(separator) for piece in pieces[:index]))
        for index in range(seen[0].event, seen[0].event + 4)
    ]


def test_the_transcript_keeps_what_the_message_is_part_of():
    reader = AnswerReader("responses-sse", lambda _: None)
    reader.feed((STREAMS / "response_text.sse").read_bytes(), 1.0)

    end = reader.finish(2.0)["end"]

    assert (end.message_id, end.parent_id) == ("msg_1", "resp_1")
