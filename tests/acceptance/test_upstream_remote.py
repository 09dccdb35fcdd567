"""
The upstream witness of another process: its control API, its client, and how a run finds it.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from conformance.engine.effects import Turn
from conformance.errors import LaunchError, UsageError
from conformance.model.scenario import Script, ToolCall
from conformance.model.transcript import Message
from conformance.text.digest import text_of
from conformance.upstream.attach import attached
from conformance.upstream.remote import RemoteWitness
from conformance.upstream.server import Upstream
from conformance.upstream.witness import Witness

SAY = "Hi k7"


@asynccontextmanager
async def elsewhere() -> AsyncIterator[RemoteWitness]:
    """
    A witness in another thread with a loop of its own, as it would be in another process.
    """
    started, box = threading.Event(), dict[str, Any]()

    async def run() -> None:
        async with Upstream() as upstream:
            box.update(url=upstream.url, loop=asyncio.get_running_loop(), stop=asyncio.Event())
            started.set()
            await box["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    await asyncio.to_thread(started.wait)
    witness = RemoteWitness(box["url"])
    try:
        yield witness
    finally:
        await witness.close()
        box["loop"].call_soon_threadsafe(box["stop"].set)
        await asyncio.to_thread(thread.join)


def test_a_witness_elsewhere_is_used_like_one_here():
    script = Script(answer=["naïve ", "\ud83d"], hold="last-token", tool_calls=[ToolCall(id="c", name="f")])

    async def story() -> Any:
        async with elsewhere() as witness, httpx.AsyncClient(base_url=witness.url, trust_env=False) as client:
            await witness.register(Turn("a key/with?odd parts", SAY, ("k7",), script))
            body = {"stream": True, "messages": [{"role": "user", "content": SAY}]}
            asking = asyncio.ensure_future(client.post("/v1/chat/completions", json=body))
            held = await witness.held("a key/with?odd parts", 5)
            await witness.release("a key/with?odd parts", "steps")
            answered = (await asking).content
            [call] = await witness.calls("a key/with?odd parts")
            await witness.forget("a key/with?odd parts")
            left = await witness.calls("a key/with?odd parts")
            seen = (await witness.state()).calls_seen
            return held, b'"\\ud83d"' in answered, call.messages, call.gates[0].by, call.outcome, left, seen

    expected_prompt = [Message(role="user", text=text_of(SAY))]
    assert asyncio.run(story()) == (True, True, expected_prompt, "steps", "answered", [], 1)


def test_a_witness_elsewhere_tells_times_of_our_own_clock():
    async def story() -> Any:
        async with elsewhere() as witness, httpx.AsyncClient(base_url=witness.url, trust_env=False) as client:
            await witness.register(Turn("t", SAY))
            before = asyncio.get_running_loop().time()
            await client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": SAY}]})
            after = asyncio.get_running_loop().time()
            [call] = await witness.calls("t")
            return before <= call.at <= (call.ended_at or 0) <= after

    assert asyncio.run(story()) is True


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing", 404),
        ("POST", "turns", 400),
        ("GET", "turns/t/held", 400),
        ("GET", "turns/t/held?deadline=x", 400),
        ("POST", "turns/t/release", 400),
    ],
)
def test_what_the_control_api_does_not_understand_is_refused(method: str, path: str, status: int):
    async def story() -> Any:
        async with Upstream() as upstream, httpx.AsyncClient(base_url=upstream.url, trust_env=False) as client:
            return (await client.request(method, f"/threadgauge/{path}")).status_code

    assert asyncio.run(story()) == status


def test_the_second_at_an_address_uses_the_witness_of_the_first():
    async def story() -> Any:
        async with attached("127.0.0.1:0") as first, attached(first.url) as second:
            await second.register(Turn("t", SAY))
            return isinstance(first, Witness), isinstance(second, RemoteWitness), first.url == second.url

    assert asyncio.run(story()) == (True, True, True)


def test_an_address_where_something_else_listens_is_refused():
    async def story(port: int) -> None:
        async with attached(f"127.0.0.1:{port}"):
            pass

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # Something that closes every connection: no HTTP, and no waiting.
        threading.Thread(target=lambda: taken.accept()[0].close(), daemon=True).start()

        with pytest.raises(LaunchError, match=f"cannot listen on http://127.0.0.1:{port}"):
            asyncio.run(story(port))


@pytest.mark.parametrize("address", ["nowhere", "host:", "host:x", "host:99999"])
def test_what_is_no_address_is_refused(address: str):
    async def story() -> None:
        async with attached(address):
            pass

    with pytest.raises(UsageError, match="HOST:PORT"):
        asyncio.run(story())


def test_a_witness_that_is_gone_says_so():
    async def story() -> None:
        await RemoteWitness("http://127.0.0.1:9").state()

    with pytest.raises(LaunchError, match="is gone"):
        asyncio.run(story())
