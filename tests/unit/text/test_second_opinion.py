"""
The same 48 streams through httpx-sse. It differs from the standard in ways we know, and in no other.
"""

import json
from pathlib import Path

import httpx
import httpx_sse
import pytest

CORPUS = json.loads((Path(__file__).parents[3] / "fixtures/streams/sse_corpus.json").read_text())

BOM = "keeps the byte order mark, so the first field has an unknown name"
NO_DATA = "dispatches a block that has no data"
ID_COMMENT = "after any id it dispatches every blank line"
SIGNED = "takes int() for digits: -3, +4 and 1_000 count"

# Case -> why httpx-sse 0.4.3 gives other events (or another retry) than the standard.
EXPLAINED = {
    "bom": BOM,
    "bom_split": BOM,
    "event_without_data": NO_DATA,
    "retry_only": NO_DATA,
    "id_sticky_then_comment_keepalive": ID_COMMENT,
    "retry_bad": SIGNED,
}


def second_opinion(case):
    response = httpx.Response(
        200,
        headers={"content-type": "text/event-stream"},
        content=(bytes.fromhex(chunk) for chunk in case["chunks_hex"]),
    )
    events = list(httpx_sse.EventSource(response).iter_sse())
    retries = [event.retry for event in events if event.retry is not None]
    return [(event.event, event.data, event.id) for event in events], retries[-1] if retries else None


def standard(case):
    expected = case["expected"]
    return [(event["type"], event["data"], event["id"]) for event in expected["events"]], expected["retry_ms"]


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case["name"])
def test_httpx_sse_differs_exactly_where_we_know_why(case):
    differs = second_opinion(case) != standard(case)

    assert differs == (case["name"] in EXPLAINED), second_opinion(case)


def test_every_explanation_is_of_a_case():
    assert set(EXPLAINED) <= {case["name"] for case in CORPUS}
