"""
The upstream witness as a server: an OpenAI-compatible API at any path, and the control API.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from conformance.upstream.acts import Head
from conformance.upstream.bodies import MODELS, error
from conformance.upstream.control import PREFIX, control
from conformance.upstream.line import Line, LineProtocol
from conformance.upstream.performing import perform
from conformance.upstream.prompt import BadPrompt, parsed
from conformance.upstream.reading import BadRequest, Request, read_request
from conformance.upstream.scripted import acts_of
from conformance.upstream.witness import Witness

__all__ = ["Upstream", "serve"]

BACKLOG: Final = 1024  # hundreds of threads may be answered at once


class Upstream:
    """
    Listens, and lets the witness see. Everything runs in the loop that called `start`.
    """

    def __init__(self, witness: Witness | None = None) -> None:
        self.witness = witness or Witness()
        self._server: asyncio.Server | None = None
        self._open: dict[Line, asyncio.Task[Any] | None] = {}
        self._callers: set[Line] = set()

    @property
    def url(self) -> str:
        """
        `http://host:port`; a target's base URL is this and `/v1`.
        """
        return self.witness.url

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """
        Listen; port 0 takes a free one. Raises OSError.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: LineProtocol(self._serve), host, port, backlog=BACKLOG)
        name, port = self._server.sockets[0].getsockname()[:2]
        self.witness.url = f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    async def stop(self) -> None:
        """
        End all connections, whatever they are doing.
        """
        if self._server is None:
            return
        self._server.close()
        tasks = [task for task in self._open.values() if task]
        for line, task in list(self._open.items()):
            line.abort()
            if task:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> Upstream:
        if self._server is None:
            await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, line: Line) -> None:
        """
        All requests of one connection.
        """
        self._open[line] = asyncio.current_task()
        try:
            await self._requests(line)
            await line.close()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the other side has left, or we stop
        finally:
            line.abort()
            del self._open[line]
            self._called(line, False)

    def _called(self, line: Line, is_open: bool) -> None:
        """
        Count the connections that calls have come on.
        """
        (self._callers.add if is_open else self._callers.discard)(line)
        self.witness.open_lines = len(self._callers)

    async def _requests(self, line: Line) -> None:
        try:
            while line.usable and (request := await read_request(line.reader, line.proceed)) is not None:
                await self._answer(request, line)
                if not request.keeps:
                    return
        except BadRequest as wrong:
            await _reply(line, wrong.status, error(str(wrong)), last=True)

    async def _answer(self, request: Request, line: Line) -> None:
        if request.path.endswith("/chat/completions") and request.method == "POST":
            await self._complete(request, line)
        elif request.path.startswith(PREFIX):
            await _reply(line, *await control(self.witness, request))
        elif request.path.endswith("/models") and request.method == "GET":
            await _reply(line, 200, MODELS)
        else:
            problem = f"Invalid URL ({request.method} {request.path}): there are POST /chat/completions and GET /models"
            await _reply(line, 404, error(problem))

    async def _complete(self, request: Request, line: Line) -> None:
        try:
            prompt = parsed(request.body)
        except BadPrompt as wrong:
            self.witness.refuse(str(wrong))
            await _reply(line, 400, error(str(wrong)))
            return
        self._called(line, True)
        call = self.witness.admit(prompt)
        await perform(acts_of(call.script, prompt, call.number), call, line)


async def serve(host: str, port: int) -> None:
    """
    Be the upstream witness until cancelled. Raises OSError where the address cannot be had.
    """
    upstream = Upstream()
    await upstream.start(host, port)
    try:
        await asyncio.Event().wait()
    finally:
        await upstream.stop()


async def _reply(line: Line, status: int, value: Any, last: bool = False) -> None:
    body = msgspec.json.encode(value)
    line.head(Head(status, size=len(body)), last)
    await line.end(body)
