"""
The first look of a run: a profile that does not fit is told before anything is judged, a server that is only broken is
not.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from conformance.commands.targets import Setup, open_targets
from conformance.driver.preflight import preflight
from conformance.errors import ProfileMismatch
from conformance.model.profile import Profile
from conformance.model.transcript import Transcript

PROFILE = msgspec.convert(
    {
        "profile": "log",
        "title": "Log",
        "settle": "0ms",
        "operations": {
            "chat": {
                "request": {"method": "POST", "path": "/chat", "json": {"text": "${text}"}},
                "stream": {"framing": "raw-text", "terminal": False},
            },
            "list_messages": {
                "request": {"method": "GET", "path": "/log"},
                "items": "$[*]",
                "fields": {"id": "$.id", "role": "$.role", "text": "$.text"},
            },
        },
    },
    Profile,
)


class Log(BaseHTTPRequestHandler):
    """
    One conversation, whose list is `names` of its fields and `status`; with `forgets`, nothing is in it.
    """

    names = ("id", "role", "text")
    status = 200
    forgets = False
    said: list[tuple[str, str]]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["text"]
        self.said += [] if self.forgets else [("user", asked), ("assistant", "Hi there")]
        self._answer(200, b"Hi there")

    def do_GET(self) -> None:
        rows: list[dict[str, Any]] = [
            dict(zip(self.names, (f"m{place}", *one), strict=True)) for place, one in enumerate(self.said)
        ]
        self._answer(self.status, json.dumps(rows).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(**behaviour: Any) -> Iterator[str]:
    handler = type("Here", (Log,), {**behaviour, "said": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def looked_at(**behaviour: Any) -> Transcript:
    async def look(url: str) -> Transcript:
        async with open_targets(Setup(profiles=[PROFILE], url=url)) as (target,):
            return await preflight(target, 1, tidy=False)

    with serving(**behaviour) as url:
        return asyncio.run(look(url))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            ("id", "sender", "text"),
            r"no message has a role \(`fields.role` of `list_messages`\): write `role: \$.sender`",
        ),
        (("id", "role", "body"), r"the question is in none of the texts .*: write `text: \$.body`"),
        (("uid", "role", "text"), r"no message has an id of its own .*: write `id: \$.uid`"),
    ],
)
def test_a_list_with_other_names_than_the_profiles_is_told_with_the_right_one(names: tuple[str, ...], told: str):
    with pytest.raises(ProfileMismatch, match=f"profile log does not fit the list: {told}"):
        looked_at(names=names)


@pytest.mark.parametrize("behaviour", [{"status": 500}, {"forgets": True}, {"names": ("id", "kept", "text")}, {}])
def test_a_server_that_is_only_broken_is_judged(behaviour: dict[str, Any]):
    assert [one.index for one in looked_at(**behaviour).records][:2] == ["1", "2"]


def test_a_list_of_which_the_server_knows_nothing_is_the_profiles_mistake():
    with pytest.raises(ProfileMismatch, match=r"/log answered 404"):
        looked_at(status=404)
