"""
Prompts that do not hold the conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError
from reference_server.core.history import History
from reference_server.core.records import Message, NewMessage
from reference_server.core.turns import Question, Turns


class NoHistorySent(History):
    """
    The model is sent only the new message.
    """

    id = "no-history-sent"
    seam = "history"
    caught_by = ("recall/history-reaches-the-model",)

    def window(self, stored: Sequence[Message]) -> Sequence[Message]:
        return stored[-1:]


class AssistantTurnsOmitted(History):
    """
    The model is sent the questions without its answers.
    """

    id = "assistant-turns-omitted"
    seam = "history"
    caught_by = ("recall/history-reaches-the-model",)

    def recalled(self, message: Message) -> bool:
        return message.role != "assistant" and super().recalled(message)


class CurrentUserMissing(History):
    """
    The model is sent everything but the new question.
    """

    id = "current-user-missing"
    seam = "history"
    caught_by = ("recall/history-reaches-the-model",)

    def window(self, stored: Sequence[Message]) -> Sequence[Message]:
        return stored[:-1] if len(stored) > 1 else stored


class CurrentUserDuplicated(History):
    """
    The new question is in the prompt twice: as stored, and as asked.
    """

    id = "current-user-duplicated"
    seam = "history"
    caught_by = ("recall/no-duplicates",)

    def window(self, stored: Sequence[Message]) -> Sequence[Message]:
        return [*stored, *stored[-1:]]


class HistoryDoublesEachTurn(History):
    """
    The history is put before itself in every turn after the first.
    """

    id = "history-doubles-each-turn"
    seam = "history"
    caught_by = ("recall/no-doubling",)

    def window(self, stored: Sequence[Message]) -> Sequence[Message]:
        return [*stored[:-1], *stored]


class HistoryOldestN(History):
    """
    The window keeps the oldest 20 messages instead of the newest.
    """

    id = "history-oldest-n"
    seam = "history"
    dialects = ("anita", "guide", "completions", "assistants", "conversations")
    caught_by = ("recall/question-reaches-the-model", "threads/long-threads-are-whole")

    def window(self, stored: Sequence[Message]) -> Sequence[Message]:
        return stored[:20]


class FirstPageOnly(History):
    """
    Recall reads one page of 100 messages and never the next.
    """

    id = "first-page-only"
    seam = "history"
    dialects = ("anita", "guide", "completions", "assistants", "conversations")
    caught_by = ("threads/long-threads-are-whole",)

    def window(self, stored: Sequence[Message]) -> Sequence[Message]:
        return stored[-100:]


class AbortedLastChunkOnly(History):
    """
    Recall holds only the end of each answer.
    """

    id = "aborted-last-chunk-only"
    seam = "history"
    caught_by = ("recall/history-reaches-the-model",)

    def for_the_model(self, message: Message) -> dict[str, Any]:
        sent = super().for_the_model(message)
        if message.role == "assistant" and message.content:
            sent["content"] = message.content[-8:]
        return sent


class SystemLostFromTurn2(History):
    """
    The stored history takes the system message's place.
    """

    id = "system-lost-from-turn-2"
    seam = "history"
    dialects = ("completions",)
    caught_by = ("recall/system-message-once-and-first",)

    def prompt(
        self, stored: Sequence[Message], thread_system: str | None, call_system: str | None
    ) -> list[dict[str, Any]]:
        if len(stored) > 1:
            return super().prompt(stored, None, None)
        return super().prompt(stored, thread_system, call_system)


class SystemDuplicatedEachTurn(History):
    """
    The system message is added again for every turn.
    """

    id = "system-duplicated-each-turn"
    seam = "history"
    dialects = ("completions",)
    caught_by = ("recall/system-message-once-and-first",)

    def prompt(
        self, stored: Sequence[Message], thread_system: str | None, call_system: str | None
    ) -> list[dict[str, Any]]:
        turns = sum(message.role == "user" for message in stored)
        system = self.system(thread_system, call_system)
        return [*system * (turns - 1), *super().prompt(stored, thread_system, call_system)]


class SystemLostAfterTrim(History):
    """
    A long prompt is trimmed from the front, and the system message goes first.
    """

    id = "system-lost-after-trim"
    seam = "history"
    dialects = ("completions",)
    caught_by = ("recall/system-message-once-and-first",)

    def prompt(
        self, stored: Sequence[Message], thread_system: str | None, call_system: str | None
    ) -> list[dict[str, Any]]:
        return super().prompt(stored, thread_system, call_system)[-40:]


class ErrorTextRecalled(Turns):
    """
    The text of an error is stored as an answer, and sent to the model in the next turn.
    """

    id = "error-text-recalled"
    seam = "turns"
    caught_by = ("recall/failed-answer-is-not-recalled",)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        note = NewMessage("assistant", f"Error: {error}")
        self.database.transaction(lambda held: self.store.append(held, question.thread, [note]), True)
        return super().failed(question, error)


class ListAndRecallDisagree(Turns):
    """
    The prompt comes from a copy in memory that edits and deletions do not reach.
    """

    id = "list-and-recall-disagree"
    seam = "turns"
    dialects = ("anita", "completions")
    caught_by = ("recall/edited-message-is-recalled", "deletion/cleared-thread-is-empty")

    def prompt(self, connection: Any, question: Question) -> list[dict[str, Any]]:
        fresh = super().prompt(connection, question)
        copies: dict[str, list[dict[str, Any]]] = self.__dict__.setdefault("copies", {})
        old = copies.get(question.thread, [])
        system = [message for message in fresh if message["role"] == "system"]
        asked = [{"role": one.role, "content": one.content} for one in question.messages]
        copies[question.thread] = [*old, *asked]
        return [*system, *old, *asked]

    async def finish(self, question: Question, answer: Answer, running: Any) -> None:
        await super().finish(question, answer, running)
        self.__dict__["copies"][question.thread].append({"role": "assistant", "content": answer.text})


class RecalledTextTrimmed(History):
    """
    The model is sent tidied texts, the list shows them as they are.
    """

    id = "recalled-text-trimmed"
    seam = "history"
    caught_by = ("recall/list-and-prompt-agree",)

    def for_the_model(self, message: Message) -> dict[str, Any]:
        sent = super().for_the_model(message)
        return {**sent, "content": sent["content"][:60].strip() if sent["content"] else sent["content"]}


class PerCallSystemIgnored(History):
    """
    A system message that comes with a call is not sent.
    """

    id = "per-call-system-ignored"
    seam = "history"
    dialects = ("completions", "assistants", "conversations")
    caught_by = ("recall/per-call-system-message",)

    def system(self, thread_system: str | None, call_system: str | None) -> list[dict[str, Any]]:
        return super().system(thread_system, None)
