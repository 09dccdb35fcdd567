"""
HTTP as a harness needs it: no retries, no redirects, raw bytes stamped on arrival, every wait bounded.

We speak through httpx's transports and not its client: a client follows redirects, decompresses, keeps cookies and a
pool that costs 23 ms of CPU a flow at 128 in flight (measured; a transport per slot costs 2.8 ms). A transport is used
by one exchange at a time and thrown away after any exchange that did not end cleanly.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

import httpx

from conformance.driver.network import Transport
from conformance.driver.parting import Parting
from conformance.driver.reading import AnswerReader, TooLarge, shortened
from conformance.driver.unpacking import CodingBroken, unpacker
from conformance.engine.effects import Request, Send
from conformance.errors import UsageError
from conformance.model.profile import NOBODY, Auth
from conformance.model.transcript import Ended, Exchange, SentRequest
from conformance.text.redaction import redact_headers, redact_url

__all__ = ["Limits", "Wire"]

KEEP_ALIVE: Final = 2.0  # seconds; below the 5 s after which uvicorn closes an idle connection in our face


@dataclass(frozen=True, slots=True)
class Limits:
    """
    How long we wait, in seconds: for a connection, and for a whole answer.
    """

    connect: float = 5.0
    answer: float = 30.0


@dataclass(slots=True)
class _Answer:
    """
    What is known of an answer while it comes in.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    headers_at: float | None = None
    first_text_at: float | None = None
    reader: AnswerReader | None = None
    ended: Ended = "refused"
    trouble: str | None = None


