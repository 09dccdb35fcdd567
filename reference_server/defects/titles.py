"""
Titles, metadata, times: what an operation does not own, and changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, update

from reference_server.core.answers import Answer
from reference_server.core.errors import Conflict
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.store import Store
from reference_server.core.tables import threads
from reference_server.core.threads import Threads
from reference_server.core.titles import LONGEST_TITLE, Titles
from reference_server.core.turns import Opening, Question, Turns


class TitleOverwritesRename(Turns):
    """
    The automatic title takes the place of the one that the user chose.
    """

    id = "title-overwrites-rename"
    seam = "turns"
    dialects = ("anita", "guide")
    caught_by = ("titles/rename-wins",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        title = self.titles.from_question(question.messages[0].content or "")
        connection.execute(update(threads).where(threads.c.id == question.thread).values(title=title))
        return super().store_answer(connection, question, answer)


class TitleCutMidCodepoint(Titles):
    """
    A title is cut after 100 bytes.
    """

    id = "title-cut-mid-codepoint"
    seam = "titles"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("titles/cut-at-a-character",)

    def cut(self, text: str) -> str:
        return text.encode()[:LONGEST_TITLE].decode("utf-8", "replace")


class EnvelopeInTitle(Titles):
    """
    The front end's envelope is a part of the title.
    """

    id = "envelope-in-title"
    seam = "titles"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("titles/envelope-is-unwrapped",)

    def unwrapped(self, text: str) -> str:
        return text


class DefaultTitleEmpty(Titles):
    """
    A thread without a title has an empty one.
    """

    id = "default-title-empty"
    seam = "titles"
    dialects = ("anita", "guide")
    caught_by = ("titles/default-title",)

    def default(self) -> str:
        return ""


class MetadataNulledByRename(Threads):
    """
    Renaming a thread empties its metadata.
    """

    id = "metadata-nulled-by-rename"
    seam = "threads"
    dialects = ("anita", "guide")
    caught_by = ("metadata/kept-by-others",)

    async def change(self, thread_id: str, changes: dict[str, Any], who: Principal | None = None) -> Thread:
        return await super().change(thread_id, {"metadata": {}, **changes}, who)


class MetadataNulledByTurn(Turns):
    """
    A turn empties the thread's metadata.
    """

    id = "metadata-nulled-by-turn"
    seam = "turns"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("metadata/kept-by-others",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        connection.execute(update(threads).where(threads.c.id == question.thread).values(metadata={}))
        return super().store_answer(connection, question, answer)


class MessageLosesPatch(Turns):
    """
    The end of a turn writes back the thread as it was at the turn's beginning.
    """

    id = "message-loses-patch"
    group = "concurrency"
    seam = "turns"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("titles/rename-wins", "concurrency/rename-during-a-turn")

    def opening(self, connection: Connection, question: Question) -> Opening:
        opening = super().opening(connection, question)
        self.__dict__.setdefault("before", {})[question.thread] = self.store.thread(connection, question.thread)
        return opening

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        before: Thread = self.__dict__["before"][question.thread]
        back = {"title": before.title, "metadata": before.metadata}
        connection.execute(update(threads).where(threads.c.id == question.thread).values(back))
        return super().store_answer(connection, question, answer)


class PatchLosesMessage(Threads):
    """
    A rename writes back the thread with the messages that it had read, and later ones are lost.
    """

    id = "patch-loses-message"
    group = "concurrency"
    seam = "threads"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("concurrency/rename-during-a-turn",)

    async def change(self, thread_id: str, changes: dict[str, Any], who: Principal | None = None) -> Thread:
        count = len(await self.database.run(lambda held: self.store.messages_of(held, thread_id), write=False))
        self.__dict__.setdefault("snapshots", {})[thread_id] = count
        return await super().change(thread_id, changes, who)

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        found = await super().messages(thread_id, who)
        return found[: self.__dict__.get("snapshots", {}).get(thread_id)]


class UpdatedAtFrozen(Store):
    """
    A new message does not move the thread's last activity.
    """

    id = "updated-at-frozen"
    seam = "store"
    dialects = ("anita", "guide")
    caught_by = ("metadata/activity-moves-on-a-turn", "metadata/newest-activity-first")

    def activity(self) -> dict[str, datetime]:
        return {}


class UpdatedAtMovesOnRead(Threads):
    """
    Reading a thread moves its last activity.
    """

    id = "updated-at-moves-on-read"
    seam = "threads"
    dialects = ("anita", "guide")
    caught_by = ("metadata/reading-moves-nothing",)

    async def get(self, thread_id: str, who: Principal | None = None) -> Thread:
        return await super().change(thread_id, {}, who)


class ListOrderStale(Store):
    """
    Threads are listed by their creation.
    """

    id = "list-order-stale"
    group = "pagination-listing"
    seam = "store"
    dialects = ("anita", "guide")
    caught_by = ("metadata/newest-activity-first",)

    def select_threads(self, owner: str | None = None) -> Select[Any]:
        return super().select_threads(owner).order_by(None).order_by(threads.c.created_at.desc(), threads.c.id)


class CreatedAtChanges(Threads):
    """
    Renaming a thread makes it new.
    """

    id = "created-at-changes"
    seam = "threads"
    dialects = ("anita", "guide")
    caught_by = ("metadata/kept-by-others",)

    async def change(self, thread_id: str, changes: dict[str, Any], who: Principal | None = None) -> Thread:
        now = self.store.now() + timedelta(seconds=1)
        return await super().change(thread_id, {"created_at": now, **changes}, who)


class MetadataTypesCoerced(Threads):
    """
    Every value of the metadata becomes a text.
    """

    id = "metadata-types-coerced"
    seam = "threads"
    dialects = ("anita", "guide")
    caught_by = ("metadata/values-keep-their-types",)

    async def create(self, new: NewThread) -> Thread:
        texts = {key: str(value) for key, value in new.metadata.items()} if new.metadata else new.metadata
        return await super().create(replace(new, metadata=texts))


class TitleFromTheLastMessage(Turns):
    """
    Every question gives the thread a new title.
    """

    id = "title-from-the-last-message"
    seam = "turns"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("titles/from-the-first-message",)

    def name_thread(self, connection: Connection, thread: Thread, new: Sequence[NewMessage]) -> None:
        title = self.titles.from_question(new[-1].content or "")
        mine = (threads.c.id == thread.id) & threads.c.title_is_default
        connection.execute(update(threads).where(mine).values(title=title))


class MessageMetadataLost(Store):
    """
    A message's metadata is not stored.
    """

    id = "message-metadata-lost"
    seam = "store"
    dialects = ("completions", "assistants")
    caught_by = ("metadata/of-a-message",)

    def as_row(self, thread_id: str, seq: int, new: NewMessage, now: datetime) -> dict[str, Any]:
        return {**super().as_row(thread_id, seq, new, now), "metadata": None}


class PutUpsertStealsThread(Threads):
    """
    Creating a thread that exists already takes it over.
    """

    id = "put-upsert-steals-thread"
    group = "auth-tenancy"
    seam = "threads"
    dialects = ("anita", "guide")
    caught_by = ("threads/created-twice-is-a-conflict",)

    async def create(self, new: NewThread) -> Thread:
        try:
            return await super().create(new)
        except Conflict:
            return await super().change(new.id, {"title": new.title, "metadata": new.metadata or {}})
