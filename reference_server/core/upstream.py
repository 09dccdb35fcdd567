"""
The model: any server that speaks OpenAI's chat completions.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

import httpx
import msgspec

from reference_server.core.errors import UpstreamFailed
from reference_server.core.network import Transport
from reference_server.core.sse import Events

__all__ = ["Model", "Piece", "Prompt", "Upstream"]

DONE: Final = "[DONE]"
CONNECT: Final = 5.0  # seconds
# Seconds for a look at whether the model is there: load balancers wait for 5 by default. With 2, a process with sixty
# turns on a busy core said of its model, which was well, that it was not (measured).
GLANCE: Final = 5.0
SILENCE: Final = 60.0  # seconds between two reads after which a model counts as gone
_HIGH: Final = re.compile(r"[\ud800-\udbff]\Z")  # not $, which also matches before a line break


@dataclass(frozen=True, slots=True)
class Prompt:
    """
    What is sent to the model: messages in OpenAI's form, and options that are passed on.
    """

    messages: list[dict[str, Any]]
    model: str = "gpt-4"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """
    One piece of an answer: text, fragments of tool calls, why it ended, what it cost.
    """

    text: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    finish: str | None = None
    usage: dict[str, Any] | None = None


class Model(Protocol):
    """
    Something that answers prompts.
    """

    def answer(self, prompt: Prompt) -> AsyncIterator[Piece]:
        """
        The pieces of an answer as they come. Raises `UpstreamFailed`, also where the answer is not whole.
        """

    async def alive(self) -> bool:
        """
        Whether an answer can be hoped for.
        """


class Upstream:
    """
    A model behind HTTP. Every answer is streamed, also where our own caller wants it in one piece. `events` reads it.
    """

    events: type[Events] = Events

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url = url.rstrip("/") + "/chat/completions"
        self._models = url.rstrip("/") + "/models"
        self._headers = {"authorization": f"Bearer {key}"} if key else {}

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """
        Once, and not for a model without: it takes longer than an answer.
        """
        return httpx.create_ssl_context()

    async def answer(self, prompt: Prompt) -> AsyncIterator[Piece]:
        finished = False
        try:
            # A transport for each answer: a shared one costs more CPU the more answers are under way, and what a client
            # adds to it (cookies, redirects) has no part in this.
            async with (
                Transport(self._tls if self._url.startswith("https") else None) as transport,
                aclosing(await transport.handle_async_request(self.request(prompt))) as response,
            ):
                if response.status_code != 200:
                    raise self.refused(response)
                async for piece in self.pieces(response):
                    finished = finished or piece.finish is not None
                    yield piece
        except httpx.HTTPError as error:
            raise UpstreamFailed("the model broke off") from error
        if not finished:
            self.unfinished()

    async def alive(self) -> bool:
        """
        Any answer is one, but for a refusal of our key, or a failure: not every model lists what it has.
        """
        try:
            async with httpx.AsyncClient(timeout=GLANCE, verify=self._tls, trust_env=False) as client:
                status = (await client.get(self._models, headers=self._headers)).status_code
        except httpx.HTTPError:
            return False
        return status == 501 or (status < 500 and status not in (401, 403))

    def request(self, prompt: Prompt) -> httpx.Request:
        timeout = httpx.Timeout(SILENCE, connect=CONNECT).as_dict()
        headers = {"content-type": "application/json", **self._headers}
        # A long thread's recall is a hundred kilobytes: httpx's own JSON takes ten times as long.
        content = msgspec.json.encode(self.body(prompt))
        return httpx.Request("POST", self._url, content=content, headers=headers, extensions={"timeout": timeout})

    def body(self, prompt: Prompt) -> dict[str, Any]:
        return {**prompt.options, "model": prompt.model, "messages": prompt.messages, "stream": True}

    def refused(self, response: httpx.Response) -> UpstreamFailed:
        """
        The model's own words stay with us: they may hold keys and addresses.
        """
        status = response.status_code
        return UpstreamFailed("the model refused the request", status, response.headers.get("retry-after"))

    def unfinished(self) -> None:
        """
        An answer that ended without saying why is not whole.
        """
        raise UpstreamFailed("the model's answer has no end")

    async def pieces(self, response: httpx.Response) -> AsyncIterator[Piece]:
        events, half, finished = self.events(), "", False
        async for chunk in response.aiter_bytes():
            for data in events.feed(chunk):
                if data == DONE:
                    # A model that says it is done without saying why has ended by itself.
                    yield Piece(half, finish=None if finished else "stop")
                    return
                for piece in self.chunk(data):
                    finished = finished or piece.finish is not None
                    text, half = self.whole_characters(half + piece.text)
                    yield Piece(text, piece.tool_calls, piece.finish, piece.usage)

    def chunk(self, data: str) -> Iterator[Piece]:
        """
        What one chunk brings. Raises `UpstreamFailed` for one that cannot be read, and for an error in the stream.
        """
        try:
            chunk = json.loads(data)
        except ValueError:
            raise UpstreamFailed("the model sent what is no JSON") from None
        if not isinstance(chunk, dict) or chunk.get("error"):
            raise UpstreamFailed("the model reported an error")
        for choice in self.choices(chunk):
            delta = choice.get("delta") or {}
            yield Piece(self.text(delta), delta.get("tool_calls") or [], choice.get("finish_reason"))
        if chunk.get("usage"):
            yield Piece(usage=chunk["usage"])

    def choices(self, chunk: dict[str, Any]) -> list[dict[str, Any]]:
        """
        None in a chunk of usage figures.
        """
        return [choice for choice in chunk.get("choices") or [] if choice.get("index", 0) == 0]

    def text(self, delta: dict[str, Any]) -> str:
        """
        The answer's text; a model's reasoning is no part of it.
        """
        return delta.get("content") or ""

    def whole_characters(self, text: str) -> tuple[str, str]:
        """
        The text with split surrogate pairs joined, and a half at its end that the next piece may complete.
        """
        half = _HIGH.search(text)
        whole = text[: half.start()] if half else text
        joined = whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not whole.isascii() else whole
        return joined, half[0] if half else ""
