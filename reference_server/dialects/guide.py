"""
Dialect guide: the C1 backend guide: `POST /api/chat`, bearer tokens, raw text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["GuideWire", "guide"]


class GuideWire:
    """
    How this dialect writes things.
    """

    def __init__(self, server: Server) -> None:
        self.server = server


def guide(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    return FastAPI(title="guide", openapi_url="/openapi.json", redirect_slashes=False)
