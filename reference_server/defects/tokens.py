"""
Figures that do not add up.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, func

from reference_server.core.answers import Answer
from reference_server.core.people import Principal
from reference_server.core.records import Message
from reference_server.core.tables import usage
from reference_server.core.upstream import Prompt, Upstream
from reference_server.core.usage import MILLION, Usage, Used

SHADFLARE = ("shadflare",)


class UsageNotAskedFor(Upstream):
    """
    A streaming model counts only when it is asked to, and nobody asks.
    """

    id = "usage-missing-on-stream"
    seam = "upstream"
    dialects = ("shadflare", "conversations")
    caught_by = ("tokens/counted-for-each-answer",)

    def body(self, prompt: Prompt) -> dict[str, Any]:
        return {name: value for name, value in super().body(prompt).items() if name != "stream_options"}


class UnknownTokensAreZero(Answer):
    """
    What the model did not count is stored as 0.
    """

    id = "unknown-tokens-are-zero"
    seam = "answer"
    dialects = ("shadflare", "conversations")
    caught_by = ("tokens/unknown-is-not-zero",)

    def tokens(self, kind: str) -> int | None:
        return super().tokens(kind) or 0


class TokensNotStored(Answer):
    """
    The figures are streamed and forgotten.
    """

    id = "tokens-not-stored"
    seam = "answer"
    dialects = ("shadflare", "conversations")
    caught_by = ("tokens/counted-for-each-answer",)

    def tokens(self, kind: str) -> int | None:
        return None


class TotalIsThePrompts(Answer):
    """
    The total leaves out what was answered.
    """

    id = "total-is-the-prompts"
    seam = "answer"
    dialects = ("shadflare", "conversations")
    caught_by = ("tokens/counted-for-each-answer",)

    def tokens(self, kind: str) -> int | None:
        return super().tokens("prompt_tokens" if kind == "total_tokens" else kind)


class UnknownSumIsZero(Usage):
    """
    A sum of nothing but unknown figures is 0.
    """

    id = "unknown-sum-is-zero"
    seam = "usage"
    dialects = SHADFLARE
    caught_by = ("tokens/summed-for-a-thread",)

    def sums(self) -> tuple[ColumnElement[Any], ...]:
        answers, unknown, *counted = super().sums()
        return (answers, unknown, *(func.coalesce(one, 0) for one in counted))


class UsageOfEverybody(Usage):
    """
    A thread's usage is that of its whole tenant.
    """

    id = "usage-of-everybody"
    seam = "usage"
    dialects = SHADFLARE
    caught_by = ("tokens/summed-for-a-thread",)

    def of_thread(self, thread_id: str) -> ColumnElement[bool]:
        return usage.c.thread_id.is_not(None)


class UsageOfColleagues(Usage):
    """
    A user's usage is that of the whole tenant.
    """

    id = "usage-of-colleagues"
    seam = "usage"
    dialects = SHADFLARE
    caught_by = ("tokens/summed-for-a-user",)

    def of_user(self, who: Principal) -> ColumnElement[bool]:
        return self.of_tenant(who)


class CostOfEachToken(Usage):
    """
    The price of a million tokens is taken for that of one.
    """

    id = "cost-of-each-token"
    seam = "usage"
    dialects = SHADFLARE
    caught_by = ("tokens/known-model-has-a-cost",)

    def cost(self, model: str, prompt_tokens: int | None, completion_tokens: int | None) -> float | None:
        cost = super().cost(model, prompt_tokens, completion_tokens)
        return None if cost is None else cost * MILLION


class UsageOfLastAnswer(Usage):
    """
    A thread has one row of usage, that of its last answer.
    """

    id = "usage-of-the-last-answer"
    seam = "usage"
    dialects = SHADFLARE
    caught_by = ("tokens/summed-for-a-thread",)

    def record(self, connection: Connection, who: Principal | None, model: str, answer: Message) -> None:
        connection.execute(usage.delete().where(usage.c.thread_id == answer.thread_id))
        super().record(connection, who, model, answer)


class UsageCountedTwice(Usage):
    """
    The answer's usage is booked when it ends, and when it is stored.
    """

    id = "usage-counted-twice"
    seam = "usage"
    dialects = SHADFLARE
    caught_by = ("tokens/summed-for-a-thread",)

    def record(self, connection: Connection, who: Principal | None, model: str, answer: Message) -> None:
        super().record(connection, who, model, answer)
        super().record(connection, who, model, answer)


class PeriodsAreMinutes(Usage):
    """
    Each answer is a period of its own.
    """

    id = "usage-not-summed"
    seam = "usage"
    dialects = SHADFLARE
    caught_by = ("tokens/summed-for-a-thread",)

    def by_period(self, connection: Connection, whose: ColumnElement[bool], period: Any) -> dict[str, Used]:
        one = super().by_period(connection, whose, period)
        return {**one, **{f"{name}T00": used for name, used in one.items()}}
