"""
HTTP/1.1 requests, read from a stream: RFC 9112 as far as clients use it, and a clear refusal of the rest.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

__all__ = ["LARGEST_BODY", "LARGEST_HEAD", "BadRequest", "Request", "read_request"]

LARGEST_HEAD: Final = 64 * 1024  # twice what nginx takes
LARGEST_BODY: Final = 256 * 2**20  # a long thread of huge messages, several times over

_REQUEST: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/(\d\.\d)")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")


class BadRequest(Exception):
    """
    A request that we do not take. The connection cannot be used any more.
    """

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request; `path` is as sent, without the query.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def keeps(self) -> bool:
        """
        Whether the client wants to use the connection again.
        """
        return "close" not in self.headers.get("connection", "").lower()


async def read_request(reader: asyncio.StreamReader, proceed: Callable[[], None]) -> Request | None:
    """
    The next request, or None where the client has left. `proceed` is called where the client waits for 100 Continue.

    Raises BadRequest.
    """
    try:
        head = await _head(reader)
        request = _parsed(head)
        if request.headers.get("expect", "").lower() == "100-continue":
            proceed()
        body = await _body(reader, request.headers)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Request(request.method, request.path, request.query, request.headers, body)


def segments(path: str) -> list[str]:
    """
    The decoded parts of a path.
    """
    return [unquote_to_bytes(part).decode(errors="replace") for part in path.split("/") if part]


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise BadRequest(431, f"the request's head is over {LARGEST_HEAD} bytes") from None
    # Old clients send an empty line after a body.
    return head[:-4].decode("latin-1").removeprefix("\r\n")


def _parsed(head: str) -> Request:
    first, *lines = head.split("\r\n")
    found = _REQUEST.fullmatch(first)
    if found is None:
        raise BadRequest(400, f"not a request line: {first[:80]!r}")
    if found[3] != "1.1":
        raise BadRequest(505, f"HTTP/{found[3]} is not spoken here, HTTP/1.1 is")
    path, _, query = found[2].partition("?")
    return Request(found[1], path, query, dict(map(_field, lines)))


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not _NAME.fullmatch(name):
        raise BadRequest(400, f"not a header: {line[:80]!r}")
    return name.lower(), value.strip(" \t")


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None and length is not None:
        raise BadRequest(400, "both Content-Length and Transfer-Encoding")
    if coding is not None:
        if coding.lower() != "chunked":
            raise BadRequest(501, f"transfer coding {coding[:40]!r} is not known here, chunked is")
        return await _chunked(reader)
    if length is None:
        return b""
    if not (length.isascii() and length.isdigit()):
        raise BadRequest(400, f"not a Content-Length: {length[:40]!r}")
    return await reader.readexactly(_bounded(int(length[:20])))


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := await _chunk_size(reader):
        _bounded(len(body) + size)
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise BadRequest(400, "a chunk is not as long as it says")
    while await _line(reader):  # trailers
        pass
    return bytes(body)


async def _chunk_size(reader: asyncio.StreamReader) -> int:
    digits = (await _line(reader)).partition(b";")[0].strip()
    if not _SIZE.fullmatch(digits):
        raise BadRequest(400, f"not a chunk size: {digits[:40]!r}")
    return int(digits, 16)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\r\n"))[:-2]
    except asyncio.LimitOverrunError:
        raise BadRequest(400, "a line of the chunked body is too long") from None


def _bounded(size: int) -> int:
    if size > LARGEST_BODY:
        raise BadRequest(413, f"the body is over {LARGEST_BODY} bytes")
    return size
