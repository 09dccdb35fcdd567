"""
The built-in model: answers with nothing configured, and shows whether it was sent the conversation.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Final

from reference_server.core.upstream import Piece, Prompt

__all__ = ["Placeholder"]

_NAME: Final = re.compile(r"my name is ([^\n.]+)", re.IGNORECASE)
_LIKE: Final = re.compile(r"i like ([^\n.]+)", re.IGNORECASE)


class Placeholder:
    """
    No network, no cost: a short answer in several pieces, computed from the prompt.
    """

    async def answer(self, prompt: Prompt) -> AsyncIterator[Piece]:
        for word in re.findall(r"\S+\s*", reply(prompt.messages)):
            yield Piece(word)
        yield Piece(finish="stop")

    async def alive(self) -> bool:
        return True


def reply(messages: list[dict[str, Any]]) -> str:
    """
    An answer that needs the history where the question does.
    """
    said = [str(message.get("content") or "") for message in messages if message.get("role") == "user"]
    last = said[-1] if said else ""
    if "what is my name" in last.lower():
        names = _NAME.findall("\n".join(said[:-1]))
        return f"Your name is {names[-1].strip()}." if names else "I don't know your name."
    if "what do i like" in last.lower():
        likes = _LIKE.findall("\n".join(said[:-1]))
        return f"You like {' and '.join(one.strip() for one in likes)}." if likes else "I don't know what you like."
    return f"This is a placeholder's answer to message {len(messages)}: {last[:200]}"
