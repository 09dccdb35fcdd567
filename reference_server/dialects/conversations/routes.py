"""
The addresses of this dialect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response

from reference_server.core.errors import Invalid
from reference_server.core.records import NewThread
from reference_server.core.responding import new_id
from reference_server.dialects.callers import Caller, know_callers
from reference_server.dialects.conversations.bodies import (
    ConversationBody,
    ItemsBody,
    MetadataBody,
    ResponseBody,
)
from reference_server.dialects.conversations.wire import ConversationsWire
from reference_server.dialects.failing import handle_failures
from reference_server.dialects.operating import operating
from reference_server.dialects.paths import Paths
from reference_server.dialects.streaming import Streamed

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["conversations"]

MODELS = ("gpt-4", "gpt-4o", "gpt-4o-mini")
Order = Literal["asc", "desc"]


def _segment(name: str) -> Any:
    async def segment(request: Request) -> str:
        return Paths().segment(request.path_params[name])

    return Depends(segment)


ConversationId = Annotated[str, _segment("conversation_id")]
ItemId = Annotated[str, _segment("item_id")]
ResponseId = Annotated[str, _segment("response_id")]


def conversations(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    wire = server.parts.conversations(server)
    app = FastAPI(title="conversations", openapi_url="/openapi.json", redirect_slashes=False)
    know_callers(app, server.people)
    for router in (_conversations(server, wire), _items(server, wire), _responses(wire), _rest()):
        app.include_router(router)
    app.include_router(operating(server))
    handle_failures(app, wire)
    return app


def _conversations(server: Server, wire: ConversationsWire) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/conversations")
    async def create_conversation(caller: Caller, body: ConversationBody | None = None) -> Response:
        wanted = body or ConversationBody()
        owned = {"owner": caller.user, "tenant": caller.tenant}
        thread = NewThread(new_id("conv"), metadata=wire.metadata(wanted.metadata), **owned)
        made = await wire.items.create(thread, wire.batch(wanted.items or []))
        return JSONResponse(wire.conversation(made))

    @router.get("/v1/conversations/{conversation_id}")
    async def get_conversation(caller: Caller, conversation_id: ConversationId) -> Response:
        with wire.naming("Conversation", conversation_id):
            return JSONResponse(wire.conversation(await server.threads.get(conversation_id, caller)))

    @router.post("/v1/conversations/{conversation_id}")
    async def update_conversation(caller: Caller, conversation_id: ConversationId, body: MetadataBody) -> Response:
        changes = {"metadata": wire.metadata(body.metadata)}
        with wire.naming("Conversation", conversation_id):
            return JSONResponse(wire.conversation(await server.threads.change(conversation_id, changes, caller)))

    @router.delete("/v1/conversations/{conversation_id}")
    async def delete_conversation(caller: Caller, conversation_id: ConversationId) -> Response:
        with wire.naming("Conversation", conversation_id):
            await server.threads.delete(conversation_id, caller)
        return JSONResponse({"id": conversation_id, "object": "conversation.deleted", "deleted": True})

    return router


def _items(server: Server, wire: ConversationsWire) -> APIRouter:
    router = APIRouter(prefix="/v1/conversations/{conversation_id}/items")

    @router.get("")
    async def list_items(
        caller: Caller,
        conversation_id: ConversationId,
        limit: int = 20,
        order: Order = "desc",
        after: str | None = None,
    ) -> Response:
        with wire.naming("Conversation", conversation_id):
            stored = await server.threads.messages(conversation_id, caller)
        return JSONResponse(wire.page(stored, order, after, limit))

    @router.post("")
    async def create_items(caller: Caller, conversation_id: ConversationId, body: ItemsBody) -> Response:
        new = wire.batch(body.items)
        with wire.naming("Conversation", conversation_id):
            added = await wire.items.add(conversation_id, new, caller)
        return JSONResponse(wire.listed([wire.item(one) for one in added], more=False))

    @router.get("/{item_id}")
    async def get_item(caller: Caller, conversation_id: ConversationId, item_id: ItemId) -> Response:
        with wire.naming("Conversation", conversation_id):
            await server.threads.get(conversation_id, caller)
        with wire.naming("Item", item_id):
            return JSONResponse(wire.item(await wire.items.get(conversation_id, item_id, caller)))

    @router.delete("/{item_id}")
    async def delete_item(caller: Caller, conversation_id: ConversationId, item_id: ItemId) -> Response:
        with wire.naming("Conversation", conversation_id):
            await server.threads.get(conversation_id, caller)
        with wire.naming("Item", item_id):
            left = await wire.items.remove(conversation_id, item_id, caller)
        return JSONResponse(wire.conversation(left))

    return router


def _responses(wire: ConversationsWire) -> APIRouter:
    router = APIRouter(prefix="/v1/responses")

    @router.post("")
    async def create_response(caller: Caller, body: ResponseBody) -> Response:
        question = wire.question(body, caller)
        running = wire.responding.start(question)
        with wire.naming("Conversation", question.thread):
            await running.begun()  # a failure before the first text still has a status
        if body.stream:
            return Streamed(wire.chunks(running, question), wire.media_type)
        return JSONResponse(await wire.whole(running))

    @router.get("/{response_id}")
    async def get_response(caller: Caller, response_id: ResponseId, stream: bool = False) -> Response:
        if stream:
            raise Invalid("is not supported", "stream")
        with wire.naming("Response", response_id):
            return JSONResponse(wire.response(await wire.responding.get(response_id, caller)))

    @router.delete("/{response_id}")
    async def delete_response(caller: Caller, response_id: ResponseId) -> Response:
        with wire.naming("Response", response_id):
            await wire.responding.delete(response_id, caller)
        return JSONResponse({"id": response_id, "object": "response", "deleted": True})

    @router.get("/{response_id}/input_items")
    async def list_input_items(
        caller: Caller, response_id: ResponseId, limit: int = 20, order: Order = "desc", after: str | None = None
    ) -> Response:
        with wire.naming("Response", response_id):
            asked = await wire.responding.get(response_id, caller)
        return JSONResponse(wire.page(asked.input, order, after, limit))

    @router.post("/{response_id}/cancel")
    async def cancel_response(caller: Caller, response_id: ResponseId) -> Response:
        with wire.naming("Response", response_id):
            await wire.responding.get(response_id, caller)
        raise Invalid("Only a background response can be cancelled.")

    return router


def _rest() -> APIRouter:
    router = APIRouter()

    @router.get("/v1/models")
    async def models(_: Caller) -> Response:
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "reference"} for name in MODELS]
        return JSONResponse({"object": "list", "data": data})

    return router
