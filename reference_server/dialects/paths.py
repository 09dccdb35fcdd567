"""
Ids in paths. An id may hold `/`, `?` or `..`, percent-encoded: it is decoded exactly once, and never normalised.

ASGI servers decode a path before routing, so that `a%2Fb` becomes two segments. Here routes are matched on the path as
it was sent, and each parameter is decoded by itself.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from reference_server.core.errors import NotFound

__all__ = ["MessageId", "Paths", "RawPaths", "ThreadId"]


class Paths:
    """
    Decodes one segment.
    """

    def segment(self, raw: str) -> str:
        """
        Raises `NotFound` for what is no UTF-8 or holds U+0000: nothing can have that id.
        """
        decoded = unquote_to_bytes(raw.encode("latin-1"))  # the bytes as they came, see `RawPaths`
        try:
            text = decoded.decode()
        except UnicodeDecodeError:
            raise NotFound("there is nothing at this address") from None
        if "\0" in text:
            raise NotFound("there is nothing at this address")
        return text


class RawPaths:
    """
    Routes by the path as it was sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].partition(b"?")[0].decode("latin-1")}
        await self._app(scope, receive, send)


async def _thread_id(request: Request) -> str:
    return Paths().segment(request.path_params["thread_id"])


async def _message_id(request: Request) -> str:
    return Paths().segment(request.path_params["message_id"])


# Asynchronous, though they wait for nothing: FastAPI gives a plain function a thread, which costs more than the route.
ThreadId = Annotated[str, Depends(_thread_id)]
MessageId = Annotated[str, Depends(_message_id)]
