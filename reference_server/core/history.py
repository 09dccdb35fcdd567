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
        kept = [message for message in self.paired(self.window(stored)) if self.recalled(message)]
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

    def recent(self, stored: Sequence[Message], count: int) -> Sequence[Message]:
        """
        The last `count` messages, the new one among them, where a caller wants no more.
        """
        return stored[-count:]

    def paired(self, stored: Sequence[Message]) -> list[Message]:
        """
        Calls with all their results and results with their call: a model refuses a prompt that has one without the
        other. Where a result is missing, what was said beside the call remains.
        """
        if not any(message.tool_calls or message.role == "tool" for message in stored):
            return list(stored)
        results = {message.tool_call_id for message in stored if message.role == "tool"}
        calls = [(message, {call["id"] for call in message.tool_calls or ()}) for message in stored]
        complete = {name for _, names in calls if names <= results for name in names}
        return [
            message._replace(tool_calls=None) if not names <= complete else message
            for message, names in calls
            if message.role != "tool" or message.tool_call_id in complete
        ]

    def recalled(self, message: Message) -> bool:
        """
        Whether a stored message is part of the conversation: every one is.
        """
        return message.content is not None or bool(message.tool_calls)

    def for_the_model(self, message: Message) -> dict[str, Any]:
        """
        A message with the keys that chat completions know, and no others: strict models refuse a client's id.
        """
        sent: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.name is not None:
            sent["name"] = message.name
        if message.tool_calls is not None:
            sent["tool_calls"] = message.tool_calls
        if message.tool_call_id is not None:
            sent["tool_call_id"] = message.tool_call_id
        return sent
