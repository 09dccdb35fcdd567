"""
Lists in another order, in another wrapper, in other pages.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from reference_server.quirks.bodies import Document
from reference_server.quirks.edge import Outgoing

BARE: Final = ("anita", "guide")  # dialects whose lists are arrays
PAGED: Final = ("completions", "shadflare")  # the other dialects promise how long a page is


class Wrapped(Document):
    """
    Lists are within an object, with a count beside them.
    """

    id = "lists-wrapped"
    seam = "outgoing"
    group = "wrapper"
    order = -1
    dialects = BARE
    source = "JSON:API, 5: a document's primary data is in the member data of an object"
    profile: Any = {"operations": {name: {"items": "$.data[*]"} for name in ("list_threads", "list_messages")}}

    def value(self, value: Any) -> Any:
        return self.wrapped(value) if isinstance(value, list) else value

    def wrapped(self, items: list[Any]) -> Any:
        return {"meta": {"count": len(items)}, "data": items}


class WrappedTwice(Wrapped):
    """
    Lists are within two objects, and each item within one of its own.
    """

    id = "lists-wrapped-twice"
    source = "GraphQL connections: edges, each with a node"
    profile = {
        "operations": {name: {"items": "$.data.connection.edges[*].node"} for name in ("list_threads", "list_messages")}
    }

    def wrapped(self, items: list[Any]) -> Any:
        return {"data": {"connection": {"edges": [{"node": one, "cursor": str(at)} for at, one in enumerate(items)]}}}


class NewestFirst(Document):
    """
    Messages are listed newest first.
    """

    id = "messages-newest-first"
    seam = "outgoing"
    order = -2
    dialects = BARE
    source = "OpenAI's Assistants list messages so; a profile says which order is the usual one"
    profile = {"operations": {"list_messages": {"order": "descending"}}}

    def value(self, value: Any) -> Any:
        listed = isinstance(value, list) and self.scope["path"].endswith("/messages")
        return value[::-1] if listed else value


class OldestFirst(Outgoing):
    """
    Lists are oldest first where no order is asked for.
    """

    id = "lists-oldest-first"
    seam = "outgoing"
    dialects = ("conversations",)
    source = "Either order is one; a profile says which is the usual one"
    profile = {"operations": {"list_messages": {"order": "ascending"}}}

    @staticmethod
    def asked(query: str, path: str) -> str:
        return query if "order" in dict(parse_qsl(query)) or not path.endswith("/items") else _with(query, "order=asc")


class SmallPages(Outgoing):
    """
    A page has three items where no limit is asked for.
    """

    id = "small-pages"
    seam = "outgoing"
    group = "pages"
    dialects = PAGED
    source = "The usual size of a page is the server's own choice; the list says that more follow"

    @staticmethod
    def asked(query: str, path: str) -> str:
        return query if "limit" in dict(parse_qsl(query, keep_blank_values=True)) else _with(query, "limit=3")


class OpaqueCursors(Document):
    """
    The cursor of the next page is a word without a meaning, and no item's id is one.
    """

    id = "opaque-cursors"
    seam = "outgoing"
    group = "pages"
    dialects = ("completions", "conversations")
    source = "Google AIP-158: page tokens are opaque; GraphQL connections: so are cursors"
    profile = {
        "operations": {"list_messages": {"cursor": "$.next"}},
        "without": ["item-cursors", "page-ends"],
    }

    @staticmethod
    def asked(query: str, path: str) -> str:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        return urlencode({**asked, "after": asked["after"][:0:-1]}) if "after" in asked else query

    def value(self, value: Any) -> Any:
        if not isinstance(value, dict) or "last_id" not in value:
            return value
        kept = {key: one for key, one in value.items() if key not in ("first_id", "last_id")}
        return {**kept, "next": f".{value['last_id'][::-1]}" if value["has_more"] else None}


def _with(query: str, more: str) -> str:
    return f"{query}&{more}" if query else more
