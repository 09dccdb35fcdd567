"""
Which endpoint is what: by method, the shape of its path, and the names in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from conformance.drafting.openapi import Api, Endpoint
from conformance.drafting.requesting import names_thread, speaks
from conformance.drafting.words import ASSISTANT, MESSAGE, THREAD, TURN, words

__all__ = ["Place", "alike", "assistants", "lists_of", "making_of", "named", "place_of_threads", "turns"]

_OPERATING: Final = frozenset({"health", "healthz", "ready", "readyz", "live", "livez", "ping", "status"})


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where threads are: the path of all, and that of one, with the name of its parameter.
    """

    all: str
    one: str
    parameter: str


def place_of_threads(api: Api) -> Place | None:
    """
    The likeliest place; nothing where no path has a parameter that could be a thread.
    """
    places = dict.fromkeys(place for endpoint in api.endpoints for place in _places(endpoint))
    found = {one: _likely(one) + _telling(api, one) for one in places}
    best = max(found, key=lambda place: (found[place], -len(place.one)), default=None)
    return best if best is not None and found[best] >= 3 else None


def making_of(api: Api, place: Place | None) -> Endpoint | None:
    """
    The endpoint that makes a thread: a POST to all of them, or to a word for making below.
    """
    if place is None:
        return None
    words_for_it = (f"{place.all}/{word}" for word in ("new", "create", "start", "begin", "open"))
    found = (api.at("POST", path) for path in (place.all, *words_for_it))
    return next((one for one in found if one is not None), None)


def turns(api: Api, place: Place | None) -> list[Endpoint]:
    """
    The endpoints that may answer a turn, the likeliest first.
    """
    scored = [(_turn_score(one, place), one) for one in api.endpoints if one.method == "POST" and speaks(one)]
    return [one for score, one in sorted(scored, key=lambda found: -found[0]) if score > 0]


def lists_of(api: Api, place: Place | None) -> list[Endpoint]:
    """
    The endpoints that may list a thread's messages: those that are asked for one thread and nothing else.
    """
    found = [one for one in api.endpoints if one.method == "GET" and _of_one_thread(one, place)]
    return sorted(found, key=lambda one: (not words(one.last) & MESSAGE, len(one.path)))


def assistants(api: Api) -> Endpoint | None:
    """
    The endpoint that makes an assistant, or an agent.
    """
    made = (one for one in api.endpoints if one.method == "POST" and not one.parameters and one.body is not None)
    return next((one for one in made if words(one.last) & ASSISTANT), None)


def named(api: Api, *names: str) -> Endpoint | None:
    """
    The endpoint without parameters that is read under one of these names.
    """
    wanted = _OPERATING if "health" in names else frozenset(names)
    found = [one for one in api.endpoints if one.method == "GET" and not one.parameters and not one.needed]
    return min((one for one in found if words(one.last) & wanted), key=lambda one: len(one.path), default=None)


def alike(path: str, template: str) -> bool:
    """
    Whether a request's path, with placeholders or values, is one of that path of the document.
    """
    theirs, ours = path.split("/"), template.split("/")
    pairs = zip(ours, theirs, strict=False)
    return len(ours) == len(theirs) and all("{" in their or our == their for our, their in pairs)


def _places(endpoint: Endpoint) -> Iterable[Place]:
    parts = endpoint.path.strip("/").split("/")
    for at, part in enumerate(parts):
        if at and part.startswith("{") and not parts[at - 1].startswith("{"):
            yield Place("/" + "/".join(parts[:at]), "/" + "/".join(parts[: at + 1]), part.strip("{}").partition(":")[0])


def _likely(place: Place) -> int:
    """
    What the names say; a place below something else's id is a place of that thing.
    """
    noun = words(place.all.rsplit("/", 1)[-1])
    score = 3 * bool(noun & THREAD) + 2 * names_thread(place.parameter)
    return (
        score - 4 * bool(noun & ASSISTANT) - 3 * bool(noun & MESSAGE and not noun & THREAD) - 5 * place.all.count("{")
    )


def _telling(api: Api, place: Place) -> int:
    """
    What is below one of them. Where messages are read and something is said, it is a thread by whatever name: a case, a
    ticket, a channel.
    """
    inner = [one for one in api.endpoints if one.path.startswith(place.one)]
    below = [(one, words(one.path.removeprefix(place.one).strip("/").partition("/")[0])) for one in inner]
    read = any(one.method == "GET" and names & MESSAGE for one, names in below)
    said = any(one.method == "POST" and names & (MESSAGE | TURN) and speaks(one) for one, names in below)
    if read and said:
        return 4
    return 2 if any(names & (MESSAGE | TURN) for _, names in below) else min(len(below), 1)


def _turn_score(endpoint: Endpoint, place: Place | None) -> int:
    own = [one for one in endpoint.parameters if place is None or one != place.parameter]
    strange = [one for one in own if not words(one) & ASSISTANT and not names_thread(one)]
    if strange or endpoint.body is None:
        return 0
    properties = endpoint.body.properties
    threaded = any(names_thread(name) for name in (*properties, *endpoint.query)) or len(own) < len(endpoint.parameters)
    streams = any(words(name) & {"stream", "streaming"} for name in properties)
    called = words(endpoint.last)
    score = 4 * threaded + 2 * streams + 2 * bool(called & TURN) + bool(words(endpoint.name) & TURN)
    stores = any(words(name) & {"role"} for name in properties)
    group = 2 * any(words(one) & {"team", "workflow", "crew"} for one in endpoint.path.split("/"))
    return score - 3 * stores - group


def _of_one_thread(endpoint: Endpoint, place: Place | None) -> bool:
    if place is not None and endpoint.parameters == [place.parameter] and endpoint.path.startswith(place.one):
        return not endpoint.needed
    asked = [name for name in endpoint.query if names_thread(name)]
    return not endpoint.parameters and bool(asked) and endpoint.needed <= {*asked}
