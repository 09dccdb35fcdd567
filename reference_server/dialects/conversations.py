"""
Dialect conversations: OpenAI's Conversations and Responses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["ConversationsWire", "conversations"]


class ConversationsWire:
    """
    How this dialect writes things.
    """

    def __init__(self, server: Server) -> None:
        self.server = server


def conversations(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    return FastAPI(title="conversations", openapi_url="/openapi.json", redirect_slashes=False)
