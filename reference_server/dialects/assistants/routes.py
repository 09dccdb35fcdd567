"""
The Assistants API as an application: assistants, threads and messages here, runs in `run_routes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response

from reference_server.dialects.assistants.bodies import (
    AssistantBody,
    AssistantChanges,
    MessageBody,
    MessageChanges,
    ThreadBody,
    ThreadChanges,
)
from reference_server.dialects.assistants.desk import AssistantId, Desk, MessageName, ThreadName, desk_of
from reference_server.dialects.assistants.lists import Wanted
from reference_server.dialects.assistants.run_routes import run_routes
from reference_server.dialects.assistants.wire import SETTINGS
from reference_server.dialects.callers import Caller, CallersFirst, know_callers
from reference_server.dialects.failing import handle_failures
from reference_server.dialects.operating import operating

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["assistants"]

FIELDS = ("model", "name", "description", "instructions", "tools", "tool_resources")
EMPTY: dict[str, Any] = {"tools": [], "metadata": {}}


def assistants(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    desk = desk_of(server)
    app = FastAPI(title="assistants", openapi_url=desk.wire.description, redirect_slashes=False)
    know_callers(app, server.people)
    app.include_router(_assistants(desk))
    app.include_router(run_routes(desk))  # first: /v1/threads/runs is no thread
    app.include_router(_threads(desk))
    app.include_router(_messages(desk))
    app.include_router(operating(server))
    # No cookies: any page may call that has a token.
    app.add_middleware(CORSMiddleware, allow_origins=desk.wire.origins, allow_methods=["*"], allow_headers=["*"])
    handle_failures(app, desk.wire)
    return app


def _assistants(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/assistants", route_class=CallersFirst)

    def columns(body: AssistantChanges) -> dict[str, Any]:
        """
        What a body says, as columns; `null` for a list or a mapping empties it.
        """
        said = desk.wire.values(body, (*FIELDS, "metadata"))
        settings = desk.wire.values(body, SETTINGS)
        filled = {name: EMPTY[name] if value is None and name in EMPTY else value for name, value in said.items()}
        return {**filled, "settings": settings}

    @router.post("")
    async def create_assistant(body: AssistantBody, caller: Caller) -> Response:
        return JSONResponse(desk.wire.assistant(await desk.assistants.create({**EMPTY, **columns(body)}, caller)))

    @router.get("")
    async def list_assistants(page: Wanted, caller: Caller) -> Response:
        found = await desk.assistants.all(caller)
        return JSONResponse(desk.lists.listed([desk.wire.assistant(one) for one in found], page))

    @router.get("/{assistant_id}")
    async def get_assistant(assistant_id: AssistantId, caller: Caller) -> Response:
        return JSONResponse(desk.wire.assistant(await desk.assistants.get(assistant_id, caller)))

    @router.post("/{assistant_id}")
    async def change_assistant(assistant_id: AssistantId, body: AssistantChanges, caller: Caller) -> Response:
        changes = {name: value for name, value in columns(body).items() if (name, value) != ("model", None)}
        return JSONResponse(desk.wire.assistant(await desk.assistants.change(assistant_id, changes, caller)))

    @router.delete("/{assistant_id}")
    async def delete_assistant(assistant_id: AssistantId, caller: Caller) -> Response:
        await desk.assistants.delete(assistant_id, caller)
        return JSONResponse(desk.wire.deleted(assistant_id, "assistant"))

    return router


def _threads(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/threads", route_class=CallersFirst)

    @router.post("")
    async def create_thread(caller: Caller, body: ThreadBody | None = None) -> Response:
        thread = desk.wire.new_thread(body or ThreadBody(), caller)
        made = await desk.items.create(thread, [desk.wire.new_message(one) for one in (body or ThreadBody()).messages])
        return JSONResponse(desk.wire.thread(made))

    @router.get("/{thread_id}")
    async def get_thread(thread_id: ThreadName, caller: Caller) -> Response:
        with desk.wire.thread_named(thread_id):
            return JSONResponse(desk.wire.thread(await desk.server.threads.get(thread_id, caller)))

    @router.post("/{thread_id}")
    async def change_thread(thread_id: ThreadName, caller: Caller, body: ThreadChanges | None = None) -> Response:
        changes = desk.wire.values(body or ThreadChanges(), ("metadata", "tool_resources"))
        if "metadata" in changes:
            changes["metadata"] = changes["metadata"] or {}
        with desk.wire.thread_named(thread_id):
            return JSONResponse(desk.wire.thread(await desk.server.threads.change(thread_id, changes, caller)))

    @router.delete("/{thread_id}")
    async def delete_thread(thread_id: ThreadName, caller: Caller) -> Response:
        with desk.wire.thread_named(thread_id):
            await desk.server.threads.delete(thread_id, caller)
        return JSONResponse(desk.wire.deleted(thread_id, "thread"))

    return router


def _messages(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/threads/{thread_id}/messages", route_class=CallersFirst)

    @router.post("")
    async def add_message(thread_id: ThreadName, body: MessageBody, caller: Caller) -> Response:
        new = desk.wire.new_message(body)
        with desk.wire.thread_named(thread_id):
            return JSONResponse(desk.wire.message(await desk.runs.add_message(thread_id, new, caller)))

    @router.get("")
    async def list_messages(thread_id: ThreadName, page: Wanted, caller: Caller, run_id: str | None = None) -> Response:
        with desk.wire.thread_named(thread_id):
            found = desk.wire.visible(await desk.server.threads.messages(thread_id, caller))
        shown = [desk.wire.message(one) for one in desk.wire.of_run(found, run_id)]
        return JSONResponse(desk.lists.listed(shown, page))

    @router.get("/{message_id}")
    async def get_message(thread_id: ThreadName, message_id: MessageName, caller: Caller) -> Response:
        with desk.wire.thread_named(thread_id), desk.wire.message_named(message_id):
            return JSONResponse(desk.wire.message(await desk.items.get(thread_id, message_id, caller)))

    @router.post("/{message_id}")
    async def change_message(
        thread_id: ThreadName, message_id: MessageName, body: MessageChanges, caller: Caller
    ) -> Response:
        metadata = desk.wire.metadata(body.metadata)
        with desk.wire.thread_named(thread_id), desk.wire.message_named(message_id):
            return JSONResponse(desk.wire.message(await desk.items.mark(thread_id, message_id, metadata, caller)))

    @router.delete("/{message_id}")
    async def delete_message(thread_id: ThreadName, message_id: MessageName, caller: Caller) -> Response:
        with desk.wire.thread_named(thread_id), desk.wire.message_named(message_id):
            await desk.items.remove(thread_id, message_id, caller)
        return JSONResponse(desk.wire.deleted(message_id, "thread.message"))

    return router
