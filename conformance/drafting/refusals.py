"""
What wrong requests are answered with, and what is left of a thread that is deleted.
"""

from __future__ import annotations

from typing import Any, Final

from conformance.drafting.asking import ask, succeeded, template_of
from conformance.drafting.draft import Asking, Sight
from conformance.drafting.requesting import longest_text
from conformance.drafting.turning import is_ours, path_of
from conformance.model.transcript import Exchange

__all__ = ["refusals"]

TRIED: Final = 1_000_000  # characters; what takes more says nothing about chats
_USUAL: Final = {"invalid": (400, 422), "missing": (404,)}


def refusals(sight: Sight) -> Asking:
    """
    A list of nothing, an empty turn, one that is too long, a thread deleted twice.
    """
    yield from _missing(sight)
    yield from _blank(sight)
    yield from _too_long(sight)
    yield from _deleted(sight)
    yield from _cleared_up(sight)


def _missing(sight: Sight) -> Asking:
    reading = sight.draft.operations.get("get_thread") or sight.draft.operations.get("list_messages")
    if reading is None:
        return
    nothing = sight.draft.ids.get("unknown") or f"{sight.given.token}-nothing"
    exchange = yield from ask(sight, reading["request"], thread=nothing)
    _refused(sight, "missing", exchange)


def _blank(sight: Sight) -> Asking:
    """
    A question of nothing, and one of a blank: only where both are refused, that is what the server does.
    """
    chat = sight.draft.operations["chat"]["request"]
    refused = 0
    for place, text in enumerate(("", " ")):
        if sight.spent:
            return
        question, answer = (f"{sight.given.token}-{kind}{place}" for kind in "qa")
        sight.made.append(text)
        exchange = yield from ask(sight, chat, text=text, message=question, answer=answer)
        if exchange.status is not None and 400 <= exchange.status < 500:
            refused += 1
            _refused(sight, "invalid", exchange)
    if refused == 2:
        sight.draft.policies["blank_text"] = "refused"


def _too_long(sight: Sight) -> Asking:
    """
    A text of one character more than the document allows; what the document says is declared where nothing denies it.
    """
    chat = sight.draft.operations["chat"]["request"]
    endpoint = sight.api.at(chat["method"], path_of(sight, "chat"))
    longest = longest_text(endpoint.body) if endpoint is not None else None
    if longest is None or longest > TRIED or sight.spent:
        return
    question, answer = (f"{sight.given.token}-{kind}-long" for kind in "qa")
    sight.made.append("")
    exchange = yield from ask(sight, chat, text="x" * (longest + 1), message=question, answer=answer)
    if succeeded(exchange):
        told = f"the document says {longest:,} characters at most, but a longer text was taken"
        sight.draft.note(str(endpoint), told)
        return
    _refused(sight, "invalid", exchange)
    sight.draft.limits["text"] = longest
    told = f", and a longer text was answered {exchange.status}" if (exchange.status or 500) < 500 else ", not tried"
    sight.draft.note("limits", f"the document says so (maxLength){told}")


def _refused(sight: Sight, kind: str, exchange: Exchange) -> None:
    """
    The status of an error where it is another than is usual.
    """
    status = exchange.status or 0
    if 400 <= status < 500 and status not in _USUAL[kind] and status not in (401, 429):
        sight.draft.errors[kind] = [*_USUAL[kind], status]


def _deleted(sight: Sight) -> Asking:
    endpoint = sight.api.at("DELETE", sight.place.one) if sight.place is not None else None
    template = (yield from template_of(sight, endpoint, "thread")) if endpoint is not None else None
    if endpoint is None or template is None:
        return
    if not (yield from is_ours(sight)):
        sight.draft.note(str(endpoint), "not tried: the thread of the turn may have been there before")
        return
    exchange = yield from ask(sight, template)
    if not succeeded(exchange):
        return
    operation: dict[str, Any] = {"request": template, "status": [exchange.status]}
    sight.draft.keep("delete_thread", endpoint, operation)
    again = yield from ask(sight, template)
    if succeeded(again):
        sight.draft.policies["second_delete"] = "success"
    elif again.status in (404, *sight.draft.errors.get("missing", [])):
        sight.draft.policies["second_delete"] = "missing"


def _cleared_up(sight: Sight) -> Asking:
    """
    What else was made on the way: threads of turns that could not be read, and an assistant.
    """
    deleting = sight.draft.operations.get("delete_thread")
    others = [one for one in sight.threads if one != sight.known["thread"]]
    if deleting is not None:
        for thread in others:
            yield from ask(sight, deleting["request"], thread=thread)
    making = sight.draft.operations.get("create_assistant")
    if making is not None:
        yield from _assistant_deleted(sight, making["request"]["path"])


def _assistant_deleted(sight: Sight, collection: str) -> Asking:
    ours = (one for one in sight.api.endpoints if one.method == "DELETE" and len(one.parameters) == 1)
    endpoint = next((one for one in ours if one.path == f"{collection}/{{{one.parameters[0]}}}"), None)
    if endpoint is None:
        return
    template = {"method": "DELETE", "path": f"{collection}/${{assistant}}"}
    exchange = yield from ask(sight, template)
    if succeeded(exchange):
        sight.draft.keep("delete_assistant", endpoint, {"request": template, "status": [exchange.status]})
