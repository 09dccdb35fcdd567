"""
The reference server as its users meet it, a process and an address, and a model for it that does as it is told.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

__all__ = ["CHUNK", "Model", "Process", "modelling", "quoted", "serving", "turn"]

CHUNK = 'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'


@dataclass
class Process:
    """
    A server under test.
    """

    process: subprocess.Popen[str]
    url: str

    def ask(self, method: str, path: str, **rest: Any) -> httpx.Response:
        return httpx.request(method, self.url + path, trust_env=False, timeout=20, **rest)

    def chat(self, thread: str, text: str, prompt: str = "", answer: str = "") -> httpx.Response:
        return self.ask("POST", "/anita/chat", json=turn(thread, text, prompt, answer))

    def messages(self, thread: str) -> list[dict[str, Any]]:
        answer = self.ask("GET", f"/anita/threads/{quoted(thread)}/messages")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def texts(self, thread: str) -> list[str]:
        return [one["content"] for one in self.messages(thread)]

    def ended(self) -> int:
        # The server gives open streams 1 s to end; the rest is Python's own exit on a busy machine.
        return self.process.wait(timeout=3)


def quoted(name: str) -> str:
    """
    Every byte, for clients take `..` and `%2E` for their own.
    """
    return "".join(f"%{byte:02X}" for byte in name.encode())


def turn(thread: str, text: str, prompt: str = "", answer: str = "") -> dict[str, Any]:
    asked = {"role": "user", "content": text, "id": prompt or uuid.uuid4().hex}
    return {"prompt": asked, "threadId": thread, "responseId": answer or uuid.uuid4().hex}


@contextmanager
def serving(database: str, *options: str, environment: dict[str, str] | None = None) -> Iterator[Process]:
    command = [sys.executable, "-m", "reference_server", "--port", "0", "--dialect", "all", "--exit-with-parent"]
    with subprocess.Popen(
        [*command, "--db", database, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(environment or {})},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            said, url = process.stdout.readline().split()
            assert said == "ready"
            yield Process(process, url)
        finally:
            process.kill()


@dataclass
class Model:
    """
    A model that says one token and then does what it is told: goes on, waits for the gate, or dies.
    """

    url: str = ""
    dies: bool = False
    gate: threading.Event = field(default_factory=threading.Event)


@contextmanager
def modelling() -> Iterator[Model]:
    model = Model()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write((CHUNK % "first ").encode())
            if model.dies:
                # Zero seconds of lingering: close() sends RST, as a killed process's kernel may.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                time.sleep(0.1)  # a reset may overtake what was written just before it
                return
            model.gate.wait(10)
            self.wfile.write((CHUNK % "second" + "data: [DONE]\n\n").encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield model
        model.gate.set()
        server.shutdown()
