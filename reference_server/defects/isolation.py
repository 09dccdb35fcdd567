"""
Threads that know of each other.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from reference_server.core.answers import Answer
from reference_server.core.errors import NotFound
from reference_server.core.locks import Locks
from reference_server.core.people import Principal
from reference_server.core.records import Message, Thread
from reference_server.core.store import Store
from reference_server.core.tables import messages
from reference_server.core.threads import Threads
from reference_server.core.turns import Question, Running, Turns


class EditTakesFirstThread(Threads):
    """
    Where several threads have a message of the same id, an edit that names no thread changes the first one's.
    """

    id = "edit-takes-the-first-thread"
    seam = "threads"
    dialects = ("anita",)
    caught_by = ("isolation/edit-without-its-thread",)

    def with_message(self, connection: Connection, message_id: str, who: Principal | None) -> list[str]:
        return super().with_message(connection, message_id, who)[:1]


class ListFilterMissing(Store):
    """
    The messages of a thread are those of every thread whose id begins alike.
    """

    id = "list-filter-missing"
    seam = "store"
    dialects = ("anita", "guide", "completions")
    caught_by = (
        "isolation/list-shows-one-thread",
        "isolation/nothing-of-another-thread",
        "threads/ids-are-compared-exactly",
    )

    def select_messages(self, thread_id: str) -> Select[Any]:
        run = thread_id.split("-")[0]
        alike = messages.c.thread_id.startswith(run, autoescape=True)
        return select(messages).where(alike).order_by(messages.c.created_at, messages.c.seq)


class NewThreadInheritsState(Turns):
    """
    A new thread begins with the memory of the thread before it.
    """

    id = "new-thread-inherits-state"
    seam = "turns"
    dialects = ("anita", "guide", "completions")
    caught_by = ("isolation/new-thread-is-empty",)

    def prompt(self, connection: Connection, question: Question) -> list[dict[str, Any]]:
        built = super().prompt(connection, question)
        family = question.thread.split("-")[0]
        memory: dict[str, list[dict[str, Any]]] = self.__dict__.setdefault("memory", {})
        inherited = memory.get(family, []) if len(built) == 1 else []
        memory[family] = built
        return [*inherited, *built]


class MemoryIsTheCallers(Turns):
    """
    The model is sent what the caller has said in all threads.
    """

    id = "memory-is-the-callers"
    seam = "turns"
    dialects = ("anita", "guide", "completions")
    caught_by = ("isolation/threads-do-not-mix",)

    def prompt(self, connection: Connection, question: Question) -> list[dict[str, Any]]:
        built = super().prompt(connection, question)
        family = question.thread.split("-")[0]
        said = self.__dict__.setdefault("said", {}).setdefault(family, [])
        elsewhere = [message for thread, message in said if thread != question.thread]
        said += [(question.thread, message) for message in built[-1:]]
        return [*built[:-1], *elsewhere, *built[-1:]]


class ConcurrentAnswersSwapped(Turns):
    """
    The turn under way is a variable of the module: at the same time, answers go to each other's callers.
    """

    id = "concurrent-answers-swapped"
    seam = "turns"
    caught_by = ("isolation/turns-at-once-do-not-mix",)

    async def converse(self, question: Question, running: Running) -> None:
        self.__dict__["current"] = question
        await super().converse(question, running)

    async def keep(self, question: Question, answer: Answer) -> Message | None:
        return await super().keep(self.__dict__["current"], answer)


class ConcurrentPromptMixed(Turns):
    """
    All threads under way share one memory.
    """

    id = "concurrent-prompt-mixed"
    seam = "turns"
    dialects = ("anita", "guide", "completions")
    caught_by = ("isolation/turns-at-once-do-not-mix",)

    async def converse(self, question: Question, running: Running) -> None:
        under_way: list[Question] = self.__dict__.setdefault("under_way", [])
        under_way.append(question)
        try:
            await super().converse(question, running)
        finally:
            under_way.remove(question)

    def prompt(self, connection: Connection, question: Question) -> list[dict[str, Any]]:
        family = question.thread.split("-")[0]
        others = [one for one in self.__dict__["under_way"] if one.thread != question.thread]
        mixed = [one for one in others if one.thread.split("-")[0] == family]
        said = [{"role": "user", "content": message.content} for one in mixed for message in one.messages]
        return [*said, *super().prompt(connection, question)]


class LateBoundThreadId(Turns):
    """
    An answer is saved to the thread that was asked last.
    """

    id = "late-bound-thread-id"
    seam = "turns"
    dialects = ("anita", "guide", "completions")
    caught_by = ("isolation/answer-goes-to-its-own-thread",)

    async def converse(self, question: Question, running: Running) -> None:
        self.__dict__.setdefault("last", {})[question.thread.split("-")[0]] = question
        await super().converse(question, running)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        return super().store_answer(connection, self.__dict__["last"][question.thread.split("-")[0]], answer)


class MessageMapNotThreadScoped(Store):
    """
    A client's message id is looked up in all threads.
    """

    id = "message-map-not-thread-scoped"
    seam = "store"
    dialects = ("anita",)
    caught_by = ("isolation/message-ids-are-per-thread",)

    def by_external_id(self, connection: Connection, thread_id: str, external_id: str) -> Message | None:
        row = connection.execute(select(messages).where(messages.c.external_id == external_id)).first()
        return None if row is None else self.as_message(row)


class GlobalSerialisation(Locks):
    """
    One lock for all threads: while one is answered, the others wait.
    """

    id = "global-serialisation"
    group = "concurrency"
    seam = "locks"
    dialects = ("anita",)
    caught_by = ("concurrency/others-go-on", "concurrency/many-open-streams")

    def key(self, thread_id: str) -> str:
        return ""


class UnknownId200Empty(Threads):
    """
    A thread that does not exist is shown as an empty one.
    """

    id = "unknown-id-200-empty"
    group = "errors-validation"
    seam = "threads"
    dialects = ("anita", "guide", "completions")
    caught_by = ("errors/unknown-thread-is-missing", "errors/unknown-ids-are-missing")

    def seen(self, connection: Connection, thread_id: str, who: Principal | None) -> Thread:
        try:
            return super().seen(connection, thread_id, who)
        except NotFound:
            now = datetime.now(UTC)
            return Thread(thread_id, None, True, None, {}, created_at=now, updated_at=now)
