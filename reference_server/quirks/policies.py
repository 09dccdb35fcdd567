"""
What a server may decide in one way or another, if its profile says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from reference_server.core.errors import Conflict, Invalid, NotFound
from reference_server.core.people import Principal
from reference_server.core.records import Message
from reference_server.core.running import Ended, Question, Running
from reference_server.core.threads import Threads
from reference_server.core.titles import Titles
from reference_server.core.turns import Turns
from reference_server.dialects.anita import AnitaWire, ChatBody
from reference_server.dialects.completions import CompletionsWire
from reference_server.quirks.bodies import Document
from reference_server.quirks.trees import changed


class SecondDelete(Threads):
    """
    Deleting what is deleted succeeds again.
    """

    id = "second-delete-succeeds"
    seam = "threads"
    dialects = ("anita", "guide")
    source = "RFC 9110, 9.2.2: DELETE is idempotent; agno answers 204 always"
    profile = {"policies": {"second_delete": "success"}}

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        with suppress(NotFound):
            await super().delete(thread_id, who)


class LeavingCancels(AnitaWire):
    """
    A turn whose client leaves is given up.
    """

    id = "leaving-cancels"
    seam = "anita"
    dialects = ("anita",)
    source = "An answer that nobody reads costs money; the profile's policy on_disconnect says so"
    profile = {"policies": {"on_disconnect": "cancel"}}

    async def chunks(self, running: Running) -> AsyncIterator[bytes]:
        over = False
        try:
            async for event in running.events():
                over = over or isinstance(event, Ended)
                for chunk in self.chunk(event):
                    yield chunk
            over = True
        finally:
            if not over:
                running.task.cancel()


class OneAtATime(AnitaWire):
    """
    A second turn in a thread is refused while one is under way.
    """

    id = "second-turn-rejected"
    seam = "anita"
    dialects = ("anita",)
    source = "OpenAI's threads do so; the profile's policy concurrent_turns says so"
    profile = {"policies": {"concurrent_turns": "reject"}}

    def question(self, body: ChatBody, teacher: Principal) -> Question:
        return replace(super().question(body, teacher), waits=False)


class RepeatedIsConflict(Turns):
    """
    A turn that was answered already is a conflict.
    """

    id = "repeated-turn-is-conflict"
    seam = "turns"
    dialects = ("anita",)
    source = "RFC 9110, 15.5.10; the profile's policy repeated_turn says so"
    profile = {"policies": {"repeated_turn": "conflict"}}

    def answered(self, connection: Connection, question: Question, known: Message) -> Message | None:
        if super().answered(connection, question, known) is not None:
            raise Conflict("this turn was answered already")
        return None


class UnknownCursor(CompletionsWire):
    """
    A cursor that names nothing in the list begins it anew.
    """

    id = "unknown-cursor-ignored"
    seam = "completions"
    dialects = ("completions",)
    source = "Keyset pagination over ids needs no row of that id; the profile's policy bad_cursor says so"
    profile = {"policies": {"bad_cursor": "ignored"}}

    def place_after(self, ordered: list[Message], after: str | None) -> int:
        with suppress(Invalid):
            return super().place_after(ordered, after)
        return 0


class NoTitle(Document):
    """
    A thread that nobody has named has no title.
    """

    id = "no-default-title"
    seam = "outgoing"
    dialects = ("anita", "guide", "shadflare")
    source = "A title is optional; the profile's policy default_title says so"
    profile = {"policies": {"default_title": "none"}}

    def value(self, value: Any) -> Any:
        return changed(value, _unnamed, inside=lambda key: key != "metadata")


class TitleInAnswer(Titles):
    """
    A title made from the first question is shorter than it may be.
    """

    id = "short-titles"
    seam = "titles"
    dialects = ("anita", "guide", "shadflare")
    source = "At most 100 code points may be fewer"

    def cut(self, text: str) -> str:
        return text[:60]


def _unnamed(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "title": None} if one.get("title") == "New Conversation" else one
