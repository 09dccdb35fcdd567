"""
What is valid for a placeholder of a request, by its name, and what is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from conformance.model.profile import Profile

__all__ = ["EMPTY", "KINDS", "OTHER_METHODS", "WRONG_TYPES", "valid_value"]

KINDS: Final[Mapping[str, str]] = {
    "thread": "id",
    "message": "id",
    "answer": "id",
    "assistant": "id",
    "agent": "id",
    "run": "id",
    "response": "id",
    "item": "id",
    "text": "text",
    "title": "title",
    "name": "title",
    "metadata": "object",
    "tools": "array",
}
"""
What sort of value each placeholder stands for; of those that are not here nothing is known.
"""

WRONG_TYPES: Final[Mapping[str, tuple[Any, ...]]] = {
    "id": (42, {"a": 1}),
    "text": (42, {"a": 1}),
    "title": (42, {"a": 1}),
    "object": ("text", 42),
    "array": ("text", 42),
}

EMPTY: Final[Mapping[str, tuple[str, ...]]] = {"id": ("",), "text": ("", " \n\t")}

OTHER_METHODS: Final = ("PUT", "PATCH", "DELETE")
"""
Methods to try where none of the profile's operations uses them. GET is not among them: a page of a browser may answer.
"""

_PLAIN: Final[Mapping[str, Any]] = {
    "text": "Spoilt ${canary}",
    "title": "Spoilt",
    "name": "spoilt",
    "metadata": {},
    "answer": "${run}-spoilt-answer",
    "role": "user",
    "query": "spoilt",
    "format": "json",
    "outputs": [{"tool_call_id": "call_never", "output": "spoilt"}],
}


def valid_value(name: str, thread: str, profile: Profile) -> Any:
    """
    An expression of the scenario language, or nothing where only the server could say what is valid, or where the
    request does well without.
    """
    if name == "thread":
        return f"${{{thread}}}"
    if name in profile.makes:
        return f"${{{'.'.join(['made', *profile.principals[:1], name])}}}"
    if name == "message":
        return "${run}-spoilt" if profile.ids.message == "client" else None
    return _PLAIN.get(name)
