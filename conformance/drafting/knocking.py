"""
Who may ask: whether a request without credentials is refused.
"""

from __future__ import annotations

from conformance.drafting.asking import ask, told
from conformance.drafting.draft import Asking, Sight
from conformance.model.profile import NOBODY, STRANGER, Auth

__all__ = ["knock"]

REFUSED = (401, 403)


def knock(sight: Sight) -> Asking:
    """
    Ask for something harmless as nobody: `auth` is declared where that is refused and a credential is at hand.
    """
    draft, path = sight.draft, _harmless(sight)
    exchange = yield from ask(sight, {"method": "GET", "path": path}, by=NOBODY)
    wanted = exchange.status in REFUSED
    if not wanted:
        if not sight.given.declared:
            draft.auth = None
        if sight.api.auth is not None:
            draft.note("auth", f"the document names {sight.api.auth[0]}, but GET {path} was answered without it")
        return
    if draft.auth is None:
        header = sight.api.auth[0] if sight.api.auth is not None else "authorization"
        draft.note("auth", f"{told(sight, exchange)}: no credential was given, so the rest is not seen")
        draft.problems.append(
            f"the server wants credentials: set THREADGAUGE_TOKEN_ALICE, which is sent in the header {header} (in "
            "another one: --auth), or give --header"
        )
        return
    draft.auth = Auth(header=draft.auth.header, value=draft.auth.value, required=True)
    draft.note("auth", f"GET {path} answered {exchange.status} to nobody")
    yield from _bearer(sight, path, exchange.status)


def _bearer(sight: Sight, path: str, refused: int | None) -> Asking:
    """
    Declared where a token that nobody has is refused too: a server may take any for a name.
    """
    draft = sight.draft
    assert draft.auth is not None
    stranger = yield from ask(sight, {"method": "GET", "path": path}, by=STRANGER)
    bearer = draft.auth.header.lower() == "authorization" and draft.auth.value.startswith("Bearer ")
    if bearer and stranger.status in REFUSED:
        draft.capabilities["bearer"] = f"nobody was answered {refused}, and a stranger {stranger.status}"


def _harmless(sight: Sight) -> str:
    """
    The list of threads, or else one thread that is not there.
    """
    place = sight.place
    if place is None or "{" in place.all:
        return "/"
    if (listing := sight.api.at("GET", place.all)) is not None and not listing.needed:
        return listing.path
    below = next(
        (one.path for one in sight.api.endpoints if one.method == "GET" and one.path.startswith(place.one)), ""
    )
    return below.replace(f"{{{place.parameter}}}", f"{sight.given.token}-none").split("{")[0] or place.all
