"""
What operators rely on: limits, health, figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from reference_server.core.errors import CoreError, Limited
from reference_server.core.limits import MINUTE, Limits
from reference_server.core.people import Principal
from reference_server.core.records import Thread
from reference_server.core.tables import calls
from reference_server.core.threads import Threads
from reference_server.core.turns import Question, Turns
from reference_server.core.upstream import Piece
from reference_server.core.watch import Watch, Watched
from reference_server.dialects.operating import Health

OPERATED = ("anita", "guide")


class LimitNotEnforced(Limits):
    """
    The limit is configured, and nobody counts.
    """

    id = "limit-not-enforced"
    group = "rate-limit"
    seam = "limits"
    dialects = ("anita", "guide", "shadflare", "assistants", "conversations")
    caught_by = ("ratelimit/limit-is-told", "ratelimit/refused-turn-is-not-stored")

    def take(self, connection: Connection, who: Principal | None) -> None:
        pass


class NoRetryAfter(Limits):
    """
    A refusal says that one may come again in 0 seconds.
    """

    id = "no-retry-after"
    group = "rate-limit"
    seam = "limits"
    dialects = ("anita", "guide", "shadflare", "assistants", "conversations")
    caught_by = ("ratelimit/limit-is-told",)

    def wait(self, before: int, taken: int, limit: int, now: float) -> int:
        return 0


class LimitedTurnStored(Turns):
    """
    The question is stored first, and the limit asked then.
    """

    id = "limited-turn-stored"
    group = "rate-limit"
    seam = "turns"
    dialects = ("anita", "guide", "shadflare", "assistants", "conversations")
    caught_by = ("ratelimit/refused-turn-is-not-stored",)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        if isinstance(error, Limited):
            self.database.transaction(self.keeping(question), True)
        return super().failed(question, error)

    def keeping(self, question: Question) -> Callable[[Connection], object]:
        def keep(connection: Connection) -> None:
            self.store.insert_thread(connection, self.new_thread(question))
            self.store.append(connection, question.thread, question.messages)

        return keep


class LimitSharedAcrossUsers(Limits):
    """
    When one user has asked too much, all have.
    """

    id = "limit-shared-across-users"
    group = "rate-limit"
    seam = "limits"
    dialects = OPERATED
    caught_by = ("ratelimit/refused-turn-is-not-stored",)

    def take(self, connection: Connection, who: Principal | None) -> None:
        now = self.clock()
        if now < self.__dict__.get("until", 0.0):
            raise Limited("too many requests", MINUTE)
        try:
            super().take(connection, who)
        except Limited:
            self.__dict__["until"] = now + MINUTE
            raise


class LimitBlocksReads(Threads):
    """
    Who may not ask may not read either.
    """

    id = "limit-blocks-reads"
    group = "rate-limit"
    seam = "threads"
    dialects = OPERATED
    caught_by = ("ratelimit/refused-turn-is-not-stored",)

    def seen(self, connection: Connection, thread_id: str, who: Principal | None) -> Thread:
        if who is not None and who.limit is not None:
            asked = calls.c.caller.endswith(f"/{who.user}", autoescape=True)
            if (connection.scalar(select(func.sum(calls.c.count)).where(asked)) or 0) >= who.limit:
                raise Limited("too many requests", 1)
        return super().seen(connection, thread_id, who)


class HealthWaitsForTurns(Health):
    """
    Health is told when the server has nothing else to do.
    """

    id = "health-waits-for-turns"
    seam = "health"
    dialects = ("anita", "guide", "conversations")
    caught_by = ("health/well-while-turns-are-under-way",)

    async def services(self) -> dict[str, bool]:
        for _ in range(15):
            if self.server.watch.open._value.get() == 0:
                break
            await asyncio.sleep(0.1)
        return await super().services()


class HealthInLocalTime(Health):
    """
    The time of the look is local, and does not say where.
    """

    id = "health-in-local-time"
    seam = "health"
    dialects = ("anita", "guide", "conversations")
    caught_by = ("health/names-what-it-looked-at",)

    def body(self, services: dict[str, bool]) -> dict[str, Any]:
        return {**super().body(services), "timestamp": datetime.now().isoformat()}


class MetricsCountNothing(Watch):
    """
    The figures are there and nobody touches them.
    """

    id = "metrics-count-nothing"
    seam = "watch"
    dialects = ("anita", "guide", "shadflare", "assistants", "conversations")
    caught_by = ("metrics/turns-are-counted", "metrics/duration-covers-the-stream", "metrics/tokens-are-counted")

    def turn(self, thread: str, model: str, who: Principal | None, length: int) -> Watched:
        return Watch().turn(thread, model, who, length)


class MetricsCountAnswers(Watch):
    """
    Turns are counted when they are answered: those that failed never were.
    """

    id = "metrics-count-answers"
    seam = "watch"
    dialects = ("anita", "guide", "shadflare", "conversations")
    caught_by = ("metrics/turns-are-counted",)

    def turn(self, thread: str, model: str, who: Principal | None, length: int) -> Watched:
        return _CountsAnswers(self, {"conversationId": thread, "model": model}, length)


class _CountsAnswers(Watched):
    def failed(self, error: Exception) -> None:
        super().failed(error)
        self._watch.requests._value.inc(-1)


class MetricsCountTokensTwice(Watch):
    """
    The tokens are added where the model's count comes in, and again where the turn ends.
    """

    id = "metrics-count-tokens-twice"
    seam = "watch"
    dialects = ("anita", "guide", "shadflare", "assistants", "conversations")
    caught_by = ("metrics/tokens-are-counted",)

    def turn(self, thread: str, model: str, who: Principal | None, length: int) -> Watched:
        return _CountsTokensTwice(self, {"conversationId": thread, "model": model}, length)


class _CountsTokensTwice(Watched):
    def saw(self, piece: Piece) -> None:
        super().saw(piece)
        for kind, count in (piece.usage or {}).items():
            if kind in ("prompt_tokens", "completion_tokens"):
                self._watch.tokens.labels(kind.removesuffix("_tokens")).inc(count)


class DurationWithoutTheStream(Watch):
    """
    The clock is stopped when the answer begins, as a `finally` around the handler does it.
    """

    id = "duration-without-the-stream"
    seam = "watch"
    dialects = ("anita", "guide", "shadflare", "assistants", "conversations")
    caught_by = ("metrics/duration-covers-the-stream",)

    def turn(self, thread: str, model: str, who: Principal | None, length: int) -> Watched:
        return _StopsAtTheFirstText(self, {"conversationId": thread, "model": model}, length)


class _StopsAtTheFirstText(Watched):
    def _over(self) -> float:
        duration = (self._first or self._began) - self._began
        self._watch.duration.observe(duration)
        self._watch.open.dec()
        return duration
