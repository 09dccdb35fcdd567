"""
A witness in another process, over its control API.
"""

from __future__ import annotations

import time
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from conformance.engine.effects import Turn
from conformance.errors import LaunchError
from conformance.model.transcript import UpstreamCall
from conformance.upstream.control import PREFIX, turn_json
from conformance.upstream.witness import State

__all__ = ["RemoteWitness"]

PATIENCE: Final = 10.0  # seconds for an answer that takes a millisecond on an idle machine
T = TypeVar("T")


class RemoteWitness:
    """
    The interface of `Witness`, spoken to `url`. Times are this machine's, also where the witness runs on another.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.AsyncClient(
            base_url=self.url + PREFIX,
            trust_env=False,
            verify=False,  # it speaks plain HTTP: loading certificates would cost 20 ms
            limits=httpx.Limits(max_keepalive_connections=8),
            timeout=PATIENCE,
        )
        self._behind: float | None = None

    async def register(self, turn: Turn) -> None:
        await self._ask("POST", "turns", content=turn_json(turn))

    async def held(self, key: str, deadline: float) -> bool:
        path = f"{_path(key)}/held"
        answer = await self._ask("GET", path, params={"deadline": deadline}, timeout=deadline + PATIENCE)
        return msgspec.json.decode(answer, type=bool)

    async def release(self, key: str, by: str) -> None:
        await self._ask("POST", f"{_path(key)}/release", params={"by": by})

    async def calls(self, key: str) -> list[UpstreamCall]:
        if self._behind is None:
            self._behind = await self._clock()
        calls = msgspec.json.decode(await self._ask("GET", f"{_path(key)}/calls"), type=list[UpstreamCall])
        return [_later(call, self._behind) for call in calls] if self._behind else calls

    async def forget(self, key: str) -> None:
        await self._ask("DELETE", _path(key))

    async def state(self) -> State:
        return msgspec.json.decode(await self._ask("GET", "state"), type=State)

    async def connections(self) -> int:
        return (await self.state()).connections

    async def close(self) -> None:
        await self._client.aclose()

    async def _clock(self) -> float:
        """
        How far the witness's clock is behind ours; exactly 0 on the same machine, where both have the same one.
        """
        before = time.monotonic()
        there = (await self.state()).now
        after = time.monotonic()
        return 0.0 if before <= there <= after else (before + after) / 2 - there

    async def _ask(self, method: str, path: str, **options: Any) -> bytes:
        try:
            answer = await self._client.request(method, path, **options)
        except httpx.HTTPError as gone:
            raise LaunchError(f"the upstream witness at {self.url} is gone ({gone!r}): start it again.") from None
        if answer.is_error:
            raise LaunchError(f"the upstream witness at {self.url} is another version: {answer.text[:200]}")
        return answer.content


def _path(key: str) -> str:
    return f"turns/{quote(key, safe='')}"


def _later(call: UpstreamCall, seconds: float) -> UpstreamCall:
    gates = [
        msgspec.structs.replace(gate, held_at=gate.held_at + seconds, released_at=_added(gate.released_at, seconds))
        for gate in call.gates
    ]
    return msgspec.structs.replace(call, at=call.at + seconds, ended_at=_added(call.ended_at, seconds), gates=gates)


def _added(moment: float | None, seconds: float) -> float | None:
    return None if moment is None else moment + seconds
