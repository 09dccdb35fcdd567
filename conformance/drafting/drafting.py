"""
The whole draft: from the turn that must be found, to what else there is, to what wrong requests are answered with.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.drafting.draft import Draft, Given, Sight, Wanted
from conformance.drafting.knocking import knock
from conformance.drafting.listing import find_list
from conformance.drafting.matching import place_of_threads
from conformance.drafting.openapi import Api
from conformance.drafting.promising import promises
from conformance.drafting.refusals import refusals
from conformance.drafting.salvaging import salvaged
from conformance.drafting.surroundings import messages, operating, threads
from conformance.drafting.turning import find_turn, unstreamed

__all__ = ["drafting"]


def drafting(api: Api, given: Given) -> Generator[Wanted, Any, Draft]:
    """
    Ask what must be asked, and return the draft. Whatever was made on the way is deleted, where it can be.
    """
    draft = Draft(given.name, api.title or given.name, auth=given.auth, principals=given.principals)
    sight = Sight(api, given, draft, place_of_threads(api))
    yield from knock(sight)
    if sight.place is None:
        draft.note("top", "no path of the document looks like that of a thread")
    if (yield from find_turn(sight)) or salvaged(sight):
        yield from find_list(sight)
        yield from unstreamed(sight)
        yield from messages(sight)
        yield from threads(sight)
        yield from refusals(sight)
        yield from promises(sight)
    yield from operating(sight)
    draft.turns = len(sight.made)
    return draft
