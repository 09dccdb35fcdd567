"""
Lists in pages: by limit, order, and a cursor in either direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from reference_server.core.errors import Invalid

__all__ = ["Lists", "Page", "Wanted"]


@dataclass(frozen=True, slots=True)
class Page:
    """
    Which part of a list is wanted.
    """

    limit: int
    order: Literal["asc", "desc"]
    after: str | None
    before: str | None


async def _page(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
    after: str | None = None,
    before: str | None = None,
) -> Page:
    return Page(limit, order, after, before)


Wanted = Annotated[Page, Depends(_page)]


class Lists:
    """
    A list object of things that are given as they are written, oldest first.
    """

    def listed(self, oldest_first: Sequence[dict[str, Any]], page: Page) -> dict[str, Any]:
        """
        Raises `Invalid` for a cursor that names nothing in the list.
        """
        ordered = self.ordered(oldest_first, page)
        start = self.place(ordered, page.after, "after") + 1 if page.after is not None else 0
        stop = self.place(ordered, page.before, "before") if page.before is not None else len(ordered)
        found = ordered[start:stop]
        # Before a cursor, those that are next to it; else the first ones.
        backwards = page.before is not None and page.after is None
        shown = found[-page.limit :] if backwards else found[: page.limit]
        return self.list_object(shown, len(shown) < len(found))

    def ordered(self, oldest_first: Sequence[dict[str, Any]], page: Page) -> list[dict[str, Any]]:
        return list(oldest_first) if page.order == "asc" else list(reversed(oldest_first))

    def place(self, ordered: Sequence[dict[str, Any]], name: str | None, param: str) -> int:
        found = next((place for place, one in enumerate(ordered) if one["id"] == name), None)
        if found is None:
            raise Invalid("is no id of this list", param)
        return found

    def list_object(self, shown: Sequence[dict[str, Any]], more: bool) -> dict[str, Any]:
        """
        An empty list has no first and no last: `null`.
        """
        ends = (shown[0]["id"], shown[-1]["id"]) if shown else (None, None)
        return {"object": "list", "data": list(shown), "first_id": ends[0], "last_id": ends[1], "has_more": more}
