"""
What is kept of a turn that the server took and failed at: everything but how its answer comes.
"""

from __future__ import annotations

from typing import Any, Final

from conformance.drafting.asking import body
from conformance.drafting.draft import Failure, Sight
from conformance.drafting.failing import error_stream
from conformance.drafting.seeing import thread_path
from conformance.drafting.turning import required, settle_ids
from conformance.text.eventlist import events_in, value_of
from conformance.text.framing import DECLARED
from conformance.text.jsonpath import find

__all__ = ["salvaged"]

_USUAL: Final = (500, 502, 503)


def salvaged(sight: Sight) -> bool:
    """
    Keep the request, the error as it was seen, and who names threads; whether the turn's thread is known, so that the
    rest can be looked at in it.
    """
    failure = sight.failure
    if failure is None:
        return False
    stream = error_stream(body(failure.exchange))
    sight.said, sight.known["thread"] = failure.said, failure.thread or _told_thread(stream, failure)
    named = sight.known["thread"] is not None
    _keep(sight, failure, stream)
    if named:
        settle_ids(sight, failure.naming)
        sight.draft.policies.pop("unknown_thread", None)  # what failed tells nothing of it
    else:
        sight.draft.ids["thread"] = "server"
    sight.draft.note("ids", "guessed: who names threads; the turn failed")
    return named


def _keep(sight: Sight, failure: Failure, stream: dict[str, Any] | None) -> None:
    draft, status = sight.draft, failure.exchange.status or 0
    kept = {"request": dict(failure.template), "required": sorted(required(failure.endpoint, failure.template))}
    draft.keep("chat", failure.endpoint, {**kept, "stream": stream, "thread": _place(stream)})
    if stream is not None:
        draft.policies["failed_model"] = "in-stream"
        draft.note(str(failure.endpoint), "seen: the event that tells an error; not seen: those that have the text")
        return
    draft.note(str(failure.endpoint), "not seen: how the answer comes (`stream` or `text`), for the turn failed")
    if status >= 500:
        draft.policies["failed_model"] = "status"
        draft.errors |= {"upstream": [*_USUAL, status]} if status not in _USUAL else {}


def _place(stream: dict[str, Any] | None) -> str | None:
    events = (stream or {}).get("events", [])
    return "stream" if any("thread" in one for one in events) else None


def _told_thread(stream: dict[str, Any] | None, failure: Failure) -> str | None:
    """
    The thread that the stream named before it failed.
    """
    framing = (stream or {}).get("framing", "")
    values = [value_of(one) for one in events_in(framing, body(failure.exchange))] if framing in DECLARED else []
    found = ((path, value) for value in values if (path := thread_path(value)) is not None)
    return next((str(find(path, value)[0]) for path, value in found), None)
