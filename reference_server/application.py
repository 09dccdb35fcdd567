"""
The ASGI application: one dialect at the root, or several under their names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from reference_server.assembly import Parts, Server, Settings, assemble
from reference_server.core.database import Database
from reference_server.defects.registry import defects
from reference_server.defects.twins import with_twins
from reference_server.dialects.anita import anita
from reference_server.dialects.assistants import assistants
from reference_server.dialects.completions import completions
from reference_server.dialects.conversations import conversations
from reference_server.dialects.guide import guide
from reference_server.dialects.shadflare import shadflare
from reference_server.quirks.edge import Edge
from reference_server.quirks.registry import named

__all__ = ["application"]

MAKERS: dict[str, Callable[[Server], FastAPI]] = {
    "anita": anita,
    "guide": guide,
    "completions": completions,
    "shadflare": shadflare,
    "assistants": assistants,
    "conversations": conversations,
}

OUTSIDE: Final = ("outgoing", "outlet")  # seams of quirks that are around the application, not in it


def application(
    dialects: Sequence[str],
    database_url: str,
    settings: Settings,
    wrong: Sequence[str] = (),
    mounted: bool = False,
    twins: bool = False,
    quirks: Sequence[str] = (),
) -> tuple[ASGIApp, Database]:
    """
    The application and its database. With `mounted`, or more than one dialect, each is served under `/NAME`; with
    `twins`, every defect's identity twin is in it; with `quirks`, it does some things in another way.
    """
    known = defects() if wrong or twins else {}  # a healthy server's start does not load them
    if unknown := [name for name in wrong if name not in known]:
        raise ValueError(f"there is no defect {', '.join(unknown)}; --list-defects shows all")
    parts = with_twins(Parts(), known.values() if twins else ()).with_replaced([known[name] for name in wrong])
    odd = named(quirks)
    parts = parts.with_replaced([quirk for quirk in odd if quirk.seam not in OUTSIDE])
    database = Database(database_url)
    server = assemble(parts, database, settings)
    if len(dialects) == 1 and not mounted:
        app = parts.raw_paths(MAKERS[dialects[0]](server))
    else:
        root = FastAPI(openapi_url=None)
        for name in dialects:
            root.mount(f"/{name}", MAKERS[name](server))
        app = parts.raw_paths(root)
    outgoing = [quirk for quirk in odd if quirk.seam == "outgoing"]
    return Edge(app, outgoing) if outgoing else app, database