class Wire:
    """
    Exchanges with one target. `base` is its URL without a slash at the end; `headers` go with every request.

    `auth` says which header shows who asks, `tokens` has the credentials by the principal's name.

    Raises `UsageError` where `base` is no URL.
    """

    def __init__(
        self,
        base: str,
        headers: dict[str, str] | None = None,
        limits: Limits | None = None,
        auth: Auth | None = None,
        tokens: Mapping[str, str] | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self.limits = limits or Limits()
        self._headers = headers or {}
        self._auth = auth
        self._tokens = tokens or {}
        try:
            self._url = httpx.URL(self.base)
        except httpx.InvalidURL as wrong:
            raise UsageError(f"{redact_url(base)} is not a URL: {wrong}.") from None
        self._origin = str(self._url.copy_with(raw_path=b"/")).rstrip("/")
        self._idle: list[httpx.AsyncHTTPTransport] = []
        self._tls: ssl.SSLContext | None = httpx.create_ssl_context() if base.lower().startswith("https") else None

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for transport in self._idle:
            await transport.aclose()
        self._idle.clear()

    def at(self, base: str) -> Wire:
        """
        The same, spoken with another address.
        """
        return Wire(base, self._headers, self.limits, self._auth, self._tokens)

    @property
    def holders(self) -> frozenset[str]:
        """
        The principals whose credentials we have.
        """
        return frozenset(self._tokens)

    def sends(self, header: str) -> bool:
        """
        Whether a header of that name goes with every request.
        """
        return header.lower() in (name.lower() for name in self._headers)

    async def exchange(
        self,
        send: Send,
        began: float,
        on_text: Callable[[], None] | None = None,
        parting: Parting | None = None,
    ) -> Exchange:
        """
        Send one request and read its answer, as far as its client stays. `began` is the monotonic time from which the
        exchange counts; `on_text` is called when the first text is there. It never raises for what a server can do.
        """
        request = self._request(send.request)
        answer = _Answer()
        started = time.monotonic() - began
        # Who goes needs a connection of his own, and its socket.
        transport = self._idle.pop() if self._idle and parting is None else self._transport()
        parting = parting or Parting(send)
        if parting.leave is not None:
            request.extensions = {**request.extensions, "trace": parting.traced}
        try:
            async with asyncio.timeout(self.limits.answer):
                if await parting.converse(self._converse(transport, request, send, answer, began, on_text, parting)):
                    answer.ended = "left"
        except TimeoutError:
            answer.ended, answer.trouble = "timeout", f"no end within {self.limits.answer:g} s"
        except httpx.HTTPError as error:
            _interrupted(answer, error)
        except CodingBroken as broken:
            answer.trouble = str(broken)
        except TooLarge:
            answer.ended = "too-large"
        finally:
            await self._put_back(
                transport, answer, parting
            )  # also where a play is cancelled in the middle: then it is closed
        now = time.monotonic() - began
        return Exchange(
            operation=send.operation,
            request=self._sent(request, send.request),
            started=started,
            ended_at=now,
            ended=answer.ended,
            status=answer.status,
            headers=redact_headers(answer.headers),
            headers_at=answer.headers_at,
            first_text_at=answer.first_text_at,
            trouble=answer.trouble,
            **(answer.reader.finish(now) if answer.reader else {}),
        )

    async def _converse(
        self,
        transport: httpx.AsyncHTTPTransport,
        request: httpx.Request,
        send: Send,
        answer: _Answer,
        began: float,
        on_text: Callable[[], None] | None,
        parting: Parting,
    ) -> None:
        def first_text(now: float) -> None:
            answer.first_text_at = now
            if on_text is not None and not parting.holds:
                on_text()

        response = await transport.handle_async_request(request)
        gone = False
        try:
            answer.headers_at = time.monotonic() - began
            answer.status = response.status_code
            answer.headers = dict(response.headers)
            framing = send.framing if response.status_code < 400 else "json"
            reader = answer.reader = AnswerReader(framing, first_text, send.stream)
            answer.ended = "abrupt"
            assert isinstance(response.stream, httpx.AsyncByteStream)
            packed = unpacker(response.headers.get("content-encoding"))
            async for chunk in response.stream:
                if unpacked := packed.feed(chunk):
                    reader.feed(unpacked, time.monotonic() - began)
                if gone := await parting.after(reader):
                    answer.ended = "left"
                    return
            packed.close()
            answer.ended = "clean"
        finally:
            if not (gone and parting.keeps(response)):
                await response.aclose()

    def _request(self, request: Request) -> httpx.Request:
        timeout = {"connect": self.limits.connect, "read": None, "write": None, "pool": None}
        ours = {"accept-encoding": "identity", "user-agent": "threadgauge"}
        every = (ours, self._headers_of(request.by), request.headers)
        headers = {name.lower(): value for one in every for name, value in one.items()}
        # `target` keeps the path as it is: httpx would resolve `..` and re-encode what is encoded.
        target = self._url.raw_path.rstrip(b"/") + request.path.encode("ascii", "surrogateescape")
        extensions = {"timeout": timeout, "target": target}
        return httpx.Request(request.method, self._url, headers=headers, content=request.body, extensions=extensions)

    def _headers_of(self, by: str | None) -> dict[str, str]:
        """
        What goes with every request of that principal.
        """
        if self._auth is None or by is None:
            return self._headers
        header = self._auth.header.lower()
        others = {name: value for name, value in self._headers.items() if name.lower() != header}
        if by == NOBODY:
            return others
        token = self._tokens.get(by)
        return self._headers if token is None else {**others, header: self._auth.value.replace("${token}", token)}

    def _sent(self, request: httpx.Request, asked: Request) -> SentRequest:
        target = request.extensions["target"].decode("ascii", "replace")
        body = asked.body or b""
        headers = redact_headers({name: value for name, value in request.headers.items() if name not in ("host",)})
        return SentRequest(
            method=request.method,
            url=redact_url(self._origin + target),
            headers=headers,
            body=shortened(body, len(body)),
        )

    def _transport(self) -> httpx.AsyncHTTPTransport:
        return Transport(self._tls, KEEP_ALIVE)

    async def _put_back(self, transport: httpx.AsyncHTTPTransport, answer: _Answer, parting: Parting) -> None:
        if answer.ended == "clean":
            self._idle.append(transport)
        elif answer.ended != "left" or not parting.keeps(transport):
            await transport.aclose()


def _interrupted(answer: _Answer, error: httpx.HTTPError) -> None:
    """
    The connection failed: before anything of the answer came, or in the middle of it.
    """
    answer.trouble = str(error) or type(error).__name__
    if answer.reader is None:
        answer.ended = "refused" if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else "abrupt"
