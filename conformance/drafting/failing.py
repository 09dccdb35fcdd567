"""
What an answer says when the server took a turn and could not give it: a status, an error in the stream, a body cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from conformance.drafting.asking import body
from conformance.drafting.draft import Failure, Sight
from conformance.drafting.seeing import leaves, thread_path
from conformance.drafting.words import words
from conformance.model.profile import Stream
from conformance.model.transcript import Exchange
from conformance.text.eventlist import events_in, value_of
from conformance.text.framing import DECLARED, FRAMINGS
from conformance.text.recognise import decoded, looks_like
from conformance.text.sse import Event

__all__ = ["error_stream", "failure_of", "way_out"]

WITNESS: Final = "127.0.0.1:9911"  # the address of the docs
_ERROR: Final = frozenset({"error", "failed", "failure", "exception"})
_KINDS: Final = ("type", "event", "kind", "status")
_REASONS: Final = ("message", "detail", "reason", "msg", "description", "error", "text")
_NOT_MADE: Final = (501, 505)  # about the request, not about what is behind the server


def failure_of(exchange: Exchange) -> str | None:
    """
    That the server failed at a turn: a few words beyond what its status says, none for a refusal or an answer.
    """
    if exchange.status is None:
        return "" if exchange.ended == "timeout" else None
    if exchange.status >= 500 and exchange.status not in _NOT_MADE:
        return ""
    if not 200 <= exchange.status < 300:
        return None
    if exchange.ended != "clean":
        return "and its answer was broken off"
    stream = error_stream(body(exchange))
    if stream is None:
        return None
    error = decoded(stream["framing"], body(exchange), msgspec.convert(stream, Stream))[1].error
    return f"and its stream tells the error {error!r}"


def error_stream(text: str) -> dict[str, Any] | None:
    """
    The `stream` of a profile for a body that tells an error, as far as it was seen; nothing where it tells none.
    """
    for framing in FRAMINGS:
        _, ending = decoded(framing, text)
        if ending.error is not None and not ending.problems:
            return {"framing": framing, "terminal": ending.terminal is not None}
    seen = looks_like(text) or ""
    events = [_meant(event) for event in events_in(seen, text)] if seen in DECLARED else []
    if not any("error" in one for one in events):
        return None
    told = [one for place, one in enumerate(events) if one and one not in events[:place]]
    return {"framing": seen, "terminal": False, "events": told}


def way_out(sight: Sight, failure: Failure) -> str:
    """
    What failed, and how the server gets a model.
    """
    said = f"the server took the turn and failed at it ({failure.told})"
    address = sight.given.upstream
    if failure.called:
        return f"{said}, though it called its model at {address}: see its log for what it did with the answer"
    if address is not None:
        return (
            f"{said}, and did not call its model at {address}: set its model URL (often OPENAI_BASE_URL) to "
            f"http://{address}/v1, restart it, and draft again with --force"
        )
    return (
        f"{said}, as one does that does not reach its model. Give it one: start `threadgauge upstream --port "
        f"{WITNESS.rpartition(':')[2]}`, set the server's model URL (often OPENAI_BASE_URL) to http://{WITNESS}/v1, "
        f"restart it, and draft again with --upstream {WITNESS} --force. Or give it a real model, and later "
        "`threadgauge run --live`. Until then, how a turn is answered is not in the draft"
    )


def _meant(event: Event) -> dict[str, Any]:
    """
    What the profile says of an event that is an error, or tells the thread; else nothing but its name.
    """
    value = value_of(event)
    known = _condition(event, value)
    if _is_error(event, value):
        path = _reason(value)
        known = known or ({"has": f"$.{name}"} if (name := _error_field(value)) else {})
        return {**known, "error": path} if path is not None else {}
    thread = thread_path(value)
    return {**known, **({"thread": thread} if thread is not None else {})} if known else {}


def _condition(event: Event, value: Any) -> dict[str, Any]:
    if event.type != "message":
        return {"name": event.type}
    kinds = (name for name in _KINDS if isinstance(value, Mapping) and isinstance(value.get(name), str))
    return next(({"where": {f"$.{name}": value[name]}} for name in kinds), {})


def _is_error(event: Event, value: Any) -> bool:
    told = [value.get(name) for name in _KINDS] if isinstance(value, Mapping) else []
    names = [event.type, *(one for one in told if isinstance(one, str))]
    return any(words(one) & _ERROR for one in names) or _error_field(value) is not None


def _error_field(value: Any) -> str | None:
    fields = value.items() if isinstance(value, Mapping) else ()
    return next((name for name, one in fields if words(name) and words(name) <= _ERROR and one), None)


def _reason(value: Any) -> str | None:
    """
    Where the error's words are: by the likeliest name, else the first text.
    """
    texts = [path for path, one in leaves(value) if isinstance(one, str) and "[" not in path]
    return min(texts, key=lambda path: (_place(path), path.count(".")), default=None)


def _place(path: str) -> int:
    name = path.rpartition(".")[2]
    return _REASONS.index(name) if name in _REASONS else len(_REASONS) + (name in _KINDS)
