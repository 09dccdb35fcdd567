import asyncio

import pytest

from conformance.upstream.reading import LARGEST_BODY, LARGEST_HEAD, BadRequest, Request, read_request


def read(*parts: bytes) -> list[Request]:
    """
    All requests in these bytes.
    """

    async def reading() -> list[Request]:
        reader = asyncio.StreamReader(limit=LARGEST_HEAD)
        for part in parts:
            reader.feed_data(part)
        reader.feed_eof()
        found = []
        while (request := await read_request(reader, lambda: None)) is not None:
            found.append(request)
        return found

    return asyncio.run(reading())


def test_requests_follow_one_another():
    first, second = read(
        b"POST /v1/x?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi\r\n",
        b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n",
    )

    assert (first.path, first.query, first.body, first.keeps, second.method, second.keeps) == (
        *("/v1/x", "a=b", b"hi", True),
        *("GET", False),
    )


def test_a_chunked_body_is_joined():
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    [request] = read(head + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n")

    assert request.body == b"abc0123456789"


def test_who_leaves_in_the_middle_asked_nothing():
    assert read(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab") == []


def test_a_waiting_client_is_told_to_proceed():
    async def reading() -> list[str]:
        reader, told = asyncio.StreamReader(), list[str]()
        reader.feed_data(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx")
        await read_request(reader, lambda: told.append("proceed"))
        return told

    assert asyncio.run(reading()) == ["proceed"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * LARGEST_HEAD + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (LARGEST_BODY + 1), 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 9" + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", 413),
    ],
)
def test_nonsense_is_refused_with_a_status(request_bytes: bytes, status: int):
    with pytest.raises(BadRequest) as refused:
        read(request_bytes)

    assert refused.value.status == status
