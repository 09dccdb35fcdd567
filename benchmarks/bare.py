"""
What one would write without a harness: `python -m benchmarks.bare URL FLOWS IN_FLIGHT` prints what it cost.

asyncio and one httpx client: chat, list, compare. Nothing is stamped, recorded or judged.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

import httpx

__all__: list[str] = []


async def _flow(client: httpx.AsyncClient, number: int, slots: asyncio.Semaphore) -> None:
    async with slots:
        path, said, parts = f"/threads/{os.getpid()}-{number}", f"Hello, k7-{number}", []
        async with client.stream("POST", path, json={"text": said}) as response:
            async for part in response.aiter_text():
                parts.append(part)
        listed = (await client.get(path)).json()
        if [one["text"] for one in listed] != [said, "".join(parts)]:
            raise SystemExit(f"flow {number} differs")


async def _all(url: str, flows: int, in_flight: int) -> dict[str, float]:
    slots = asyncio.Semaphore(in_flight)
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(_flow(client, number, slots) for number in range(flows)))
        return {"wall": time.perf_counter() - began, "cpu": time.process_time() - used}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
