"""
An OpenAI-compatible model that is not ours: it says what it likes, never what it was told, and counts its turns.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ["That", " is", " a", " good", " question.", " Let", " us", " think", " about", " it."]


class OtherModel(ThreadingHTTPServer):
    """
    `turns` is how often it was asked; with `failing`, it refuses every turn after the first three as overloaded.
    """

    daemon_threads = True

    def __init__(self, *, failing: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.turns = 0
        self.failing = failing

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: OtherModel

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        asked = json.loads(self.rfile.read(length))
        self.server.turns += 1
        if self.server.failing and self.server.turns > 3:
            self._answer(503, "application/json", [{"error": {"message": "overloaded", "type": "server_error"}}])
        elif asked.get("stream"):
            chunks = [_chunk({"role": "assistant", "content": ""}), *(_chunk({"content": one}) for one in WORDS)]
            self._answer(200, "text/event-stream", [*chunks, _chunk({}, "stop")])
        else:
            message = {"role": "assistant", "content": "".join(WORDS)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._answer(200, "application/json", [{"id": "c", "object": "chat.completion", "choices": [choice]}])

    def _answer(self, status: int, kind: str, bodies: list[dict[str, Any]]) -> None:
        stream = kind == "text/event-stream"
        texts = [f"data: {json.dumps(one)}\n\n" if stream else json.dumps(one) for one in bodies]
        body = "".join([*texts, "data: [DONE]\n\n" if stream else ""]).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """
        Nothing: the test's output is not its log.
        """


def _chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "other", "choices": [choice]}


@contextmanager
def other_model(*, failing: bool = False) -> Iterator[OtherModel]:
    """
    The model, listening, until the context ends.
    """
    with OtherModel(failing=failing) as model:
        thread = threading.Thread(target=model.serve_forever)
        thread.start()
        try:
            yield model
        finally:
            model.shutdown()
            thread.join()
