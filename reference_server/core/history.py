"""
The prompt: what of a thread is sent to the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reference_server.core.records import Message

__all__ = ["History"]


class History:
    """
    Builds a prompt from the stored messages. The new question is among them: it is stored before the model is asked.
    """

    def prompt(
        self, stored: Sequence[Message], thread_system: str | None, call_system: str | None
    ) -> list[dict[str, Any]]:
        """
        One system message first, then the whole thread, oldest first.
        """
        kept = [message for message in self.window(stored) if self.recalled(message)]
        return [*self.system(thread_system, call_system), *(self.for_the_model(message) for message in kept)]

    def system(self, thread_system: str | None, call_system: str | None) -> list[dict[str, Any]]:
        """
        The call's own system message replaces the thread's, for this call.
        """
        text = call_system if call_system is not None else thread_system
        return [] if text is None else [{"role": "system", "content": text}]

    def window(self, stored: Sequence[Message]) -> Sequence[Message]:
        """
        Which messages are sent at all: all.
        """
        return stored

    def recalled(self, message: Message) -> bool:
        """
        Whether a stored message is part of the conversation: every one is.
        """
        return message.content is not None or bool(message.tool_calls)

    def for_the_model(self, message: Message) -> dict[str, Any]:
        """
        A message with the keys that chat completions know, and no others: strict models refuse a client's id.
        """
        sent = {"role": message.role, "content": message.content}
        for key in ("name", "tool_calls", "tool_call_id"):
            value = getattr(message, key)
            if value is not None:
                sent[key] = value
        return sent
