"""
Dialect assistants: OpenAI's Assistants v2: assistants, threads, messages, runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["AssistantsWire", "assistants"]


class AssistantsWire:
    """
    How this dialect writes things.
    """

    def __init__(self, server: Server) -> None:
        self.server = server


def assistants(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    return FastAPI(title="assistants", openapi_url="/openapi.json", redirect_slashes=False)
