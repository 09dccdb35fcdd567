"""
The list of a thread's messages: the one that has what was just said.
"""

from __future__ import annotations

from typing import Any, Final

from conformance.drafting.asking import ask, succeeded, template_of
from conformance.drafting.draft import Asking, Sight
from conformance.drafting.matching import lists_of
from conformance.drafting.openapi import Endpoint
from conformance.drafting.requesting import paging
from conformance.drafting.seeing import Listed, answer_path, more_path, the_messages
from conformance.engine.effects import Pause
from conformance.model.transcript import Exchange

__all__ = ["find_list"]

LOOKS: Final = 8
AGAIN: Final = 0.25  # seconds between two looks: a worker that stores behind the answer takes about half a second


def find_list(sight: Sight) -> Asking:
    """
    Ask every endpoint that may be it, again while the answer is not there yet.
    """
    for look in range(LOOKS if sight.failure is None else 1):
        for endpoint in lists_of(sight.api, sight.place):
            template = yield from template_of(sight, endpoint, "list")
            exchange = (yield from ask(sight, template)) if template is not None else None
            listed = _listed(sight, exchange)
            if exchange is not None and listed is not None and (listed.answer is not None or sight.failure is not None):
                _keep(sight, endpoint, template, exchange, listed)
                _late(sight, look)
                return
        yield Pause(AGAIN)
    if sight.failure is None:
        sight.draft.problems.append("no list of messages has the turn in it: write `list_messages` by hand")
    else:
        sight.draft.note("top", "no list of messages has the question of the turn that failed, so it is left out")


def _listed(sight: Sight, exchange: Exchange | None) -> Listed | None:
    if exchange is None or not succeeded(exchange):
        return None
    return the_messages(exchange.value, sight.said, sight.answer, sight.document)


def _keep(sight: Sight, endpoint: Endpoint, template: Any, exchange: Exchange, listed: Listed) -> None:
    draft, chat = sight.draft, sight.draft.operations["chat"]
    kept: dict[str, Any] = {"request": template, "status": [exchange.status], "items": listed.items}
    kept |= {"fields": listed.fields, **_pages(endpoint, exchange)}
    if listed.order == "descending":
        kept["order"] = listed.order
    draft.keep("list_messages", endpoint, kept)
    draft.roles = listed.roles
    sight.listed_at = endpoint
    if sight.answer is not None and listed.answer != sight.answer:
        draft.note(str(endpoint), "the list's answer is not the streamed one to the letter")
    if "text" in chat:
        found = answer_path(sight.document, listed.answer, sight.said)
        chat["text"] = found or chat["text"]
    if "role" not in listed.fields:
        draft.problems.append("no field of a listed message says its role: write `fields.role` of `list_messages`")


def _pages(endpoint: Endpoint, exchange: Exchange) -> dict[str, Any]:
    """
    How a list goes on, where its parameters and its body both say so.
    """
    more, asked = more_path(exchange.value), {paging(name) for name in endpoint.query}
    if "after" in asked and more is not None:
        return {"pages": "after", **({} if more == "$.has_more" else {"more": more})}
    if {"offset", "limit"} <= asked:
        return {"pages": "offset", **({} if more is None else {"more": more})}
    return {}


def _late(sight: Sight, looks: int) -> None:
    if looks:
        seconds = 4 * looks * AGAIN
        sight.draft.settle = f"{max(seconds, 1.0):g}s"
        sight.draft.policies["readable_after"] = "settle"
        sight.draft.note("settle", f"the answer was in the list only after {looks * AGAIN:g} s; four times that")
