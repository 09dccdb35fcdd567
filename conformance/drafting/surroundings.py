"""
What else there is: single messages, threads, and what operators read.
"""

from __future__ import annotations

from typing import Any

from conformance.drafting.asking import ask, body, succeeded, template_of
from conformance.drafting.draft import Asking, Sight
from conformance.drafting.matching import making_of, named
from conformance.drafting.openapi import Endpoint
from conformance.drafting.requesting import paging
from conformance.drafting.seeing import id_path, the_messages, the_threads, thread_fields
from conformance.drafting.words import METADATA, TITLE, words
from conformance.text.jsonpath import find

__all__ = ["messages", "operating", "threads"]


def messages(sight: Sight) -> Asking:
    """
    Add one, and read it, where the list's own path takes both.
    """
    at = sight.listed_at
    if at is None:
        return
    endpoint = sight.api.at("POST", at.path)
    if endpoint is not None and str(endpoint) not in sight.draft.mapped:
        yield from _added(sight, endpoint)
    single = _below(sight, at.path, "GET")
    if single is not None and "message" in sight.known:
        yield from _kept(sight, "get_message", single, "list", {"text": _item("text", sight)})


def _added(sight: Sight, endpoint: Endpoint) -> Asking:
    template = yield from template_of(sight, endpoint, "message")
    if template is None or "${text}" not in str(template):
        return
    said = f"Added {sight.given.token}"
    exchange = yield from ask(sight, template, text=said, role="user")
    if not succeeded(exchange):
        return
    listed = the_messages(exchange.value, said)
    path = id_path(exchange.value) if listed is None else _first(listed.items, listed.fields.get("id"))
    if path is None or not find(path, exchange.value):
        return
    sight.known["message"] = str(find(path, exchange.value)[0])
    fields = _read_fields(sight) if listed is None else {}
    required = [name for name in ("role", "text") if f"${{{name}}}" in str(template)]
    kept = {"request": template, "status": [exchange.status], "id": path, "fields": fields, "required": required}
    sight.draft.keep("add_message", endpoint, kept)


def threads(sight: Sight) -> Asking:
    """
    What can be done with the thread of the turn, but deleting it.
    """
    if sight.place is None:
        return
    place, api = sight.place, sight.api
    if (endpoint := api.at("GET", place.all)) is not None:
        yield from _all_threads(sight, endpoint)
    if (endpoint := api.at("GET", place.one)) is not None:
        yield from _one_thread(sight, endpoint)
    for method in ("PATCH", "PUT", "POST"):
        endpoint = api.at(method, place.one)
        if endpoint is not None and "update_thread" not in sight.draft.operations:
            yield from _renamed(sight, endpoint)
    creating = making_of(api, place)
    if creating is not None and str(creating) not in sight.draft.mapped:
        yield from _created(sight, creating)


def _all_threads(sight: Sight, endpoint: Endpoint) -> Asking:
    template = yield from template_of(sight, endpoint, "list")
    exchange = (yield from ask(sight, template)) if template is not None else None
    listed = the_threads(exchange.value, sight.known["thread"]) if exchange and succeeded(exchange) else None
    if exchange is None or listed is None:
        sight.draft.note("top", f"{endpoint} does not list the thread of the turn, so it is left out")
        return
    kept: dict[str, Any] = {"request": template, "status": [exchange.status], "items": listed.items}
    ids = [str(one) for one in find(f"{listed.items}{listed.fields['id'][1:]}", exchange.value)]
    if len(ids) > 1 and ids[0] == sight.known["thread"]:
        kept["order"] = "descending"
        sight.draft.note(str(endpoint), "order: the newest thread came first")
    elif len(ids) == 1:
        sight.draft.note(str(endpoint), "guessed: the order; only one thread was there")
    if {"offset", "limit"} <= {paging(name) for name in endpoint.query}:
        kept["pages"] = "offset"
    sight.draft.keep("list_threads", endpoint, {**kept, "fields": listed.fields})


def _one_thread(sight: Sight, endpoint: Endpoint) -> Asking:
    template = yield from template_of(sight, endpoint, "thread")
    exchange = (yield from ask(sight, _plain(template))) if template is not None else None
    path = id_path(exchange.value, sight.known["thread"]) if exchange and succeeded(exchange) else None
    if exchange is None or path is None:
        return
    kept = {"request": _plain(template), "status": [exchange.status], "id": path}
    sight.draft.keep("get_thread", endpoint, {**kept, "fields": {"id": path, **thread_fields(exchange.value)}})


