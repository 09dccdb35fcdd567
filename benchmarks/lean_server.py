"""
A server of a few lines, so that the harness is measured and not the server: `python -m benchmarks.lean_server`.

POST /threads/ID {"text": ...} streams an answer, GET /threads/ID lists the messages. It says `ready URL` and ends with
its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.driver.loop import run

__all__: list[str] = []

HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: "
CHUNKED: Final = HEAD + b"text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
SENTENCE: Final = "The quick brown fox jumps over the lazy dog, once more. "


@dataclass(slots=True)
class Lean:
    """
    What an answer is made of: `chunks` pieces of `size` characters, the first after `first` seconds, then one each
    `every` seconds. A long answer is not remembered.
    """

    chunks: int
    size: int
    first: float
    every: float
    threads: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ids: itertools.count[int] = field(default_factory=itertools.count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """
        All requests of one connection.
        """
        try:
            while True:
                method, path, body = await _request(reader)
                if method == "POST":
                    await self._answer(path, json.loads(body)["text"], writer)
                else:
                    found = json.dumps(self.threads.get(path, [])).encode()
                    writer.write(HEAD + b"application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(found), found))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, path: str, text: str, writer: asyncio.StreamWriter) -> None:
        source = f"You said: {text} {SENTENCE}"
        piece = (source * (self.size // len(source) + 1))[: self.size]
        framed = b"%x\r\n%b\r\n" % (self.size, piece.encode())
        writer.write(CHUNKED)
        due = asyncio.get_running_loop().time() + self.first
        for _ in range(self.chunks):
            # By the clock, not chunk by chunk: a busy machine must not make the stream longer.
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            writer.write(framed)
            await writer.drain()
            due += self.every
        if self.chunks * self.size < 2**20:
            self._remember(path, text, piece * self.chunks)
        writer.write(b"0\r\n\r\n")

    def _remember(self, path: str, text: str, answer: str) -> None:
        told = self.threads.setdefault(path, [])
        told.append({"id": f"m{next(self.ids)}", "role": "user", "text": text})
        told.append({"id": f"m{next(self.ids)}", "role": "assistant", "text": answer})


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split(" ", 2)
    sizes = [line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
    return method, path, await reader.readexactly(int(sizes[0])) if sizes else b""


async def _serve(lean: Lean) -> None:
    server = await asyncio.start_server(lean.serve, "127.0.0.1", 0, backlog=1024)
    host, port = server.sockets[0].getsockname()[:2]
    sys.stdout.write(f"ready http://{host}:{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lean_server", description=__doc__)
    parser.add_argument("--chunks", type=int, default=40)
    parser.add_argument("--size", type=int, default=20, help="characters of a chunk")
    parser.add_argument("--first", type=float, default=0.1, help="seconds before the first chunk")
    parser.add_argument("--every", type=float, default=0.01, help="seconds between two chunks")
    run(_serve(Lean(**vars(parser.parse_args()))))
