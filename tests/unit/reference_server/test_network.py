"""
TCP to the model: what is sent and read, and how a broken connection is told.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
import pytest

from reference_server.core.network import Transport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

BIG = 3 * 2**20  # bytes: more than all buffers between the two


def answering(*parts: bytes) -> Serve:
    """
    A server that reads a head, answers with these parts, and ends the connection.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.writelines(parts)
            await writer.drain()
        await gone(writer)

    return serve


async def gone(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """
    A server that answers with the number of bytes that came.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    told = str(len(await reader.readexactly(size))).encode()
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(told), told))
    await gone(writer)


def asked(serve: Serve, content: bytes = b"", read: float | None = 5.0) -> bytes:
    """
    The body of one answer.
    """

    async def asking() -> bytes:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        timeout = {"timeout": {"connect": 5.0, "read": read, "write": 5.0, "pool": None}}
        try:
            async with Transport(None) as transport:
                request = httpx.Request("POST", url, content=content, extensions=timeout)
                response = await transport.handle_async_request(request)
                try:
                    return await response.aread()
                finally:
                    await response.aclose()
        finally:
            server.close()
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    return asyncio.run(asking())


def test_an_answer_is_read_whole_however_it_is_cut() -> None:
    parts = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"5\r\nhel", b"lo\r\n1\r\n!\r\n0\r\n\r\n"

    assert asked(answering(*parts)) == b"hello!"


def test_a_long_question_is_sent_whole() -> None:
    assert asked(counting, b"x" * BIG) == str(BIG).encode()


def test_an_answer_without_its_end_is_broken() -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        asked(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"))


def test_a_silent_model_is_not_waited_for() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await gone(writer)

    with pytest.raises(httpx.ReadTimeout):
        asked(silent, read=0.05)


def test_nobody_listening_is_no_connection() -> None:
    async def asking() -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))  # and does not listen
            port = bound.getsockname()[1]
            async with Transport(None) as transport:
                request = httpx.Request("POST", f"http://127.0.0.1:{port}/", extensions={"timeout": {}})
                await transport.handle_async_request(request)

    with pytest.raises(httpx.ConnectError):
        asyncio.run(asking())
