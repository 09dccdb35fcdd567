"""
Lists that cannot be walked to their end.
"""

from __future__ import annotations

from typing import Any

from reference_server.core.errors import Invalid
from reference_server.core.people import Principal
from reference_server.core.records import Message
from reference_server.core.threads import Threads
from reference_server.dialects.completions import CompletionsWire

ONLY = ("completions",)


class SilentCap(Threads):
    """
    A list ends after 1,000 messages, and does not say so.
    """

    id = "silent-cap"
    seam = "threads"
    dialects = ("anita", "guide", "completions", "assistants", "conversations")
    caught_by = ("threads/long-threads-are-whole",)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        return (await super().messages(thread_id, who))[:1000]


class SilentNewestN(Threads):
    """
    Only the newest 100 messages are listed.
    """

    id = "silent-newest-n"
    group = "recall"
    seam = "threads"
    dialects = ("anita", "guide", "completions", "assistants", "conversations")
    caught_by = ("threads/long-threads-are-whole",)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        return (await super().messages(thread_id, who))[-100:]


class CursorInclusive(CompletionsWire):
    """
    Each page begins with the last message of the page before.
    """

    id = "cursor-inclusive"
    seam = "completions"
    dialects = ONLY
    caught_by = ("pages/walk",)

    def place_after(self, ordered: list[Message], after: str | None) -> int:
        place = super().place_after(ordered, after)
        return place - 1 if after is not None and place < len(ordered) else place


class HasMoreWrong(CompletionsWire):
    """
    A full page always says that there is more.
    """

    id = "has-more-wrong"
    seam = "completions"
    dialects = ONLY
    caught_by = ("pages/walk",)

    def page(self, stored: list[Message], order: str, after: str | None, limit: int | None) -> dict[str, Any]:
        page = super().page(stored, order, after, limit)
        return {**page, "has_more": limit is not None and len(page["data"]) == limit}


class NextPageEmpty(CompletionsWire):
    """
    The second page is always empty.
    """

    id = "next-page-empty"
    seam = "completions"
    dialects = ONLY
    caught_by = ("pages/walk",)

    def place_after(self, ordered: list[Message], after: str | None) -> int:
        return super().place_after(ordered, after) if after is None else len(ordered)


class OrderParamIgnored(CompletionsWire):
    """
    Every list is ascending, whatever is asked.
    """

    id = "order-param-ignored"
    group = "order"
    seam = "completions"
    dialects = ONLY
    caught_by = ("pages/descending",)

    def page(self, stored: list[Message], order: str, after: str | None, limit: int | None) -> dict[str, Any]:
        return super().page(stored, "asc", after, limit)


class UnknownCursorFirstPage(CompletionsWire):
    """
    A cursor that is unknown begins anew.
    """

    id = "unknown-cursor-first-page"
    seam = "completions"
    dialects = ONLY
    caught_by = ("pages/foreign-cursor",)

    def place_after(self, ordered: list[Message], after: str | None) -> int:
        try:
            return super().place_after(ordered, after)
        except Invalid:
            return 0


class BadLimitAccepted(CompletionsWire):
    """
    A page of no messages, or of minus one, is a page.
    """

    id = "bad-limit-accepted"
    seam = "completions"
    dialects = ONLY
    caught_by = ("pages/bad-limit",)

    def check_limit(self, limit: int | None) -> None:
        pass
