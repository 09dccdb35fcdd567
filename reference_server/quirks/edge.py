"""
The edge of the application: answers pass it on their way out, and a quirk may write them in another way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["JSON", "STREAM", "Edge", "Outgoing", "media_type"]

JSON: Final = "application/json"
STREAM: Final = "text/event-stream"


class Outgoing:
    """
    One answer on its way out. A quirk overrides what it writes in another way; `order` says which quirk comes first:
    what changes texts before what packs bytes.

    `streamed` is true where the body comes in pieces; then `piece` and `last` are called, else `document`.
    """

    order = 0
    closes = False  # whether the connection ends with the answer

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.streamed = False
        self.status = 200
        self.kind = ""

    @staticmethod
    def asked(query: str, path: str) -> str:
        """
        What becomes of a request's query before the application reads it.
        """
        return query

    def begin(self, status: int, headers: MutableHeaders, streamed: bool) -> int:
        """
        The head is here: what it is, and what becomes of it.
        """
        self.status, self.kind, self.streamed = status, media_type(headers), streamed
        if not self.applies():
            return status
        self.head(headers)
        return self.changed_status()

    def applies(self) -> bool:
        return True

    def changed_status(self) -> int:
        return self.status

    def head(self, headers: MutableHeaders) -> None:
        """
        Change the headers in their place.
        """

    def document(self, body: bytes) -> bytes:
        """
        A body that came in one piece.
        """
        return body

    def piece(self, data: bytes) -> list[bytes]:
        """
        What becomes of a piece of a stream; each part is written by itself.
        """
        return [data]

    def last(self) -> list[bytes]:
        """
        What is still to be written when a stream ends well.
        """
        return []


class Edge:
    """
    The application within, and the quirks that its answers pass, in their order.
    """

    def __init__(self, app: ASGIApp, quirks: Sequence[type[Outgoing]]) -> None:
        self.app = app
        self.quirks = sorted(quirks, key=lambda quirk: quirk.order)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer([quirk(scope) for quirk in self.quirks])
        for quirk in self.quirks:
            query = quirk.asked(scope["query_string"].decode("latin-1"), scope["path"])
            scope = {**scope, "query_string": query.encode("latin-1")}

        async def out(message: Message) -> None:
            for changed in answer.takes(message):
                await send(changed)

        # Whoever closes a connection with something unread in it resets it, and the answer may be lost (RFC 9112, 9.6).
        closes = any(quirk.closes for quirk in self.quirks)
        await self.app(scope, await _read_first(receive) if closes else receive, out)


async def _read_first(receive: Receive) -> Receive:
    """
    The same requests, with the whole body in the first message.
    """
    first = await receive()
    body = first.get("body", b"")
    while first.get("more_body", False):
        first = await receive()
        body += first.get("body", b"")
    waiting = [{**first, "body": body} if first["type"] == "http.request" else first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


class _Answer:
    """
    Messages of one answer. The head waits for the first of the body: only then is it known whether more follows.
    """

    def __init__(self, chain: Sequence[Outgoing]) -> None:
        self._chain = chain
        self._on: list[Outgoing] = []
        self._head: Message | None = None

    def takes(self, message: Message) -> Iterator[Message]:
        if message["type"] == "http.response.start":
            self._head = message
            return
        if message["type"] != "http.response.body":
            yield message
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._head is not None and not more:
            yield from self._whole(body)
            return
        if self._head is not None:
            yield self._begun(self._head, streamed=True)
        pieces = self._through([body], self._on) if body else []
        yield from ({"type": "http.response.body", "body": one, "more_body": True} for one in pieces if one)
        if not more:
            yield from self._end()

    def _begun(self, head: Message, streamed: bool) -> Message:
        headers = MutableHeaders(raw=list(head.get("headers", [])))
        status = head["status"]
        for one in self._chain:
            status = one.begin(status, headers, streamed)
        self._on = [one for one in self._chain if one.applies()]
        self._head = None
        return {**head, "status": status, "headers": headers.raw}

    def _whole(self, body: bytes) -> Iterator[Message]:
        assert self._head is not None
        head = self._begun(self._head, streamed=False)
        for one in self._on:
            body = one.document(body)
        headers = MutableHeaders(raw=head["headers"])
        if "content-length" in headers:
            headers["content-length"] = str(len(body))
        if head["status"] == 204:
            body = b""
            del headers["content-length"], headers["content-type"]
        yield {**head, "headers": headers.raw}
        pieces = self._cut(body) if "content-length" not in headers else [body]
        yield from ({"type": "http.response.body", "body": one, "more_body": True} for one in pieces[:-1])
        yield {"type": "http.response.body", "body": pieces[-1] if pieces else b"", "more_body": False}

    def _cut(self, body: bytes) -> list[bytes]:
        """
        A document without a length is written in pieces.
        """
        return [body[at : at + 7] for at in range(0, min(len(body), 70), 7)] + ([body[70:]] if body[70:] else [])

    def _through(self, pieces: list[bytes], chain: Sequence[Outgoing]) -> list[bytes]:
        for one in chain:
            pieces = [part for piece in pieces for part in one.piece(piece)]
        return pieces

    def _end(self) -> Iterator[Message]:
        for at, one in enumerate(self._on):
            rest = self._through(one.last(), self._on[at + 1 :])
            yield from ({"type": "http.response.body", "body": part, "more_body": True} for part in rest if part)
        yield {"type": "http.response.body", "body": b"", "more_body": False}


def media_type(headers: MutableHeaders) -> str:
    """
    What the body is, without parameters.
    """
    return headers.get("content-type", "").partition(";")[0].strip().lower()
