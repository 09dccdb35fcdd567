"""
HTTP/1.1, written in another way than most servers do.
"""

from __future__ import annotations

import re
from typing import Final

from reference_server.quirks.line import Head, Outlet

ENDS: Final = ("completions", "shadflare", "assistants", "conversations")  # dialects whose streams say that they end
_CHUNK: Final = re.compile(rb"([0-9a-fA-F]+)\r\n")


class UpperCaseHeaders(Outlet):
    """
    The names of headers are in capital letters.
    """

    id = "upper-case-headers"
    seam = "outlet"
    group = "header-names"
    source = "RFC 9110, 5.1: field names are case-insensitive"

    def head(self, head: Head) -> Head:
        return head[0], [(name.upper(), value) for name, value in head[1]]


class MixedCaseHeaders(Outlet):
    """
    The names of headers are in small and capital letters by turns.
    """

    id = "mixed-case-headers"
    seam = "outlet"
    group = "header-names"
    source = "RFC 9110, 5.1: field names are case-insensitive"

    def head(self, head: Head) -> Head:
        return head[0], [(_alternating(name), value) for name, value in head[1]]


class SpacesInHeaders(Outlet):
    """
    No space before a header's value, and a tab and a space behind it.
    """

    id = "spaces-in-headers"
    seam = "outlet"
    source = "RFC 9112, 5: optional white space around a field's value is no part of it"

    def header(self, name: bytes, value: bytes) -> bytes:
        return name + b":" + value + b"\t "


class HeadersTurnedRound(Outlet):
    """
    The headers come in the reverse order.
    """

    id = "headers-turned-round"
    seam = "outlet"
    source = "RFC 9110, 5.3: the order of fields of different names is not significant"

    def head(self, head: Head) -> Head:
        return head[0], head[1][::-1]


class NoReason(Outlet):
    """
    The status line ends behind the code.
    """

    id = "no-reason-phrase"
    seam = "outlet"
    group = "reason"
    source = "RFC 9112, 4: a client SHOULD ignore the reason phrase, which may be absent"

    def head(self, head: Head) -> Head:
        return head[0][: len("HTTP/1.1 200")] + b" ", head[1]


class OwnReason(Outlet):
    """
    The status line has words of its own, also beyond ASCII.
    """

    id = "own-reason-phrase"
    seam = "outlet"
    group = "reason"
    source = "RFC 9112, 4: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )"

    def head(self, head: Head) -> Head:
        return head[0][: len("HTTP/1.1 200")] + " tr\u00e8s bien".encode("latin-1"), head[1]


class NoDate(Outlet):
    """
    Neither `Date` nor `Server`.
    """

    id = "no-date"
    seam = "outlet"
    source = "RFC 9110, 6.6.1: an origin server without a clock sends no Date; 10.2.4: it MAY send Server"

    def head(self, head: Head) -> Head:
        return head[0], [pair for pair in head[1] if pair[0].lower() not in (b"date", b"server")]


class Interim(Outlet):
    """
    Each answer comes after two interim ones: 102 and 103.
    """

    id = "interim-answers"
    seam = "outlet"
    source = "RFC 9110, 15.2: a client MUST be able to parse one or more 1xx responses before a final one"

    def written(self, head: bytes) -> list[bytes]:
        return [b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n", head]


class HeadInPieces(Outlet):
    """
    The head comes in pieces of ten bytes.
    """

    id = "head-in-pieces"
    seam = "outlet"
    order = 9
    source = "RFC 9112, 2.2: a message is parsed as a sequence of octets; TCP keeps no boundaries"

    def written(self, head: bytes) -> list[bytes]:
        return [head[at : at + 10] for at in range(0, len(head), 10)]


class ChunkExtensions(Outlet):
    """
    Each chunk has extensions that nobody asked for, and its size leading zeros.
    """

    id = "chunk-extensions"
    seam = "outlet"
    group = "chunked"
    source = "RFC 9112, 7.1.1: a recipient MUST ignore unrecognized chunk extensions"

    def body(self, data: bytes) -> bytes:
        return b"".join(b'00%s;id=7;by="us"\r\n%s' % chunk for chunk in _chunks(data)) if self.chunked else data


class Trailers(Outlet):
    """
    A body in chunks is followed by trailers.
    """

    id = "trailers"
    seam = "outlet"
    group = "chunked"
    source = "RFC 9112, 7.1.2: a trailer section may follow; a recipient may discard it"

    def body(self, data: bytes) -> bytes:
        if not self.chunked or not _is_last(data):
            return data
        return data.removesuffix(b"0\r\n\r\n") + b"0\r\nx-checksum: 7\r\nserver-timing: all;dur=3\r\n\r\n"


class CloseDelimited(Outlet):
    """
    A streamed body ends with its connection, and has no chunks.
    """

    id = "close-delimited"
    seam = "outlet"
    group = "chunked"
    dialects = ENDS  # where nothing marks a stream's end, a cut one would look whole
    source = "RFC 9112, 6.3: without a length, the body ends where the server closes the connection"

    def head(self, head: Head) -> Head:
        if not self.chunked:
            return head
        kept = [pair for pair in head[1] if pair[0].lower() not in (b"transfer-encoding", b"connection")]
        return self.status(head[0]), [*kept, (b"connection", b"close")]

    def status(self, line: bytes) -> bytes:
        return line

    def body(self, data: bytes) -> bytes:
        return b"".join(chunk[1].removesuffix(b"\r\n") for chunk in _chunks(data)) if self.chunked else data

    def over(self, data: bytes) -> bool:
        return self.chunked and _is_last(data)


class OldVersion(CloseDelimited):
    """
    The answer's version is HTTP/1.0: no chunks, and no second request on the connection.
    """

    id = "http-1-0"
    source = "RFC 9110, 2.5: a recipient of a lower minor version reads it by that version's rules"

    def begin(self, head: Head) -> Head:
        status, headers = super().begin(head)
        kept = [pair for pair in headers if pair[0].lower() != b"connection"]
        return status.replace(b"HTTP/1.1", b"HTTP/1.0"), [*kept, (b"connection", b"close")]


def _alternating(name: bytes) -> bytes:
    text = name.decode("ascii")
    return "".join(one.upper() if at % 2 else one.lower() for at, one in enumerate(text)).encode()


def _is_last(data: bytes) -> bool:
    return any(int(size, 16) == 0 for size, _ in _chunks(data))


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """
    Size and rest (with its line's end) of each chunk.
    """
    found = []
    while begin := _CHUNK.match(data):
        end = begin.end() + int(begin[1], 16) + 2
        found.append((begin[1], data[begin.end() : end]))
        data = data[end:]
    return found
