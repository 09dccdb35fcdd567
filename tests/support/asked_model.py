"""
What a server under test does with its model: it asks for a stream, and gets the answer piece by piece.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import httpx

__all__ = ["pieces"]


async def pieces(model: str, told: Iterable[Mapping[str, Any]]) -> AsyncIterator[str]:
    """
    The pieces of the answer to these messages.
    """
    asked = [{"role": one["role"], "content": one["content"]} for one in told]
    body = {"model": "fake-model", "messages": asked, "stream": True}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=20) as client,
        client.stream("POST", f"{model}/chat/completions", json=body) as given,
    ):
        async for line in given.aiter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line.removeprefix("data: "))["choices"]:
                    if piece := choice["delta"].get("content"):
                        yield piece
