"""
TCP for httpcore, on both event loops that we run on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
import pytest

from conformance.driver.loop import new_event_loop
from conformance.driver.network import Transport

LOOPS = pytest.mark.parametrize("loop", [new_event_loop, asyncio.new_event_loop], ids=["ours", "asyncio's"])
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Loop = Callable[[], asyncio.AbstractEventLoop]


def asked(loop: Loop, serve: Serve, times: int = 1) -> list[bytes]:
    """
    The bodies of so many requests over one transport.
    """

    async def asking() -> list[bytes]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport = Transport(None, 5.0)
        try:
            return [await _body(transport, port) for _ in range(times)]
        finally:
            await transport.aclose()
            server.close()
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(asking())


async def _body(transport: Transport, port: int) -> bytes:
    response = await transport.handle_async_request(httpx.Request("GET", f"http://127.0.0.1:{port}/"))
    try:
        return await response.aread()
    finally:
        await response.aclose()


def answering(*parts: bytes, lasts: bool = True) -> Serve:
    """
    A server that answers each request with these parts, and keeps the connection if it `lasts`.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.writelines(parts)
                await writer.drain()
                if not lasts:
                    break
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    return serve


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n"


@LOOPS
def test_an_answer_is_read_to_its_end(loop: Loop) -> None:
    assert asked(loop, answering(HEAD, b"abc", b"def"), times=2) == [b"abcdef"] * 2


@LOOPS
def test_an_idle_connection_that_was_closed_is_not_used_again(loop: Loop) -> None:
    assert asked(loop, answering(HEAD + b"abcdef", lasts=False), times=3) == [b"abcdef"] * 3


@LOOPS
def test_an_end_before_the_end_is_a_broken_answer(loop: Loop) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        asked(loop, answering(HEAD, b"abc", lasts=False))


@LOOPS
def test_what_is_larger_than_one_read_comes_whole(loop: Loop) -> None:
    body = b"x" * 3_000_000
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode()

    assert asked(loop, answering(head, body)) == [body]


@LOOPS
def test_nobody_there_is_a_refused_connection(loop: Loop) -> None:
    async def asking() -> None:
        server = await asyncio.start_server(answering(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        async with Transport(None, 5.0) as transport:
            await _body(transport, port)

    with asyncio.Runner(loop_factory=loop) as runner, pytest.raises(httpx.ConnectError):
        runner.run(asking())
