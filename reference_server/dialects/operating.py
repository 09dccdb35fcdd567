"""
What operators ask of a dialect: whether it can work, and its figures.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["Health", "operating"]


class Health:
    """
    Looks at what a turn needs.
    """

    def __init__(self, server: Server) -> None:
        self.server = server

    async def services(self) -> dict[str, bool]:
        """
        Whether each can be worked with, looked at now.
        """
        database, model = await asyncio.gather(self.server.database.alive(), self.server.model.alive())
        return {"database": database, "llm_api": model}

    def body(self, services: dict[str, bool]) -> dict[str, Any]:
        return {
            "status": _word(all(services.values())),
            "timestamp": datetime.now(UTC).isoformat(),
            "services": {name: _word(well) for name, well in services.items()},
        }

    def status(self, services: dict[str, bool]) -> int:
        """
        503 takes a process out of a load balancer's list, which a sentence does not.
        """
        return 200 if all(services.values()) else 503


def operating(server: Server) -> APIRouter:
    """
    The routes `/health` and `/metrics`: they need no credential, for those who ask have none.
    """
    router = APIRouter()
    health = server.parts.health(server)

    @router.get("/health")
    async def get_health() -> Response:
        services = await health.services()
        return JSONResponse(health.body(services), health.status(services))

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        text, kind = server.watch.exposition(request.headers.get("accept", ""))
        return Response(text, media_type=kind)

    return router


def _word(well: bool) -> str:
    return "healthy" if well else "unhealthy"
