"""
Headers that say the same in another way, or say more.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders

from reference_server.quirks.edge import JSON, Outgoing


class ConnectionClosed(Outgoing):
    """
    The connection is closed after each answer.
    """

    id = "connection-closed"
    seam = "outgoing"
    closes = True
    source = "RFC 9112, 9.6: a server may end a persistent connection with any answer"

    def head(self, headers: MutableHeaders) -> None:
        headers["connection"] = "close"


class ManyHeaders(Outgoing):
    """
    Answers bring cookies, an entity tag, timings, policies and a long header.
    """

    id = "many-headers"
    seam = "outgoing"
    source = "RFC 9110, 5.1: unrecognized fields are ignored; RFC 6265, 3: Set-Cookie comes several times"

    def head(self, headers: MutableHeaders) -> None:
        headers.append("set-cookie", "visit=7; Path=/; HttpOnly")
        headers.append("set-cookie", "shard=b; Path=/; SameSite=Lax")
        headers["etag"] = 'W/"7"'
        headers["server-timing"] = "app;dur=3.2, db;dur=1"
        headers["content-security-policy"] = "default-src 'none'; " + "; ".join(f"img-src a{n}.test" for n in range(99))
        headers["x-request-id"] = "0" * 36


class Charset(Outgoing):
    """
    The media type's charset is quoted and in capitals, and another parameter follows.
    """

    id = "charset-quoted"
    seam = "outgoing"
    source = 'RFC 9110, 8.3.1: charset="UTF-8" is equivalent to charset=utf-8'

    def applies(self) -> bool:
        return bool(self.kind) and self.kind != "text/plain"

    def head(self, headers: MutableHeaders) -> None:
        headers["content-type"] = f'{self.kind} ; charset="UTF-8"; profile=x'


class CapitalType(Outgoing):
    """
    The media type is written with capital letters.
    """

    id = "media-type-capitals"
    seam = "outgoing"
    order = 1
    source = "RFC 9110, 8.3.1: type and subtype are case-insensitive"

    def head(self, headers: MutableHeaders) -> None:
        kind, semicolon, rest = headers.get("content-type", "").partition(";")
        if kind:
            headers["content-type"] = kind.title() + semicolon + rest


class ProblemType(Outgoing):
    """
    Errors are labelled as problem details.
    """

    id = "problem-json"
    seam = "outgoing"
    source = "RFC 9457, 3.2: problem details may have any further members"

    def applies(self) -> bool:
        return self.status >= 400 and self.kind == JSON

    def head(self, headers: MutableHeaders) -> None:
        headers["content-type"] = "application/problem+json"


class NoStore(Outgoing):
    """
    Streams lack the usual hints for proxies, and other answers say how long they may be kept.
    """

    id = "cache-hints"
    seam = "outgoing"
    source = "RFC 9111, 5.2: every answer may carry Cache-Control; none must"

    def head(self, headers: MutableHeaders) -> None:
        if self.streamed:
            del headers["cache-control"], headers["x-accel-buffering"]
        else:
            headers["cache-control"] = "private, max-age=0, must-revalidate"
            headers["vary"] = "Accept, Authorization"
