"""
Walks from page to page that lose, repeat or never end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from reference_server.core.records import Message, NewMessage
from reference_server.dialects.assistants.lists import Lists, Page
from reference_server.dialects.completions import CompletionsWire
from reference_server.dialects.conversations import ConversationsWire


class CursorSkipsTies(CompletionsWire):
    """
    The cursor is a time in seconds: with the last message of a page, all others of its second are behind.
    """

    id = "cursor-skips-ties"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("pages/walk",)

    def place_after(self, ordered: list[Message], after: str | None) -> int:
        place = super().place_after(ordered, after)
        while 0 < place < len(ordered) and self.second(ordered[place]) == self.second(ordered[place - 1]):
            place += 1
        return place

    def second(self, one: Message) -> int:
        return int(one.created_at.timestamp())


class WalkNeverEnds(CompletionsWire):
    """
    Every page is the first one, whatever its cursor.
    """

    id = "walk-never-ends"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("pages/walk",)

    def place_after(self, ordered: list[Message], after: str | None) -> int:
        super().place_after(ordered, after)
        return 0


class PageSortedIndividually(CompletionsWire):
    """
    Pages are cut from the newest message back, and each is sorted by itself.
    """

    id = "page-sorted-individually"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("pages/walk",)

    def page(self, stored: list[Message], order: str, after: str | None, limit: int | None) -> dict[str, Any]:
        page = super().page(stored, "desc" if limit is not None else order, after, limit)
        return {**page, "data": page["data"][::-1]} if limit is not None and order == "asc" else page


class CursorCrossesThreads(CompletionsWire):
    """
    The list is that of the cursor's thread, and not of the one in the address.
    """

    id = "cursor-crosses-threads"
    group = "isolation"
    seam = "completions"
    dialects = ("completions",)
    caught_by = ("pages/foreign-cursor",)

    def page(self, stored: list[Message], order: str, after: str | None, limit: int | None) -> dict[str, Any]:
        def of_cursor(connection: Connection) -> list[Message]:
            store = self.server.turns.store
            owners = store.threads_with_message(connection, after or "")
            return store.messages_of(connection, owners[0]) if owners else stored

        found = stored if after is None else self.server.database.transaction(of_cursor, False)
        return super().page(found, order, None if found is not stored else after, limit)


class BeforeAfterSwapped(Lists):
    """
    `before` is taken for `after`, and `after` for `before`.
    """

    id = "before-after-swapped"
    seam = "assistant_lists"
    dialects = ("assistants",)
    caught_by = ("pages/before",)

    def listed(self, oldest_first: Sequence[dict[str, Any]], page: Page) -> dict[str, Any]:
        return super().listed(oldest_first, replace(page, after=page.before, before=page.after))


class OffsetDrift(Lists):
    """
    A cursor is the place where its message stood when it was listed: what comes meanwhile moves the rest.
    """

    id = "offset-drift"
    seam = "assistant_lists"
    dialects = ("assistants",)
    caught_by = ("pages/walk",)

    def listed(self, oldest_first: Sequence[dict[str, Any]], page: Page) -> dict[str, Any]:
        stood: dict[str, int] = self.__dict__.setdefault("stood", {})
        for place, one in enumerate(self.ordered(oldest_first, page)):
            stood.setdefault(f"{page.order} {one['id']}", place)
        self.__dict__["order"] = page.order
        return super().listed(oldest_first, page)

    def place(self, ordered: Sequence[dict[str, Any]], name: str | None, param: str) -> int:
        super().place(ordered, name, param)
        place: int = self.__dict__["stood"][f"{self.__dict__['order']} {name}"]
        return place


class CannotReachStart(ConversationsWire):
    """
    Only the newest fifty items are ever in a page, and the last page of these says that it is the last.
    """

    id = "cannot-reach-start"
    seam = "conversations"
    dialects = ("conversations",)
    caught_by = ("threads/long-threads-are-whole",)

    def page(self, stored: Sequence[Message | NewMessage], order: str, after: str | None, limit: int) -> dict[str, Any]:
        return super().page(stored[-50:], order, after, limit)


class IdCursorTimeOrder(ConversationsWire):
    """
    Items are sorted by time, and a page has those whose id is greater than the cursor's.
    """

    id = "id-cursor-time-order"
    seam = "conversations"
    dialects = ("conversations",)
    caught_by = ("threads/long-threads-are-whole",)

    def page(self, stored: Sequence[Message | NewMessage], order: str, after: str | None, limit: int) -> dict[str, Any]:
        self.place_after(stored, after)
        behind = [one for one in stored if after is None or self.later(one.external_id or "", after, order)]
        return super().page(behind, order, None, limit)

    def later(self, name: str, after: str, order: str) -> bool:
        return name > after if order == "asc" else name < after


class HistoryUnboundedLoad(ConversationsWire):
    """
    A page has all items that there are, whatever its limit.
    """

    id = "history-unbounded-load"
    group = "performance-leaks"
    seam = "conversations"
    dialects = ("conversations",)
    caught_by = ("pages/walk",)

    def page(self, stored: Sequence[Message | NewMessage], order: str, after: str | None, limit: int) -> dict[str, Any]:
        ordered = list(stored if order == "asc" else reversed(stored))
        return self.listed([self.item(one) for one in ordered[self.place_after(ordered, after) :]], more=False)
