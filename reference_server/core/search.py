"""
Finding words in conversations: in their titles and messages, in any case, in any language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from reference_server.core.people import Principal
from reference_server.core.records import Message, Thread
from reference_server.core.shelf import Page, Shelf
from reference_server.core.tables import THREAD_COLUMNS, messages, threads

__all__ = ["Found", "Search"]

AROUND: Final = 40  # code points of a text that are shown on each side of what was found
SHOWN: Final = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class Found:
    """
    A conversation that has the words, and the messages that have them; none where only the title has.
    """

    thread: Thread
    messages: list[Message]


class Search:
    """
    Looks through the caller's conversations, or those of colleagues that share them.

    Texts are compared here and not in SQL: databases differ in what a letter's case is, and `%` is only a character.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.store = shelf.store

    async def find(self, who: Principal, words: str, page: Page) -> tuple[list[Found], int]:
        """
        A page of what was found, the newest activity first, and how many there are in all.
        """
        return await self.shelf.database.run(lambda held: self.found(held, who, words, page), write=False)

    def found(self, connection: Connection, who: Principal, words: str, page: Page) -> tuple[list[Found], int]:
        wanted = self.wanted(who, page)
        said = self.said(connection, wanted, words)
        every = self.shelf.ordered(select(*THREAD_COLUMNS).where(wanted))
        all_of_them = [self.store.as_thread(row) for row in connection.execute(every)]
        hits = [
            Found(one, said.get(one.id, []))
            for one in all_of_them
            if one.id in said or self.matches(one.title or "", words)
        ]
        return hits[page.offset : page.offset + page.limit], len(hits)

    def wanted(self, who: Principal, page: Page) -> ColumnElement[bool]:
        return self.shelf.wanted(who, page)

    def said(self, connection: Connection, wanted: ColumnElement[bool], words: str) -> dict[str, list[Message]]:
        """
        The messages with the words, by conversation.
        """
        found: dict[str, list[Message]] = {}
        for one in self.texts(connection, wanted):
            if self.matches(one.content or "", words):
                found.setdefault(one.thread_id, []).append(one)
        return found

    def texts(self, connection: Connection, wanted: ColumnElement[bool]) -> Iterator[Message]:
        mine = select(messages).join(threads, threads.c.id == messages.c.thread_id).where(wanted)
        shown = mine.where(messages.c.active, messages.c.role.in_(SHOWN))
        for row in connection.execute(shown.order_by(messages.c.thread_id, messages.c.seq)):
            yield self.store.as_message(row)

    def matches(self, text: str, words: str) -> bool:
        return words.casefold() in text.casefold()

    def snippet(self, text: str, words: str) -> str:
        """
        The place where it was found, with a little around it.
        """
        place = max(text.casefold().find(words.casefold()), 0)
        return text[max(place - AROUND, 0) : place + len(words) + AROUND]
