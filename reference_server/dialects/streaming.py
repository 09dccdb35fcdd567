"""
A streamed answer whose failure shows: the connection is cut, so that no client takes a part for the whole.
"""

from __future__ import annotations

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except* Broken:
            pass
