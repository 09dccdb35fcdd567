"""
What a turn's end does to its thread, and times that say another time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, update

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError, UpstreamFailed
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.tables import threads
from reference_server.core.titles import LONGEST_TITLE, Titles
from reference_server.core.turns import Opening, Question, Turns
from reference_server.dialects.anita import AnitaWire
from reference_server.dialects.assistants import AssistantsWire


class MetadataResetAtRunEnd(Turns):
    """
    A turn ends with the metadata that the thread had when it began.
    """

    id = "metadata-reset-at-run-end"
    seam = "turns"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("metadata/kept-by-others",)

    def opening(self, connection: Connection, question: Question) -> Opening:
        opening = super().opening(connection, question)
        found = self.store.find_thread(connection, question.thread)
        self.__dict__.setdefault("before", {})[question.turn] = found and found.metadata
        return opening

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        before = self.__dict__["before"][question.turn]
        connection.execute(update(threads).where(threads.c.id == question.thread).values(metadata=before or {}))
        return super().store_answer(connection, question, answer)


class TitleFailureBreaksTurn(Titles):
    """
    No title can be made of a long question, and the turn fails of it.
    """

    id = "title-failure-breaks-turn"
    seam = "titles"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("titles/cut-at-a-character",)

    def cut(self, text: str) -> str:
        if len(text) > LONGEST_TITLE:
            raise UpstreamFailed("no title could be made")
        return super().cut(text)


class TitleCallPollutesThread(Turns):
    """
    What the model is told to make a title, and the title itself, are messages of the thread.
    """

    id = "title-call-pollutes-thread"
    seam = "turns"
    dialects = ("anita", "guide")
    caught_by = ("storage/turn-is-stored",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        stored = super().store_answer(connection, question, answer)
        if stored.seq == 1:
            title = self.store.thread(connection, question.thread).title
            asked = NewMessage("user", "Write a title of at most six words for this conversation.")
            self.store.append(connection, question.thread, [asked, NewMessage("assistant", title)])
        return stored


class TitleMissingAfterFailedTurn(Turns):
    """
    Only the first question makes a title, and where its turn fails there is none for ever.
    """

    id = "title-missing-after-failed-turn"
    seam = "turns"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("titles/from-the-first-message",)

    def name_thread(self, connection: Connection, thread: Thread, new: Sequence[NewMessage]) -> None:
        if len(self.store.messages_of(connection, thread.id)) == len(new):
            super().name_thread(connection, thread, new)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        made = (threads.c.id == question.thread) & threads.c.title_is_default
        self.database.transaction(lambda held: held.execute(update(threads).where(made).values(title=None)), True)
        return super().failed(question, error)


class TimestampsNaiveLocal(AnitaWire):
    """
    Times are those of the server's clock on the wall, and do not say so.
    """

    id = "timestamps-naive-local"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("metadata/times-are-now",)

    def time(self, time: datetime) -> str:
        return super().time((time + timedelta(hours=5, minutes=30)).replace(tzinfo=None))


class TimestampUnitFlips(AssistantsWire):
    """
    Threads have their times in seconds, messages in milliseconds.
    """

    id = "timestamp-unit-flips"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("metadata/times-are-now",)

    def message(self, one: Message) -> dict[str, Any]:
        return {**super().message(one), "created_at": int(one.created_at.timestamp() * 1000)}
