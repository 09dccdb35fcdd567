"""
The words by which names of paths and fields are understood.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "ANSWER",
    "ASSISTANT",
    "CREATED",
    "IDENTITY",
    "MESSAGE",
    "METADATA",
    "ROLE",
    "SYSTEM",
    "TEXTS",
    "THREAD",
    "TITLE",
    "TURN",
    "UPDATED",
    "USERS",
    "words",
]

THREAD: Final = frozenset(
    {"thread", "conversation", "chat", "session", "dialog", "dialogue", "discussion", "room", "convo", "talk"}
)
MESSAGE: Final = frozenset(
    {"message", "item", "entry", "log", "history", "post", "utterance", "line", "transcript", "msg", "record"}
)
TURN: Final = frozenset(
    {"chat", "completion", "run", "ask", "send", "stream", "response", "respond", "reply", "generate", "turn", "invoke"}
    | {"talk", "say", "prompt", "answer", "speak", "query", "message", "execution"}
)
TEXTS: Final = (
    "message",
    "content",
    "text",
    "prompt",
    "question",
    "query",
    "input",
    "utterance",
    "say",
    "body",
    "words",
)
"""
What a text is called, the likeliest first.
"""
ANSWER: Final = frozenset({"response", "answer", "reply"})
ASSISTANT: Final = frozenset({"assistant", "agent", "bot", "helper", "persona"})
TITLE: Final = frozenset({"title", "name", "subject", "label", "caption", "topic"})
METADATA: Final = frozenset({"metadata", "meta", "attribute", "annotation", "tag", "extra"})
ROLE: Final = frozenset({"role", "author", "sender", "speaker", "who", "from", "party", "type", "kind"})
USERS: Final = frozenset({"user", "human", "me", "client", "customer", "question", "requester", "person"})
"""
What those are called who ask, in the field that says who speaks.
"""
SYSTEM: Final = frozenset({"system", "instruction", "preamble"})
IDENTITY: Final = frozenset({"id", "uuid", "key", "ref", "identifier", "guid", "uid"})
CREATED: Final = frozenset({"created", "create", "at", "time", "timestamp", "date", "made", "sent"})
UPDATED: Final = frozenset({"updated", "update", "modified", "changed", "last", "activity", "touched"})

_PARTS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def words(name: str) -> frozenset[str]:
    """
    The words of a name, lower case and in the singular: `lastMessageIds` is last, message, id.
    """
    return frozenset(_singular(part.lower()) for part in _PARTS.findall(name))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    plural = word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2
    return word[:-1] if plural else word
