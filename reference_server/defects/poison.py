"""
Prompts that a lenient model takes and a strict one refuses, and turns that leave too much or too little behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete

from reference_server.core.errors import CoreError
from reference_server.core.history import History
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage
from reference_server.core.responding import Responding
from reference_server.core.tables import messages
from reference_server.core.threads import Threads
from reference_server.core.turns import Question, Turns

BEFORE = ("anita", "guide", "completions", "shadflare", "assistants")
"""
The dialects that store a question before the model is asked.
"""

Sent = list[dict[str, Any]]


def _follow(sent: Sent, role: str) -> list[int]:
    """
    Where two messages of one role follow each other: the place of the first.
    """
    return [place for place, one in enumerate(sent[:-1]) if one["role"] == sent[place + 1]["role"] == role]


class LateStrictnessPoison(History):
    """
    A turn without an answer goes to the model with an empty one, which only strict models refuse.
    """

    id = "late-strictness-poison"
    group = "errors-validation"
    seam = "history"
    dialects = BEFORE
    caught_by = ("recall/prompts-are-well-formed",)

    def prompt(self, stored: Sequence[Message], thread_system: str | None, call_system: str | None) -> Sent:
        sent = super().prompt(stored, thread_system, call_system)
        for place in reversed(_follow(sent, "user")):
            sent.insert(place + 1, {"role": "assistant", "content": ""})
        return sent


class AbortedTurnOmitted(History):
    """
    A question without an answer is in the list and in no prompt.
    """

    id = "aborted-turn-omitted"
    seam = "history"
    dialects = BEFORE
    caught_by = ("truncation/interrupted-turn",)

    def prompt(self, stored: Sequence[Message], thread_system: str | None, call_system: str | None) -> Sent:
        sent = super().prompt(stored, thread_system, call_system)
        left = set(_follow(sent, "user"))
        return [one for place, one in enumerate(sent) if place not in left]


class MergedConsecutiveMessages(History):
    """
    Messages of one role in a row go to the model as one.
    """

    id = "merged-consecutive-messages"
    seam = "history"
    dialects = BEFORE
    caught_by = ("truncation/interrupted-turn",)

    def prompt(self, stored: Sequence[Message], thread_system: str | None, call_system: str | None) -> Sent:
        sent = super().prompt(stored, thread_system, call_system)
        for place in reversed(_follow(sent, "user")):
            after = sent.pop(place + 1)
            sent[place] = {**sent[place], "content": f"{sent[place]['content']}\n{after['content']}"}
        return sent


class StaleRecallCache(History):
    """
    A message goes to the model as it was when it went there first.
    """

    id = "stale-recall-cache"
    seam = "history"
    dialects = ("anita",)
    caught_by = ("recall/edited-message-is-recalled",)

    def for_the_model(self, message: Message) -> dict[str, Any]:
        cache: dict[str, dict[str, Any]] = self.__dict__.setdefault("cache", {})
        return cache.setdefault(message.id, super().for_the_model(message))


class DeletedMessageRecalled(Turns):
    """
    A message that was deleted is in no list, and still goes to the model.
    """

    id = "deleted-message-recalled"
    seam = "turns"
    dialects = ("completions", "assistants")
    caught_by = ("deletion/deleted-message-is-gone", "deletion/cleared-thread-is-empty")

    def prompt(self, connection: Any, question: Question) -> Sent:
        fresh = super().prompt(connection, question)
        told: dict[str, Sent] = self.__dict__.setdefault("told", {})
        before = told.get(question.thread, [])
        told[question.thread] = [*before, *(one for one in fresh if one not in before)]
        return told[question.thread]


class ToolOrderWrong(History):
    """
    The result of a call goes to the model before the call.
    """

    id = "tool-order-wrong"
    group = "tools"
    seam = "history"
    dialects = ("completions",)
    caught_by = ("tools/result-reaches-the-model",)

    def prompt(self, stored: Sequence[Message], thread_system: str | None, call_system: str | None) -> Sent:
        sent = super().prompt(stored, thread_system, call_system)
        for place, one in enumerate(sent[:-1]):
            if one.get("tool_calls") and sent[place + 1]["role"] == "tool":
                sent[place], sent[place + 1] = sent[place + 1], one
        return sent


class WindowSplitsPair(History):
    """
    Of a thread with a tool call, the model gets a window that begins with the result.
    """

    id = "window-splits-pair"
    group = "tools"
    seam = "history"
    dialects = ("completions",)
    caught_by = ("tools/result-reaches-the-model",)

    def prompt(self, stored: Sequence[Message], thread_system: str | None, call_system: str | None) -> Sent:
        sent = super().prompt(stored, thread_system, call_system)
        results = [place for place, one in enumerate(sent) if one["role"] == "tool"]
        return sent[results[0] :] if results else sent


class OrphanResultAfterTruncatedCall(Turns):
    """
    A function call that broke off is thrown away, and a result that says so is kept.
    """

    id = "orphan-result-after-truncated-call"
    group = "tools"
    seam = "turns"
    dialects = ("completions",)
    caught_by = ("tools/cut-inside-arguments",)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        if question.options.get("tools"):
            note = NewMessage("tool", "The call was interrupted.", tool_call_id="call_1")
            self.database.transaction(lambda held: self.store.append(held, question.thread, [note]), True)
        return super().failed(question, error)


class ConsecutiveUserRoles(Responding):
    """
    A turn that failed leaves its question, though questions are kept with their answers.
    """

    id = "consecutive-user-roles"
    seam = "responding"
    dialects = ("conversations",)
    caught_by = ("recall/roles-alternate",)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        self.database.transaction(lambda held: self.store.append(held, question.thread, question.messages), True)
        return super().failed(question, error)


class ErrorNotInHistory(Turns):
    """
    A turn that failed leaves no trace: its question is gone.
    """

    id = "error-not-in-history"
    group = "errors-validation"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare")
    caught_by = ("truncation/interrupted-turn", "errors/upstream-failure-is-an-error")

    def failed(self, question: Question, error: CoreError) -> CoreError:
        def forget(held: Any) -> None:
            last = self.store.last_id(held, question.thread)
            held.execute(delete(messages).where(messages.c.id == last))

        self.database.transaction(forget, True)
        return super().failed(question, error)


class HistoryErrorAfterFailedTurn(Threads):
    """
    A thread whose last question has no answer cannot be listed.
    """

    id = "history-error-after-failed-turn"
    group = "errors-validation"
    seam = "threads"
    dialects = BEFORE
    caught_by = ("truncation/interrupted-turn",)

    def listed(self, connection: Connection, thread_id: str, who: Principal | None) -> list[Message]:
        found = super().listed(connection, thread_id, who)
        if len(found) % 2 and found[-1].role == "user":
            raise IndexError("the answer to the last question")
        return found
