"""
One request of a draft: its template, and the exchange that comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from conformance.drafting.draft import Asking, Question, Sight
from conformance.drafting.openapi import Endpoint
from conformance.drafting.requesting import Filling, body_of, names_thread, query_of
from conformance.drafting.words import ASSISTANT, IDENTITY, MESSAGE, words
from conformance.engine.effects import Request, Send, Turn
from conformance.engine.requests import build
from conformance.model.profile import RequestTemplate
from conformance.model.transcript import Exchange

__all__ = ["SHOWN", "ask", "body", "get", "succeeded", "template_of", "told"]

SHOWN: Final = 160  # characters of a body


def template_of(sight: Sight, endpoint: Endpoint, purpose: str, *, stream: bool = True, plain: bool = False) -> Asking:
    """
    The request of an endpoint with placeholders, and what was guessed; nothing where its path cannot be filled. A value
    that must be there and that nobody knows is asked for.
    """
    path = _path(sight, endpoint)
    if path is None:
        return None
    filling = Filling(purpose, sight.given.values, stream, plain)
    content = body_of(endpoint.body, filling)
    query = query_of(endpoint, filling)
    if filling.lacking:
        for name in filling.lacking:
            yield from _wanted(sight, name, endpoint)
        return (yield from template_of(sight, endpoint, purpose, stream=stream, plain=plain))
    for one in filling.guessed:
        sight.draft.note(str(endpoint), f"guessed: {one}")
    kind = "form" if endpoint.form else "json"
    template = {"method": endpoint.method, "path": path, "query": query, kind: _as_form(content, endpoint)}
    return {key: value for key, value in template.items() if value not in (None, {})}


def ask(
    sight: Sight, template: Mapping[str, Any], *, by: str | None = None, turn: Turn | None = None, **values: Any
) -> Asking:
    """
    Send it, filled with what is known and these values; the exchange. A `turn` is shown to the upstream witness.
    """
    filled = {key: value for key, value in {**sight.known, **values}.items() if value is not None}
    request = build(msgspec.convert(template, RequestTemplate), filled, {})
    first = sight.given.principals[0] if sight.given.principals else None
    asked = Request(request.method, request.path, request.headers, request.body, by or first)
    return (yield Send(operation="draft", request=asked, turn=turn))


def get(sight: Sight, path: str, *, by: str | None = None) -> Asking:
    """
    Read what is at a path.
    """
    return (yield from ask(sight, {"method": "GET", "path": path}, by=by))


def succeeded(exchange: Exchange) -> bool:
    """
    Whether it was answered with a success, to its end.
    """
    return exchange.status is not None and 200 <= exchange.status < 300 and exchange.ended == "clean"


def body(exchange: Exchange) -> str:
    """
    The body as text; empty where there is none or it is too long to be looked at.
    """
    return (exchange.body.whole or "") if exchange.body is not None else ""


def told(sight: Sight, exchange: Exchange) -> str:
    """
    What was asked, and how it was answered. Secrets are taken out before it is shortened: half of one would be known
    by nobody any more.
    """
    start = sight.given.clean(body(exchange))[:SHOWN]
    answer = f"answered {exchange.status} {start}" if exchange.status else f"failed ({exchange.trouble})"
    return " ".join(f"{exchange.request.method} {exchange.request.url} {answer}".split())


def _path(sight: Sight, endpoint: Endpoint) -> str | None:
    """
    Its path with our placeholders for its parameters.
    """
    path = endpoint.path
    for name in endpoint.parameters:
        value = _parameter(sight, name)
        if value is None:
            return None
        path = path.replace(f"{{{name}}}", value)
    return path


def _parameter(sight: Sight, name: str) -> str | None:
    if name in sight.given.values or name in sight.literals:
        return str(sight.given.values.get(name, sight.literals.get(name)))
    if (sight.place is not None and name == sight.place.parameter) or names_thread(name):
        return "${thread}"
    found = words(name)
    if found & ASSISTANT:
        return "${assistant}"
    return "${message}" if found & MESSAGE and found & IDENTITY else None


def _wanted(sight: Sight, name: str, endpoint: Endpoint) -> Asking:
    answer = yield Question(name, f"{endpoint} needs `{name}`, and nothing says what it is")
    sight.given = replace(sight.given, values={**sight.given.values, name: answer})
    sight.draft.note(str(endpoint), f"given: `{name}`")


def _as_form(content: Any, endpoint: Endpoint) -> Any:
    """
    A form has texts only.
    """
    if not endpoint.form or not isinstance(content, dict):
        return content
    return {name: _text(value) for name, value in content.items() if not isinstance(value, dict | list)}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
