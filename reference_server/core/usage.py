"""
What was used, and what it cost: a row for each answer, sums over conversations, users, tenants, days and months.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, func, insert, select

from reference_server.core.people import Principal
from reference_server.core.records import Message
from reference_server.core.tables import usage

__all__ = ["PRICES", "Period", "Price", "Usage", "Used"]

Period = Literal["day", "month"]
MILLION: Final = 1_000_000
WIDTH: Final[Mapping[Period, int]] = {"day": len("2026-11-21"), "month": len("2026-11")}


@dataclass(frozen=True, slots=True)
class Price:
    """
    US dollars for a million tokens.
    """

    prompt: float
    completion: float


PRICES: Final[Mapping[str, Price]] = {
    "gpt-4": Price(30, 60),
    "gpt-4o": Price(2.5, 10),
    "gpt-4o-mini": Price(0.15, 0.6),
    "claude-3-5-sonnet": Price(3, 15),
    "claude-3-5-haiku": Price(0.8, 4),
    "grok-2": Price(2, 10),
}
"""
The prices that the providers published for these names; a model that is not here has no known cost.
"""


@dataclass(frozen=True, slots=True)
class Used:
    """
    A sum. What no answer said is unknown, not 0; `unknown` counts the answers that said nothing.
    """

    answers: int = 0
    unknown: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cost: float | None = None


class Usage:
    """
    Writes and sums the rows of `usage`. Every method is part of a transaction of its caller.
    """

    def record(self, connection: Connection, who: Principal | None, model: str, answer: Message) -> None:
        """
        One answer. The row outlives its message and its conversation: what was used is to be paid.
        """
        values = {
            "id": uuid.uuid4().hex,
            "tenant": who and who.tenant,
            "owner": who and who.user,
            "thread_id": answer.thread_id,
            "message_id": answer.id,
            "model": model,
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.total_tokens,
            "cost": self.cost(model, answer.prompt_tokens, answer.completion_tokens),
            "day": self.day(answer.created_at),
            "created_at": answer.created_at,
        }
        connection.execute(insert(usage).values(values))

    def cost(self, model: str, prompt_tokens: int | None, completion_tokens: int | None) -> float | None:
        """
        In US dollars; prompts and completions have different prices.
        """
        price = PRICES.get(model)
        if price is None or prompt_tokens is None or completion_tokens is None:
            return None
        return (prompt_tokens * price.prompt + completion_tokens * price.completion) / MILLION

    def day(self, time: datetime) -> str:
        return time.astimezone(UTC).date().isoformat()

    # -- sums

    def of_user(self, who: Principal) -> ColumnElement[bool]:
        return (usage.c.tenant == who.tenant) & (usage.c.owner == who.user)

    def of_tenant(self, who: Principal) -> ColumnElement[bool]:
        return usage.c.tenant == who.tenant

    def of_thread(self, thread_id: str) -> ColumnElement[bool]:
        return usage.c.thread_id == thread_id

    def total(self, connection: Connection, whose: ColumnElement[bool]) -> Used:
        row = connection.execute(select(*self.sums()).where(whose)).one()
        return Used(*row)

    def by_period(self, connection: Connection, whose: ColumnElement[bool], period: Period) -> dict[str, Used]:
        """
        The sum of each day or month in which something was used, the newest first.
        """
        name = func.substr(usage.c.day, 1, WIDTH[period])
        rows = connection.execute(select(name, *self.sums()).where(whose).group_by(name).order_by(name.desc()))
        return {row[0]: Used(*row[1:]) for row in rows}

    def sums(self) -> tuple[ColumnElement[Any], ...]:
        """
        In the order of `Used`. SQL's sum leaves out what is NULL, and is NULL where all is.
        """
        counted = (usage.c.prompt_tokens, usage.c.completion_tokens, usage.c.total_tokens, usage.c.cost)
        answers = func.count()
        return (answers, answers - func.count(usage.c.total_tokens), *(func.sum(column) for column in counted))