def _renamed(sight: Sight, endpoint: Endpoint) -> Asking:
    """
    A change that the document offers, where the answer shows it.
    """
    properties = endpoint.body.properties if endpoint.body is not None else {}
    if not any(words(name) & (TITLE | METADATA) for name in properties):
        return
    template = yield from template_of(sight, endpoint, "thread")
    if template is None:
        return
    title = f"Named {sight.given.token}"
    exchange = yield from ask(sight, template, title=title, metadata={"tg": title})
    path = id_path(exchange.value, sight.known["thread"]) if succeeded(exchange) else None
    if path is not None and id_path(exchange.value, title) is not None:
        kept = {"request": template, "status": [exchange.status], "id": path}
        required = ["title"] if endpoint.body is not None and _only_title(endpoint) else []
        fields = {"id": path, **thread_fields(exchange.value)}
        sight.draft.keep("update_thread", endpoint, {**kept, "fields": fields, "required": required or None})


def _created(sight: Sight, endpoint: Endpoint) -> Asking:
    """
    A thread under a name of ours; the turn needed none.
    """
    template = yield from template_of(sight, endpoint, "thread")
    if template is None or "${thread}" not in str(template):
        return
    thread = sight.known["thread"]
    fresh = f"{sight.given.token}-made" if sight.draft.ids.get("format") != "uuid" else None
    exchange = yield from ask(sight, template, thread=fresh, title=f"Made {sight.given.token}")
    path = id_path(exchange.value, fresh) if succeeded(exchange) and fresh else None
    if path is not None:
        kept = {"request": template, "status": [exchange.status], "id": path}
        sight.draft.keep("create_thread", endpoint, {**kept, "fields": {"id": path, **thread_fields(exchange.value)}})
        sight.threads.append(str(fresh))
    sight.known["thread"] = thread


def operating(sight: Sight) -> Asking:
    """
    Health, models and figures; asked for by nobody.
    """
    for name, called in (("health", ("health",)), ("models", ("model",)), ("metrics", ("metric",))):
        endpoint = named(sight.api, *called)
        if endpoint is None:
            continue
        exchange = yield from ask(sight, {"method": "GET", "path": endpoint.path})
        if not succeeded(exchange):
            continue
        kept: dict[str, Any] = {"request": {"method": "GET", "path": endpoint.path}, "status": [exchange.status]}
        if name == "metrics":
            if not body(exchange).lstrip().startswith("#"):
                continue
            kept["reads"] = "prometheus"
        if name == "models":
            kept |= _models(exchange.value)
        if name != "models" or "items" in kept:
            sight.draft.keep(name, endpoint, kept)


def _models(value: Any) -> dict[str, Any]:
    for key, one in value.items() if isinstance(value, dict) else ():
        if isinstance(one, list) and one and (path := id_path(one[0])):
            return {"items": f"$.{key}[*]", "fields": {"id": path}}
    return {}


def _kept(sight: Sight, name: str, endpoint: Endpoint, purpose: str, more: dict[str, Any]) -> Asking:
    template = yield from template_of(sight, endpoint, purpose)
    exchange = (yield from ask(sight, template)) if template is not None else None
    path = id_path(exchange.value, sight.known["message"]) if exchange and succeeded(exchange) else None
    if exchange is not None and path is not None:
        kept = {"request": template, "status": [exchange.status], "id": path, "fields": _read_fields(sight)}
        sight.draft.keep(name, endpoint, {**kept, **more})


def _below(sight: Sight, path: str, method: str) -> Endpoint | None:
    """
    The endpoint of one message of that list.
    """
    own = (one for one in sight.api.endpoints if one.method == method and one.path.startswith(f"{path}/{{"))
    return next((one for one in own if one.path.count("/") == path.count("/") + 1), None)


def _read_fields(sight: Sight) -> dict[str, str]:
    fields: dict[str, str] = sight.draft.operations["list_messages"]["fields"]
    return fields


def _item(name: str, sight: Sight) -> str:
    return _read_fields(sight)[name]


def _first(items: str, path: str | None) -> str | None:
    """
    A path into the first item of a list.
    """
    return None if path is None else f"{items.removesuffix('[*]')}[0]{path[1:]}"


def _plain(template: Any) -> dict[str, Any]:
    """
    Without the parameters of a list: one thread is read whole.
    """
    return {key: value for key, value in template.items() if key != "query"}


def _only_title(endpoint: Endpoint) -> bool:
    assert endpoint.body is not None
    return any(words(name) & TITLE for name in endpoint.body.required)
