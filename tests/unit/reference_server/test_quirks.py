"""
The catalogue of quirks: each stands at a seam, says why it is legal, and is declared in words that profiles have.
"""

import asyncio
import dataclasses
import gzip
import inspect
import json

import pytest

from conformance.commands.oddities import declared
from conformance.loading.ledger import load_ledger
from conformance.loading.places import builtin_profiles, shipped_ledger
from conformance.loading.profiles import load_profile
from conformance.model.quirk import Quirk
from conformance.text.sse import SseDecoder
from reference_server.assembly import Parts
from reference_server.quirks.edge import Edge, Outgoing
from reference_server.quirks.line import Outlet
from reference_server.quirks.registry import described, named, quirks

SEAMS = {field.name: field.default for field in dataclasses.fields(Parts)} | {"outgoing": Outgoing, "outlet": Outlet}
POLICIES = {name: set(one.values) for name, one in load_ledger(shipped_ledger()).policies.items()}
BY_ID = sorted(quirks())
PLAIN = b'data: {"n":1,"t":"z\xc3\xbcrich"}\n\n'


def test_there_are_as_many_as_we_say():
    assert len(BY_ID) >= 45


@pytest.mark.parametrize("name", BY_ID)
def test_a_quirk_derives_from_the_class_of_its_seam(name: str):
    quirk = quirks()[name]

    assert issubclass(quirk, SEAMS[quirk.seam])
    assert quirk is not SEAMS[quirk.seam]


@pytest.mark.parametrize("one", described(), ids=lambda one: one["id"])
def test_a_quirk_says_what_it_does_and_why_it_is_legal(one: dict[str, str]):
    assert one["sentence"].endswith(".")
    assert len(one["source"]) > 20
    assert set(one["dialects"]) <= set(builtin_profiles())


@pytest.mark.parametrize("one", described(), ids=lambda one: one["id"])
def test_what_a_quirk_declares_is_in_the_words_of_profiles(one: dict[str, str]):
    quirk = Quirk(**one)
    for dialect in quirk.dialects:
        profile = declared(load_profile(dialect), [quirk])
        for policy, value in profile.policies.items():
            assert value in POLICIES[policy]
        assert (profile == load_profile(dialect)) is not any(quirk.profile.values())


def test_the_healthy_code_knows_no_quirk():
    healthy = [one for name, one in SEAMS.items() if name not in ("outgoing", "outlet")]

    assert not [one for one in healthy if "quirk" in inspect.getsource(one).lower()]


def test_a_quirk_that_needs_another_brings_it():
    assert [one.id for one in named(["ids-as-numbers"])] == ["ids-of-digits", "ids-as-numbers"]


def test_an_unknown_quirk_is_refused():
    with pytest.raises(ValueError, match="there is no quirk nonsense"):
        named(["nonsense"])


def answered(names: list[str], pieces: list[bytes], kind: str = "text/event-stream") -> tuple[dict[bytes, bytes], list]:
    """
    The headers and the pieces of a body that passes these quirks.
    """
    streamed = kind == "text/event-stream"

    async def app(_scope, _receive, send):
        headers = [(b"content-type", kind.encode())]
        headers += [] if streamed else [(b"content-length", str(len(pieces[0])).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": streamed})
        if streamed:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/v1/threads/t/messages", "query_string": b""}
    asyncio.run(Edge(app, named(names))(scope, receive, send))
    return dict(sent[0]["headers"]), [one["body"] for one in sent[1:]]


@pytest.mark.parametrize(
    "name",
    [
        one
        for one in BY_ID
        if quirks()[one].seam == "outgoing" and quirks()[one].__module__.endswith(("events", "chunks"))
    ],
)
def test_events_that_pass_a_quirk_mean_the_same(name: str):
    _, pieces = answered([name], [PLAIN, PLAIN])
    decoder = SseDecoder()
    found = [event for piece in pieces for event in decoder.feed(piece)]
    values = [json.loads(event.data) for event in found]

    assert (
        b"".join(pieces) != PLAIN + PLAIN
        or len(pieces) > 3
        or name in ("no-done", "numbered-heartbeats", "unknown-events")
    )
    assert [one["t"] for one in values if one.get("n") == 1 and "choices" not in one] == ["zürich", "zürich"]


def test_a_cut_stream_stays_without_its_end():
    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": PLAIN, "more_body": True})

    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    asyncio.run(Edge(app, named(["gzip", "crlf"]))(scope, None, send))

    assert all(message.get("more_body", True) for message in sent)


def test_a_document_is_packed_with_its_own_length():
    headers, pieces = answered(["gzip"], [b'{"a":1}'], "application/json")

    assert gzip.decompress(pieces[0]) == b'{"a":1}'
    assert headers[b"content-length"] == str(len(pieces[0])).encode()


def test_the_client_s_metadata_is_left_alone():
    _, pieces = answered(
        ["json-extra-keys", "json-without-nulls"], [b'{"metadata":{"a":null},"b":null}'], "application/json"
    )

    assert json.loads(pieces[0])["metadata"] == {"a": None}
    assert "b" not in json.loads(pieces[0])


def test_line_ends_do_not_run_together():
    _, pieces = answered(["mixed-line-ends"], [PLAIN] * 4)

    assert b"".join(pieces).count(b"\r\n\n") == 0
