"""
Ids and roles of another kind.
"""

from __future__ import annotations

import itertools
import time
import uuid
from typing import Any, Final

from reference_server.core.people import Principal
from reference_server.core.store import Store
from reference_server.dialects.shadflare import ShadflareWire
from reference_server.dialects.shadflare.bodies import ChatBody
from reference_server.quirks.bodies import Document
from reference_server.quirks.trees import changed

NAMED_BY_STORE: Final = ("guide", "completions")  # dialects that show the ids of the store's rows
_NUMBERS: Final = itertools.count(time.time_ns())  # also after a restart there is none twice


class NumberIds(Store):
    """
    The ids of messages are numbers in the store, and texts of digits in JSON.
    """

    id = "ids-of-digits"
    seam = "store"
    group = "message-ids"
    dialects = NAMED_BY_STORE
    source = "An id is a text without a meaning; a database's own is a number"

    def message_id(self) -> str:
        return str(next(_NUMBERS))


class UuidIds(Store):
    """
    The ids of messages are UUIDs with hyphens, in capital letters.
    """

    id = "ids-of-uuids"
    seam = "store"
    group = "message-ids"
    dialects = NAMED_BY_STORE
    source = "RFC 9562, 4: the hexadecimal digits may be in either case"

    def message_id(self) -> str:
        return str(uuid.uuid4()).upper()


class PrefixedIds(Store):
    """
    The ids of messages begin with what they name, and have signs in them that addresses must escape.
    """

    id = "ids-with-signs"
    seam = "store"
    group = "message-ids"
    dialects = NAMED_BY_STORE
    source = "An id is a text without a meaning: LangChain's begin with `lc_run--`, GraphQL's end with `==`"

    def message_id(self) -> str:
        return f"msg:{uuid.uuid4().hex}/+%=="


class LongIds(Store):
    """
    The ids of messages have 200 characters.
    """

    id = "ids-of-200-characters"
    seam = "store"
    group = "message-ids"
    dialects = NAMED_BY_STORE
    source = "An id is a text without a meaning, and has no length that all servers share"

    def message_id(self) -> str:
        return "m" * 168 + uuid.uuid4().hex


class NumbersInJson(Document):
    """
    Ids that are numbers are numbers in JSON too.
    """

    id = "ids-as-numbers"
    seam = "outgoing"
    dialects = NAMED_BY_STORE
    source = "JSON:API wants texts, and most servers that count in a database answer numbers"
    also = ("ids-of-digits",)

    def value(self, value: Any) -> Any:
        return changed(value, _numbered, inside=lambda key: key != "metadata")


class UuidThreads(ShadflareWire):
    """
    Conversations are named by UUIDs with hyphens.
    """

    id = "threads-named-by-uuids"
    seam = "shadflare"
    group = "thread-ids"
    dialects = ("shadflare",)
    source = "RFC 9562, 4; agno and langgraph name threads so"
    profile = {"ids": {"unknown": "00000000-0000-4000-8000-000000000000", "malformed": ["no such conversation"]}}

    def conversation(self, who: Principal, body: ChatBody) -> tuple[str, bool]:
        name, creates = super().conversation(who, body)
        return (self.new_name(), True) if _unnamed(body) else (name, creates)

    def new_name(self) -> str:
        return str(uuid.uuid4())


class NumberThreads(UuidThreads):
    """
    Conversations are named by numbers.
    """

    id = "threads-named-by-numbers"
    source = "An id is a text without a meaning; a database's own is a number"
    profile = {"ids": {"unknown": "7", "malformed": ["no such conversation"]}}

    def new_name(self) -> str:
        return str(next(_NUMBERS))


class LongThreads(UuidThreads):
    """
    Conversations have names of 250 characters.
    """

    id = "threads-with-long-names"
    source = "An id is a text without a meaning, and has no length that all servers share"
    profile = {"ids": {"unknown": "c" * 250, "malformed": ["no such conversation"]}}

    def new_name(self) -> str:
        return "c" * 218 + uuid.uuid4().hex


class OtherRoles(Document):
    """
    Lists call the user `human` and the assistant `ai`.
    """

    id = "roles-human-and-ai"
    seam = "outgoing"
    group = "roles"
    dialects: tuple[str, ...] = ("anita", "guide", "shadflare")
    source = "LangChain: the types of messages are human, ai, system and tool"
    names = {"user": "human", "assistant": "ai"}
    profile = {"roles": {"human": "user", "ai": "assistant"}}

    def value(self, value: Any) -> Any:
        return changed(value, self.named, inside=lambda key: key not in ("metadata", "toolCalls"))

    def named(self, one: dict[str, Any]) -> dict[str, Any]:
        return {**one, "role": self.names.get(one["role"], one["role"])} if "role" in one else one


class CapitalRoles(OtherRoles):
    """
    Lists write roles in capital letters, and the assistant's is `MODEL`.
    """

    id = "roles-in-capitals"
    source = "Gemini calls the assistant model; enumerations of databases are often in capitals"
    names = {"user": "USER", "assistant": "MODEL"}
    profile = {"roles": {"USER": "user", "MODEL": "assistant"}}


def _unnamed(body: ChatBody) -> bool:
    return body.conversationId is None and (body.id is None or body.messages is None)


def _numbered(one: dict[str, Any]) -> dict[str, Any]:
    found = one.get("id")
    return {**one, "id": int(found)} if isinstance(found, str) and found.isdecimal() and len(found) > 18 else one
