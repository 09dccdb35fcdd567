"""
Dialect shadflare: AI SDK streams, tenants, agents and usage under `/api/v1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["ShadflareWire", "shadflare"]


class ShadflareWire:
    """
    How this dialect writes things.
    """

    def __init__(self, server: Server) -> None:
        self.server = server


def shadflare(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    return FastAPI(title="shadflare", openapi_url="/openapi.json", redirect_slashes=False)
