"""
What operators see: figures for Prometheus, and a line of JSON for each turn.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

from reference_server.core.errors import UpstreamFailed
from reference_server.core.people import Principal
from reference_server.core.upstream import Piece

__all__ = ["Watch", "Watched"]

log: Final = logging.getLogger("reference_server.requests")
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Watch:
    """
    The figures of one server process. A registry of its own, so that several servers in one process do not mix.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("chat_requests", "Turns that were asked for", registry=self.registry)
        self.failures = Counter("chat_failures", "Turns that failed", ["kind"], registry=self.registry)
        self.tokens = Counter("chat_tokens", "Tokens as the model counted them", ["kind"], registry=self.registry)
        self.open = Gauge("chat_streams_open", "Turns under way", registry=self.registry)
        self.duration = self.seconds("chat_duration_seconds", "A whole turn, to the end of its stream")
        self.first = self.seconds("chat_first_token_seconds", "From the request to the first text")
        self.storing = self.seconds("chat_store_seconds", "From the last text until the answer is stored")

    def seconds(self, name: str, what: str) -> Histogram:
        return Histogram(name, what, registry=self.registry, buckets=SECONDS)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """
        The figures as text, and the content type, as the `Accept` header of the asker wants them.
        """
        encode, kind = choose_encoder(accept)
        return encode(self.registry), kind

    def turn(self, thread: str, model: str, who: Principal | None, length: int) -> Watched:
        return Watched(self, {"conversationId": thread, "model": model, "userId": who and who.user}, length)


class Watched:
    """
    One turn, from its request to its end.
    """

    def __init__(self, watch: Watch, names: dict[str, Any], length: int) -> None:
        self._watch = watch
        self._names = names
        self._began = time.monotonic()
        self._first: float | None = None
        self._last = self._began
        self._finish: str | None = None
        self._usage: dict[str, Any] = {}
        watch.requests.inc()
        watch.open.inc()
        self._say("chat request", messageLength=length)

    def saw(self, piece: Piece) -> None:
        if piece.text:
            self._last = time.monotonic()
            if self._first is None:
                self._first = self._last
                self._watch.first.observe(self._first - self._began)
        self._finish = piece.finish or self._finish
        self._usage = piece.usage or self._usage

    def stored(self) -> None:
        self._watch.storing.observe(time.monotonic() - self._last)

    def ended(self) -> None:
        duration = self._over()
        for kind in ("prompt_tokens", "completion_tokens"):
            self._watch.tokens.labels(kind.removesuffix("_tokens")).inc(self._usage.get(kind) or 0)
        tokens = self._usage.get("total_tokens")
        self._say("stream complete", finishReason=self._finish, tokenCount=tokens, duration=duration)

    def failed(self, error: Exception) -> None:
        duration = self._over()
        kind = "upstream" if isinstance(error, UpstreamFailed) else type(error).__name__
        self._watch.failures.labels(kind).inc()
        self._say("chat failed", error=kind, duration=duration)

    def _over(self) -> float:
        duration = time.monotonic() - self._began
        self._watch.duration.observe(duration)
        self._watch.open.dec()
        return duration

    def _say(self, event: str, **more: Any) -> None:
        if log.isEnabledFor(logging.INFO):
            line = {"event": event, **self._names, **more, "timestamp": datetime.now(UTC).isoformat()}
            log.info("%s", json.dumps(line, ensure_ascii=False))
