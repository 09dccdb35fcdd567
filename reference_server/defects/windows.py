"""
Windows over a thread that are not as wide as asked, and histories that are everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from reference_server.core.history import History
from reference_server.core.records import Message
from reference_server.core.responding import Asking, Responding
from reference_server.core.runs import Runs


class WindowOffByOne(History):
    """
    The new message is not counted: the model gets one message more than asked for.
    """

    id = "window-off-by-one"
    seam = "history"
    dialects = ("assistants",)
    caught_by = ("recall/window-is-exact",)

    def recent(self, stored: Sequence[Message], count: int) -> Sequence[Message]:
        return super().recent(stored, count + 1)


class WindowZeroIsUnlimited(Runs):
    """
    A window of no messages is taken for none that was given.
    """

    id = "window-zero-is-unlimited"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("recall/window-is-exact",)

    def window(self, settings: Mapping[str, Any]) -> int | None:
        strategy = settings.get("truncation_strategy") or {}
        return super().window(settings) if strategy.get("last_messages") else None


class SharedDefaultHistory(Responding):
    """
    Turns without a thread have one history together.
    """

    id = "shared-default-history"
    seam = "responding"
    dialects = ("conversations",)
    caught_by = ("isolation/threads-do-not-mix",)

    def context(self, connection: Connection, question: Asking) -> list[Message]:
        found = super().context(connection, question)
        if question.conversation is not None or question.previous is not None:
            return found
        shared: list[Message] = self.__dict__.setdefault("shared", [])
        before = list(shared)
        shared += self.unsaved(question.thread, question.messages, len(before))
        return [*before, *found]
