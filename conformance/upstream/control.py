"""
The witness over HTTP, for a harness in another process. `remote` is its client.

| request | answer |
|---|---|
| `GET /threadgauge/state` | `State` |
| `POST /threadgauge/turns` with a turn | `null` |
| `GET /threadgauge/turns/KEY/calls` | list of `UpstreamCall` |
| `GET /threadgauge/turns/KEY/held?deadline=5` | `true` or `false`, when it is known |
| `POST /threadgauge/turns/KEY/release?by=text` | `null` |
| `DELETE /threadgauge/turns/KEY` | `null` |
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from conformance.engine.effects import Turn
from conformance.upstream.bodies import error
from conformance.upstream.reading import Request, segments
from conformance.upstream.witness import Witness

__all__ = ["PREFIX", "control", "turn_json"]

PREFIX: Final = "/threadgauge/"


def turn_json(turn: Turn) -> bytes:
    """
    A turn as ASCII: scripts may hold halves of surrogate pairs, which msgspec's own JSON refuses.
    """
    return json.dumps(msgspec.to_builtins(turn)).encode()


async def control(witness: Witness, request: Request) -> tuple[int, Any]:
    """
    Do what is asked; the status and what is to be sent as JSON.
    """
    query = {name: values[-1] for name, values in parse_qs(request.query).items()}
    try:
        match request.method, *segments(request.path)[1:]:
            case "GET", "state":
                return 200, await witness.state()
            case "POST", "turns":
                await witness.register(msgspec.convert(json.loads(request.body), Turn))
            case "GET", "turns", key, "calls":
                return 200, await witness.calls(key)
            case "GET", "turns", key, "held":
                return 200, await witness.held(key, float(query["deadline"]))
            case "POST", "turns", key, "release":
                await witness.release(key, query["by"])
            case "DELETE", "turns", key:
                await witness.forget(key)
            case _:
                return 404, error(f"the control API has no {request.method} {request.path}")
    except (ValueError, KeyError, RecursionError) as wrong:  # msgspec's ValidationError is a ValueError
        return 400, error(f"not understood: {wrong}")
    return 200, None
