"""
The routes: chats, conversations, agents, usage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import ColumnElement

from reference_server.core.errors import Invalid, UpstreamFailed
from reference_server.core.people import Principal
from reference_server.core.shelf import Page
from reference_server.dialects.aistreams import Heading
from reference_server.dialects.callers import Caller, know_callers
from reference_server.dialects.failing import handle_failures
from reference_server.dialects.paths import Paths, ThreadId
from reference_server.dialects.shadflare.bodies import AgentBody, AgentChanges, ChatBody, Renaming, Sharing
from reference_server.dialects.shadflare.wire import ShadflareWire
from reference_server.dialects.streaming import Streamed

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["shadflare"]

FARTHEST: Final = 1_000_000_000  # no list is longer, and databases count no further than their integers
CONVERSATION: Final = "x-conversation-id"
MEDIA: Final = {"json": "application/json", "markdown": "text/markdown; charset=utf-8", "pdf": "application/pdf"}
ENDINGS: Final = {"json": "json", "markdown": "md", "pdf": "pdf"}

FORMS: Final = Query(alias="format", json_schema_extra={"enum": [*MEDIA]})
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=FARTHEST)]


def _page(limit: Limit = 100, offset: Offset = 0, archived: bool = False, shared: bool = False) -> Page:
    return Page(limit, offset, archived, shared)


async def _agent_id(request: Request) -> str:
    return Paths().segment(request.path_params["agent_id"])


Wanted = Annotated[Page, Depends(_page)]
AgentId = Annotated[str, Depends(_agent_id)]


def shadflare(server: Server) -> FastAPI:
    """
    The dialect as an application.
    """
    wire = server.parts.shadflare(server)
    app = FastAPI(title="shadflare", openapi_url="/openapi.json", redirect_slashes=False)
    know_callers(app, server.people)
    for router in (
        _turns(server, wire),
        _lists(server, wire),
        _conversations(server, wire),
        _agents(wire),
        _rest(server),
    ):
        app.include_router(router)
    app.include_router(_documents(server, wire))
    handle_failures(app, wire)
    return app


def _turns(server: Server, wire: ShadflareWire) -> APIRouter:
    router = APIRouter()

    @router.post("/api/v1/chat")
    async def chat(caller: Caller, body: ChatBody, x_ai_protocol: Annotated[str | None, Header()] = None) -> Response:
        wire.check_names(body)
        agent = await wire.agents.get(caller, body.agentId) if body.agentId is not None else None
        question = wire.question(caller, body, agent)
        running = server.turns.start(question)
        names = {CONVERSATION: question.thread}
        try:
            await running.begun()  # a failure before the first text still has a status
        except UpstreamFailed as error:
            return wire.error(error, names)  # the question is stored: the client may go on where it is
        heading = Heading(question.thread, question.answer_id or "", question.model)
        if not body.stream:
            return JSONResponse(await wire.whole(running, heading), headers=names)
        stream = wire.stream(x_ai_protocol, body, heading)
        response = Streamed(stream.chunks(running), stream.media_type)
        response.headers.update({**stream.headers, **names})
        return response

    return router


def _lists(server: Server, wire: ShadflareWire) -> APIRouter:
    router = APIRouter()

    @router.get("/api/v1/chat")
    async def conversations(caller: Caller, page: Wanted) -> Response:
        found, total = await wire.shelf.page(caller, page)
        return JSONResponse(wire.page("conversations", [wire.thread(one) for one in found], total, page.offset))

    @router.get("/api/v1/chat/search")
    async def search(caller: Caller, q: str, page: Wanted) -> Response:
        words = server.texts.question(q, "q")
        found, total = await wire.search.find(caller, words, page)
        return JSONResponse(wire.page("results", [wire.found(one, words) for one in found], total, page.offset))

    @router.get("/api/v1/usage")
    async def usage(
        caller: Caller,
        period: Literal["day", "month"] = "day",
        scope: Literal["user", "tenant", "conversation"] = "user",
        conversationId: str | None = None,  # noqa: N803 # the wire's name
    ) -> Response:
        if scope == "conversation":
            if conversationId is None:
                raise Invalid("is needed for this scope", "conversationId")
            await server.threads.get(conversationId, caller)
        whose = _whose(wire, caller, scope, conversationId or "")
        sums = await server.database.run(lambda held: wire.usage.by_period(held, whose, period), write=False)
        total = await server.database.run(lambda held: wire.usage.total(held, whose), write=False)
        data = [{"period": name, **wire.used(one)} for name, one in sums.items()]
        return JSONResponse({"scope": scope, "period": period, "data": data, "total": wire.used(total)})

    return router


def _whose(wire: ShadflareWire, caller: Principal, scope: str, conversation: str) -> ColumnElement[bool]:
    if scope == "conversation":
        return wire.usage.of_thread(conversation)
    return wire.usage.of_tenant(caller) if scope == "tenant" else wire.usage.of_user(caller)


def _conversations(server: Server, wire: ShadflareWire) -> APIRouter:
    router = APIRouter()

    @router.get("/api/v1/chat/{thread_id}")
    async def conversation(
        caller: Caller,
        thread_id: ThreadId,
        limit: Limit = 100,
        offset: Offset = 0,
        branches: Literal["active", "all"] = "active",
    ) -> Response:
        if branches == "all":
            thread, stored = await wire.shelf.tree(thread_id, caller)
        else:
            thread, stored = (
                await server.threads.get(thread_id, caller),
                await server.threads.messages(thread_id, caller),
            )
        used = await server.database.run(
            lambda held: wire.usage.total(held, wire.usage.of_thread(thread_id)), write=False
        )
        return JSONResponse(wire.detail(thread, stored, limit, offset, used))

    @router.patch("/api/v1/chat/{thread_id}")
    async def rename(caller: Caller, thread_id: ThreadId, body: Renaming) -> Response:
        title = server.texts.question(body.title, "title")
        return JSONResponse(wire.thread(await server.threads.change(thread_id, {"title": title}, caller)))

    @router.delete("/api/v1/chat/{thread_id}")
    async def discard(caller: Caller, thread_id: ThreadId) -> Response:
        await wire.shelf.discard(thread_id, caller)
        return JSONResponse({"id": thread_id, "deleted": True})

    @router.post("/api/v1/chat/{thread_id}/archive")
    async def archive(caller: Caller, thread_id: ThreadId) -> Response:
        return JSONResponse(wire.thread(await wire.shelf.archive(thread_id, caller, True)))

    @router.post("/api/v1/chat/{thread_id}/unarchive")
    async def unarchive(caller: Caller, thread_id: ThreadId) -> Response:
        return JSONResponse(wire.thread(await wire.shelf.archive(thread_id, caller, False)))

    @router.post("/api/v1/chat/{thread_id}/share")
    async def share(caller: Caller, thread_id: ThreadId, body: Sharing | None = None) -> Response:
        shared = body.shared if body is not None else True
        return JSONResponse(wire.thread(await wire.shelf.share(thread_id, caller, shared)))

    return router


def _documents(server: Server, wire: ShadflareWire) -> APIRouter:
    router = APIRouter()

    @router.get("/api/v1/chat/{thread_id}/export")
    async def export(caller: Caller, thread_id: ThreadId, form: Annotated[str, FORMS] = "json") -> Response:
        wanted = wire.form(form)
        thread = await server.threads.get(thread_id, caller)
        content = getattr(wire.export, wanted)(thread, await server.threads.messages(thread_id, caller))
        name = {"content-disposition": f'attachment; filename="conversation.{ENDINGS[wanted]}"'}
        return Response(content, media_type=MEDIA[wanted], headers=name)

    return router


def _agents(wire: ShadflareWire) -> APIRouter:
    router = APIRouter(prefix="/api/v1/agents")

    @router.post("")
    async def create(caller: Caller, body: AgentBody) -> Response:
        return JSONResponse(wire.agent(await wire.agents.create(caller, wire.agent_values(body))), 201)

    @router.get("")
    async def agents(caller: Caller) -> Response:
        return JSONResponse({"agents": [wire.agent(one) for one in await wire.agents.all(caller)]})

    @router.get("/{agent_id}")
    async def agent(caller: Caller, agent_id: AgentId) -> Response:
        return JSONResponse(wire.agent(await wire.agents.get(caller, agent_id)))

    @router.patch("/{agent_id}")
    async def change(caller: Caller, agent_id: AgentId, body: AgentChanges) -> Response:
        return JSONResponse(wire.agent(await wire.agents.change(caller, agent_id, wire.agent_values(body))))

    @router.delete("/{agent_id}")
    async def delete(caller: Caller, agent_id: AgentId) -> Response:
        await wire.agents.delete(caller, agent_id)
        return JSONResponse({"id": agent_id, "deleted": True})

    return router


def _rest(server: Server) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> Response:
        alive = await server.database.alive()
        return JSONResponse({"status": "healthy" if alive else "unhealthy"}, 200 if alive else 503)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        text, kind = server.watch.exposition(request.headers.get("accept", ""))
        return Response(text, media_type=kind)

    return router
