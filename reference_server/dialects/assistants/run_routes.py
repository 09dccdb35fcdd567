"""
The routes of runs and their steps.
"""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from reference_server.core.errors import NotFound
from reference_server.core.people import Principal
from reference_server.core.run_records import RunRequest, ToolOutput
from reference_server.core.runs import UnderWay
from reference_server.dialects.assistants.bodies import OutputsBody, RunBody, RunChanges, ThreadBody, ThreadRunBody
from reference_server.dialects.assistants.desk import Desk, RunId, StepId, ThreadName
from reference_server.dialects.assistants.lists import Wanted
from reference_server.dialects.assistants.wire import SETTINGS
from reference_server.dialects.callers import Caller, CallersFirst
from reference_server.dialects.streaming import Streamed

__all__ = ["run_routes"]


def run_routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    router.include_router(_beginning(desk))
    router.include_router(_seeing(desk))
    router.include_router(_steps(desk))
    return router


def _request(desk: Desk, thread_id: str, body: RunBody | ThreadRunBody, caller: Principal) -> RunRequest:
    """
    A run from its body. Raises `Invalid`.
    """
    said = desk.wire.values(body, ("model", "instructions", "tools", "additional_instructions"))
    more = body.additional_messages or [] if isinstance(body, RunBody) else (body.thread or ThreadBody()).messages
    return RunRequest(
        thread=thread_id,
        assistant=body.assistant_id,
        messages=[desk.wire.new_message(one) for one in more],
        model=said.get("model"),
        instructions=said.get("instructions"),
        more_instructions=said.get("additional_instructions"),
        tools=said.get("tools"),
        metadata=desk.wire.metadata(body.metadata),
        settings={name: value for name, value in desk.wire.values(body, SETTINGS).items() if value is not None},
        who=caller,
    )


def _beginning(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/threads", route_class=CallersFirst)

    async def answer(
        under_way: UnderWay, stream: bool | None, *, resumed: bool = False, makes: bool = False
    ) -> Response:
        if not stream:
            return JSONResponse(desk.wire.run(await under_way.made()))
        run = under_way.making.run
        thread = await desk.server.threads.get(run.thread_id) if makes else None
        stream_of_run = desk.server.parts.run_stream(desk.wire, under_way, thread, resumed)
        return Streamed(stream_of_run.chunks(), desk.wire.media_type)

    @router.post("/runs")
    async def create_thread_and_run(body: ThreadRunBody, caller: Caller) -> Response:
        makes = desk.wire.new_thread(body.thread or ThreadBody(), caller)
        request = _request(desk, makes.id, body, caller)
        return await answer(await desk.runs.start(replace(request, makes=makes)), body.stream, makes=True)

    @router.post("/{thread_id}/runs")
    async def create_run(thread_id: ThreadName, body: RunBody, caller: Caller) -> Response:
        with desk.wire.thread_named(thread_id):
            return await answer(await desk.runs.start(_request(desk, thread_id, body, caller)), body.stream)

    @router.post("/{thread_id}/runs/{run_id}/submit_tool_outputs")
    async def submit_tool_outputs(thread_id: ThreadName, run_id: RunId, body: OutputsBody, caller: Caller) -> Response:
        desk.wire.values(body, ("tool_outputs",))
        outputs = [ToolOutput(one.tool_call_id, one.output) for one in body.tool_outputs]
        with desk.wire.thread_named(thread_id):
            under_way = await desk.runs.submit(thread_id, run_id, outputs, caller)
        return await answer(under_way, body.stream, resumed=True)

    @router.post("/{thread_id}/runs/{run_id}/cancel")
    async def cancel_run(thread_id: ThreadName, run_id: RunId, caller: Caller, wait: bool = False) -> Response:
        with desk.wire.thread_named(thread_id):
            return JSONResponse(desk.wire.run(await desk.runs.cancel(thread_id, run_id, caller, waits=wait)))

    return router


def _seeing(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/threads/{thread_id}/runs", route_class=CallersFirst)

    @router.get("")
    async def list_runs(thread_id: ThreadName, page: Wanted, caller: Caller) -> Response:
        with desk.wire.thread_named(thread_id):
            found = await desk.runs.all(thread_id, caller)
        return JSONResponse(desk.lists.listed([desk.wire.run(one) for one in found], page))

    @router.get("/{run_id}")
    async def get_run(thread_id: ThreadName, run_id: RunId, caller: Caller) -> Response:
        with desk.wire.thread_named(thread_id):
            return JSONResponse(desk.wire.run(await desk.runs.get(thread_id, run_id, caller)))

    @router.post("/{run_id}")
    async def change_run(thread_id: ThreadName, run_id: RunId, body: RunChanges, caller: Caller) -> Response:
        metadata = desk.wire.metadata(body.metadata)
        with desk.wire.thread_named(thread_id):
            return JSONResponse(desk.wire.run(await desk.runs.change(thread_id, run_id, metadata, caller)))

    return router


def _steps(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/threads/{thread_id}/runs/{run_id}/steps", route_class=CallersFirst)

    @router.get("")
    async def list_steps(thread_id: ThreadName, run_id: RunId, page: Wanted, caller: Caller) -> Response:
        with desk.wire.thread_named(thread_id):
            found = await desk.runs.steps(thread_id, run_id, caller)
        return JSONResponse(desk.lists.listed([desk.wire.step(one) for one in found], page))

    @router.get("/{step_id}")
    async def get_step(thread_id: ThreadName, run_id: RunId, step_id: StepId, caller: Caller) -> Response:
        with desk.wire.thread_named(thread_id):
            found = await desk.runs.steps(thread_id, run_id, caller)
        step = next((one for one in found if one.id == step_id), None)
        if step is None:
            raise NotFound(f"No run step found with id '{step_id}'.")
        return JSONResponse(desk.wire.step(step))

    return router
