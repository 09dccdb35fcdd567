"""
Turns that go on after their request was answered, over real sockets: a server of a few lines, and the upstream witness.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import uvicorn
from fastapi import FastAPI, Request

from conformance.driver.desk import Target
from conformance.driver.http import Wire
from conformance.driver.scheduling import Case, play_case
from conformance.engine.judge import judge
from conformance.model.outcome import Outcome
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.upstream.attach import attached

PROFILE = msgspec.convert(
    {
        "profile": "runs",
        "title": "Runs",
        "operations": {
            "create_run": {"request": {"method": "POST", "path": "/runs", "json": {"say": "${text}"}}, "id": "$.id"},
            "get_run": {"request": {"method": "GET", "path": "/runs/${run}"}},
        },
    },
    Profile,
)


def app(model: str) -> FastAPI:
    """
    A server whose runs call the model after they were answered.
    """
    served = FastAPI()
    runs: dict[str, str] = {}
    tasks: set[asyncio.Task[None]] = set()

    async def run(name: str, say: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            runs[name] = "in_progress"
            body = {"model": "m", "messages": [{"role": "user", "content": say}]}
            await client.post(f"{model}/chat/completions", json=body)
        runs[name] = "completed"

    @served.post("/runs")
    async def create(request: Request) -> dict[str, str]:
        name = f"run-{len(runs)}"
        runs[name] = "queued"
        tasks.add(asyncio.create_task(run(name, (await request.json())["say"])))
        return {"id": name}

    @served.get("/runs/{name}")
    async def read(name: str) -> dict[str, str]:
        return {"id": name, "status": runs[name]}

    return served


@asynccontextmanager
async def serving(served: FastAPI) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(served, port=0, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


def outcome(*steps: dict[str, Any]) -> Outcome:
    scenario = msgspec.convert({"id": "runs/one", "title": "One", "steps": list(steps)}, Scenario)

    async def played() -> Outcome:
        async with (
            attached("127.0.0.1:0") as upstream,
            serving(app(f"{upstream.url}/v1")) as url,
            Wire(url) as wire,
        ):
            transcript = await play_case(Case(scenario, {}, Target(PROFILE, wire, upstream)))
        return judge(transcript, PROFILE, {})

    return asyncio.run(played())


CREATE = {"say": "Hello ${canary}", "text": "Hello ${canary}"}
DONE = {"get_run": {"run": "${begun.id}"}, "expect": {"body": {"$.status": "completed"}}}


def test_a_run_is_followed_to_its_end_with_what_the_model_was_sent():
    prompt = {"calls": 1, "prompt": [{"role": "user", "text": "Hello ${canary}"}]}

    found = outcome({"create_run": CREATE, "as": "begun", "expect": prompt}, DONE)

    assert (found.kind, found.reason) == ("passed", None)


def test_a_prompt_of_a_run_that_is_not_as_expected_is_a_failure():
    prompt = {"prompt": [{"role": "user", "text": "Something else"}]}

    found = outcome({"create_run": CREATE, "as": "begun", "expect": prompt}, DONE)

    assert [one.check for one in found.differences] == ["prompt"]


def test_a_run_can_be_looked_at_while_its_model_is_held():
    held = {"create_run": {**CREATE, "model": {"hold": "headers"}}, "as": "begun"}
    during = [{"get_run": {"run": "run-0"}, "expect": {"body": {"$.status": "in_progress"}}}]

    found = outcome({**held, "during": during}, DONE)

    assert (found.kind, found.reason) == ("passed", None)
