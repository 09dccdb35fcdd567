"""
What the routes of the Assistants API work with, and the ids in their addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from reference_server.core.assistants import Assistants
from reference_server.core.items import Items
from reference_server.core.runs import Runs
from reference_server.dialects.assistants.lists import Lists
from reference_server.dialects.assistants.wire import AssistantsWire, MalformedId
from reference_server.dialects.paths import Paths

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["AssistantId", "Desk", "MessageName", "RunId", "StepId", "ThreadName", "desk_of"]


@dataclass(frozen=True, slots=True)
class Desk:
    """
    One server's parts, as this dialect needs them.
    """

    server: Server
    wire: AssistantsWire
    lists: Lists
    assistants: Assistants
    items: Items
    runs: Runs


def desk_of(server: Server) -> Desk:
    parts, turns = server.parts, server.turns
    assistants = parts.assistant_rows(server.database, turns.store)
    states = parts.run_states(parts.run_store(), turns.store)
    runs = parts.runs(turns, server.threads, assistants, states)
    items = parts.items(server.database, turns.store, server.threads)
    return Desk(server, parts.assistants(server), parts.assistant_lists(), assistants, items, runs)


async def _thread_id(request: Request) -> str:
    name = Paths().segment(request.path_params["thread_id"])
    if not name.startswith("thread_"):
        raise MalformedId(f"Invalid 'thread_id': '{name}'. Expected an ID that begins with 'thread'.", "thread_id")
    return name


async def _assistant_id(request: Request) -> str:
    return Paths().segment(request.path_params["assistant_id"])


async def _message_id(request: Request) -> str:
    return Paths().segment(request.path_params["message_id"])


async def _run_id(request: Request) -> str:
    return Paths().segment(request.path_params["run_id"])


async def _step_id(request: Request) -> str:
    return Paths().segment(request.path_params["step_id"])


ThreadName = Annotated[str, Depends(_thread_id)]
AssistantId = Annotated[str, Depends(_assistant_id)]
MessageName = Annotated[str, Depends(_message_id)]
RunId = Annotated[str, Depends(_run_id)]
StepId = Annotated[str, Depends(_step_id)]
