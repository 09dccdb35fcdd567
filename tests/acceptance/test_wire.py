"""
The wire against servers of a few lines that end their answers in every way there is.
"""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from conformance.driver.http import Limits, Wire
from conformance.engine.effects import Leaving, Place, Request, Send
from conformance.model.profile import Auth
from conformance.model.transcript import Exchange

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"


def sending(path: str = "/", framing: str = "raw-text", leave: bool = False) -> Send:
    leaving = Leaving(Place("text")) if leave else None
    return Send("chat", Request("GET", path), framing, leave=leaving)  # type: ignore[arg-type]


def exchanged(answer: Answer, send: Send | None = None, limits: Limits | None = None, base: str = "") -> Exchange:
    async def all_of_it() -> Exchange:
        async with serving(answer) as url, Wire(url + base, limits=limits) as wire:
            return await wire.exchange(send or sending(), time.monotonic())

    return asyncio.run(all_of_it())


def saying(*parts: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()

    return answer


def test_an_announced_end_that_comes_is_clean():
    exchange = exchanged(saying(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nHi\r\n0\r\n\r\n"))

    assert (exchange.ended, exchange.text.whole if exchange.text else None) == ("clean", "Hi")


def test_a_chunked_body_without_its_last_chunk_is_abrupt():
    exchange = exchanged(saying(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nHi\r\n"))

    assert (exchange.ended, exchange.text.whole if exchange.text else None) == ("abrupt", "Hi")


def test_a_body_shorter_than_its_length_is_abrupt():
    assert exchanged(saying(HEAD, b"Content-Length: 9\r\n\r\nHi")).ended == "abrupt"


def test_a_body_that_ends_with_the_connection_is_clean():
    assert exchanged(saying(HEAD, b"Connection: close\r\n\r\nHi")).ended == "clean"


def test_a_connection_closed_before_any_answer_is_abrupt():
    exchange = exchanged(saying())

    assert (exchange.ended, exchange.status) == ("abrupt", None)


def test_nonsense_is_abrupt_and_no_crash():
    assert exchanged(saying(b"\x00\xff this is no HTTP\r\n\r\n")).ended == "abrupt"


def test_no_server_is_refused():
    async def nobody() -> Exchange:
        async with Wire("http://127.0.0.1:9") as wire:
            return await wire.exchange(sending(), time.monotonic())

    exchange = asyncio.run(nobody())

    assert (exchange.ended, exchange.status) == ("refused", None)


def test_an_answer_that_never_ends_is_given_up():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 9\r\n\r\nHi")
        await reader.read()

    exchange = exchanged(silent, limits=Limits(answer=0.2))

    assert (exchange.ended, exchange.trouble) == ("timeout", "no end within 0.2 s")


def test_a_redirect_is_an_answer_and_not_followed():
    exchange = exchanged(saying(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"))

    assert (exchange.status, exchange.ended) == (302, "clean")


@pytest.mark.parametrize("path", ["/threads/%2E%2E/messages", "/threads/a%2Fb?x=%20", "/a/../b", "/%25%32%46"])
def test_a_path_goes_out_as_it_is(path: str):
    seen: list[bytes] = []

    async def noting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readline())
        writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
        await writer.drain()

    exchanged(noting, sending(path), base="/base")

    assert seen == [f"GET /base{path} HTTP/1.1\r\n".encode()]


def test_the_client_leaves_after_the_first_text():
    async def going_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nHi\r\n")
        await writer.drain()
        gone.set_result(await reader.read())

    async def leaving() -> tuple[str, bytes]:
        nonlocal gone
        gone = asyncio.get_running_loop().create_future()
        async with serving(going_on) as url, Wire(url) as wire:
            exchange = await wire.exchange(sending(leave=True), time.monotonic())
            return exchange.ended, await gone

    gone: asyncio.Future[bytes]

    assert asyncio.run(leaving()) == ("left", b"")


def test_a_body_compressed_against_our_wish_is_unpacked():
    body = gzip.compress("Zürich".encode())
    exchange = exchanged(saying(HEAD, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body))

    assert exchange.text is not None
    assert (exchange.text.whole, exchange.ended) == ("Zürich", "clean")


def test_a_compressed_body_that_ends_early_is_trouble():
    body = b"\x1f\x8b\x08\x00"
    exchange = exchanged(saying(HEAD, b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n", body))

    assert exchange.trouble == "the body ends within its gzip coding"


def test_the_body_of_an_error_is_read_as_json():
    answer = saying(b"HTTP/1.1 422 No\r\nContent-Length: 14\r\n\r\n", b'{"detail":"x"}')

    assert exchanged(answer).value == {"detail": "x"}


def test_credentials_are_not_in_the_exchange():
    async def authorised() -> Exchange:
        secret = {"authorization": "Bearer sk-secret-1234567890"}
        async with serving(saying(HEAD, b"Content-Length: 0\r\n\r\n")) as url, Wire(url, secret) as wire:
            return await wire.exchange(sending(), time.monotonic())

    exchange = asyncio.run(authorised())

    assert exchange.request.headers["authorization"] == "Bearer [redacted]"


@pytest.mark.parametrize(
    ("by", "own", "given", "seen"),
    [
        ("bob", {}, {}, "Key b-token"),
        ("nobody", {}, {"x-key": "of the command line"}, None),
        ("alice", {}, {"X-Key": "of the command line"}, "of the command line"),
        ("bob", {}, {"x-key": "of the command line"}, "Key b-token"),
        ("bob", {"X-Key": "malformed"}, {}, "malformed"),
        (None, {}, {}, None),
    ],
)
def test_a_credential_goes_with_a_request_by_a_principal(by, own, given, seen):
    told: list[bytes] = []

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
        await writer.drain()

    async def asked() -> None:
        auth = Auth(header="X-Key", value="Key ${token}")
        async with serving(listening) as url, Wire(url, given, auth=auth, tokens={"bob": "b-token"}) as wire:
            await wire.exchange(Send("x", Request("GET", "/", own, by=by)), time.monotonic())

    asyncio.run(asked())
    lines = [line.partition(": ") for line in told[0].decode().split("\r\n")]

    assert next((value for name, _, value in lines if name.lower() == "x-key"), None) == seen


def test_a_connection_is_used_again_after_a_clean_end():
    connections = 0

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while not reader.at_eof():
            if not await reader.readline():
                return
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
            await writer.drain()

    async def twice() -> None:
        async with serving(counting) as url, Wire(url) as wire:
            await wire.exchange(sending(), time.monotonic())
            await wire.exchange(sending(), time.monotonic())

    asyncio.run(twice())

    assert connections == 1


def test_a_long_stream_is_kept_short():
    async def long(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"Connection: close\r\n\r\n")
        for _ in range(2000):
            writer.write(b"0123456789" * 200)
            await writer.drain()

    exchange = exchanged(long)

    assert exchange.text is not None
    assert exchange.text.length == 4_000_000
    assert exchange.text.whole is None
    assert exchange.body is not None
    assert exchange.body.whole is None
