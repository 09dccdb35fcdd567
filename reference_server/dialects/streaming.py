"""
A streamed answer whose failure shows: the connection is cut, so that no client takes a part for the whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

__all__ = ["STREAM_HEADERS", "Broken", "Streamed"]

STREAM_HEADERS: Mapping[str, str] = {"cache-control": "no-cache", "x-accel-buffering": "no"}


class Broken(Exception):
    """
    The answer cannot be finished; the body is left without its end.
    """


class Streamed(StreamingResponse):
    """
    Sends chunks as they come. On `Broken` it returns without the last one: the ASGI server then closes the connection.
    """

    def __init__(self, chunks: AsyncIterator[bytes], media_type: str) -> None:
        super().__init__(chunks, media_type=media_type, headers=dict(STREAM_HEADERS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 # ASGI's
        """
        Until all is sent, or the client has gone. With tasks of asyncio: the parent's own scopes take longer than an
        answer.
        """
        both = [asyncio.ensure_future(self.stream_response(send)), asyncio.ensure_future(_left(receive))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            ends = await asyncio.gather(*both, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, Broken):
                raise end


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
