"""
The ASGI application: one dialect at the root, or several under their names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import FastAPI
from starlette.types import ASGIApp

from reference_server.assembly import Parts, Server, Settings, assemble
from reference_server.core.database import Database
from reference_server.defects.registry import defects
from reference_server.dialects.anita import anita
from reference_server.dialects.assistants import assistants
from reference_server.dialects.completions import completions
from reference_server.dialects.conversations import conversations
from reference_server.dialects.guide import guide
from reference_server.dialects.paths import RawPaths
from reference_server.dialects.shadflare import shadflare

__all__ = ["application"]

MAKERS: dict[str, Callable[[Server], FastAPI]] = {
    "anita": anita,
    "guide": guide,
    "completions": completions,
    "shadflare": shadflare,
    "assistants": assistants,
    "conversations": conversations,
}


def application(
    dialects: Sequence[str],
    database_url: str,
    settings: Settings,
    wrong: Sequence[str] = (),
    mounted: bool = False,
) -> tuple[ASGIApp, Database]:
    """
    The application and its database. With `mounted`, or more than one dialect, each is served under `/NAME`.
    """
    known = defects()
    if unknown := [name for name in wrong if name not in known]:
        raise ValueError(f"there is no defect {', '.join(unknown)}; --list-defects shows all")
    parts = Parts().with_replaced([known[name] for name in wrong])
    database = Database(database_url)
    server = assemble(parts, database, settings)
    if len(dialects) == 1 and not mounted:
        return RawPaths(MAKERS[dialects[0]](server)), database
    root = FastAPI(openapi_url=None)
    for name in dialects:
        root.mount(f"/{name}", MAKERS[name](server))
    return RawPaths(root), database
