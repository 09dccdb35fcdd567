"""
Conversations that are put away, searched and taken along wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, false, true, update

from reference_server.core.export import Export
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.search import Found, Search
from reference_server.core.shelf import Page, Shelf
from reference_server.core.store import Store
from reference_server.core.tables import threads
from reference_server.dialects.shadflare import ShadflareWire

SHADFLARE = ("shadflare",)


class ArchivedIsListed(Shelf):
    """
    What is archived stays in the list.
    """

    id = "archived-is-listed"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("archive/archived-is-filtered",)

    def shelf(self, page: Page) -> ColumnElement[bool]:
        return true()


class ArchiveIsDelete(Shelf):
    """
    Archiving is another word for deleting.
    """

    id = "archive-is-delete"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("archive/archived-is-filtered", "archive/archiving-moves-nothing")

    async def archive(self, thread_id: str, who: Principal, archived: bool) -> Thread:
        thread = await super().archive(thread_id, who, archived)
        if archived:
            await self.discard(thread_id, who)
        return thread


class DeletedIsArchived(Shelf):
    """
    Deleting sets the mark of the archive, as the guide's own words have it: the conversation can still be read.
    """

    id = "deleted-is-archived"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("archive/deleted-is-not-archived", "deletion/deleted-thread-is-gone")

    def discarded(self, connection: Connection, thread_id: str, who: Principal) -> None:
        self.threads.own(connection, thread_id, who)
        connection.execute(update(threads).where(threads.c.id == thread_id).values(archived=True))


class DeletedInArchive(Shelf):
    """
    The list of the archived shows what was deleted.
    """

    id = "deleted-in-the-archive"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("archive/deleted-is-not-archived",)

    def wanted(self, who: Principal, page: Page) -> ColumnElement[bool]:
        found = super().wanted(who, page)
        return found | (self.own(who) & threads.c.deleted_at.is_not(None)) if page.archived else found


class ArchivingIsActivity(Shelf):
    """
    Putting a conversation away and back makes it the newest.
    """

    id = "archiving-is-activity"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("archive/archiving-moves-nothing",)

    async def archive(self, thread_id: str, who: Principal, archived: bool) -> Thread:
        changes = {"archived": archived, "last_message_at": self.store.now()}
        return await self.threads.change(thread_id, changes, who)


class OldestFirst(Shelf):
    """
    The list begins with the conversation that nobody has touched for longest.
    """

    id = "shelf-oldest-first"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("metadata/newest-activity-first", "pages/offset-walk")

    def ordered(self, found: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
        return found.order_by(threads.c.last_message_at, threads.c.id)


class ByCreation(Shelf):
    """
    The list is ordered by when a conversation was made.
    """

    id = "shelf-by-creation"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("metadata/newest-activity-first",)

    def ordered(self, found: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
        return found.order_by(threads.c.created_at.desc(), threads.c.id)


class CountsTurns(Store):
    """
    The count goes up by one for each write, whatever was written: a turn has two messages and is counted once.
    """

    id = "message-count-drifts"
    group = "metadata-title-counters"
    seam = "store"
    dialects = SHADFLARE
    caught_by = ("metadata/message-count",)

    def counters(self, new: Sequence[NewMessage]) -> dict[str, Any]:
        questions = [one for one in new if one.role == "user"]
        return super().counters(questions) if questions else {"last_message_at": self.now()}


class SearchesTitlesOnly(Search):
    """
    Only titles are searched.
    """

    id = "search-titles-only"
    seam = "search"
    dialects = SHADFLARE
    caught_by = ("search/finds-what-was-said",)

    def said(self, connection: Connection, wanted: ColumnElement[bool], words: str) -> dict[str, list[Message]]:
        return {}


class SearchesQuestionsOnly(Search):
    """
    What the model said is not searched.
    """

    id = "search-questions-only"
    seam = "search"
    dialects = SHADFLARE
    caught_by = ("search/finds-what-was-said",)

    def said(self, connection: Connection, wanted: ColumnElement[bool], words: str) -> dict[str, list[Message]]:
        found = super().said(connection, wanted, words)
        asked = {thread: [one for one in said if one.role == "user"] for thread, said in found.items()}
        return {thread: said for thread, said in asked.items() if said}


class SearchFoldsAsciiOnly(Search):
    """
    Upper and lower case are the same for the letters of ASCII, as in SQLite's LIKE.
    """

    id = "search-folds-ascii-only"
    seam = "search"
    dialects = SHADFLARE
    caught_by = ("search/finds-what-was-said",)

    def matches(self, text: str, words: str) -> bool:
        return words.encode().lower() in text.encode().lower()


class SearchWildcards(Search):
    """
    A percent sign in a search stands for anything.
    """

    id = "search-wildcards"
    seam = "search"
    dialects = SHADFLARE
    caught_by = ("search/characters-stand-for-themselves",)

    def matches(self, text: str, words: str) -> bool:
        rest = text.casefold()
        for part in words.casefold().split("%"):
            _, found, rest = rest.partition(part)
            if part and not found:
                return False
        return True


class SearchFindsDeleted(Search):
    """
    The search knows nothing of deletion.
    """

    id = "search-finds-deleted"
    seam = "search"
    dialects = SHADFLARE
    caught_by = ("search/finds-only-ones-own",)

    def wanted(self, who: Principal, page: Page) -> ColumnElement[bool]:
        return self.shelf.own(who)


class ExportCut(Export):
    """
    An export has the first thousand characters of each message.
    """

    id = "export-cut"
    seam = "export"
    dialects = SHADFLARE
    caught_by = ("export/texts-are-whole",)

    def shown(self, messages: Sequence[Message]) -> list[Message]:
        return [one._replace(content=(one.content or "")[:1000]) for one in messages]


class ExportBackwards(Export):
    """
    An export begins with the newest message, as the list does.
    """

    id = "export-backwards"
    seam = "export"
    dialects = SHADFLARE
    caught_by = ("export/texts-are-whole",)

    def shown(self, messages: Sequence[Message]) -> list[Message]:
        return super().shown(messages)[::-1]


class ExportQuestionsOnly(Export):
    """
    An export has what the user said, and no answers.
    """

    id = "export-without-answers"
    seam = "export"
    dialects = SHADFLARE
    caught_by = ("export/texts-are-whole",)

    def shown(self, messages: Sequence[Message]) -> list[Message]:
        return [one for one in super().shown(messages) if one.role == "user"]


class PdfOfLatin(Export):
    """
    A character that the font does not have is the end of the export.
    """

    id = "pdf-of-latin-1"
    seam = "export"
    dialects = SHADFLARE
    caught_by = ("export/as-pdf",)

    def printable(self, text: str) -> str:
        return text


class AnyFormat(ShadflareWire):
    """
    A format that is not offered is JSON.
    """

    id = "export-of-any-format"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("export/unknown-format-is-refused",)

    def form(self, name: str) -> str:
        return name if name in ("markdown", "pdf") else "json"


class FindsWithoutPlace(Search):
    """
    A search shows its first hit and no other.
    """

    id = "search-first-hit-only"
    seam = "search"
    dialects = SHADFLARE
    caught_by = ("search/characters-stand-for-themselves",)

    def found(self, connection: Connection, who: Principal, words: str, page: Page) -> tuple[list[Found], int]:
        hits, total = super().found(connection, who, words, page)
        return hits[:1], total


class NoUnarchive(Shelf):
    """
    What is put away cannot be brought back.
    """

    id = "archive-for-ever"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("archive/archived-is-filtered",)

    async def archive(self, thread_id: str, who: Principal, archived: bool) -> Thread:
        return await super().archive(thread_id, who, True)


class NoArchiveList(Shelf):
    """
    What is put away is in no list.
    """

    id = "archived-in-no-list"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("archive/archived-is-filtered",)

    def shelf(self, page: Page) -> ColumnElement[bool]:
        return false() if page.archived else super().shelf(page)


class TotalOfAllRows(Shelf):
    """
    The total counts the page, and the list ends with it.
    """

    id = "shelf-total-is-the-page"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("pages/offset-walk",)

    def listed(self, connection: Connection, who: Principal, page: Page) -> tuple[list[Thread], int]:
        found, _ = super().listed(connection, who, page)
        return found, len(found)


class OffsetIgnored(Shelf):
    """
    Every page is the first one.
    """

    id = "shelf-offset-ignored"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("pages/offset-walk",)

    def listed(self, connection: Connection, who: Principal, page: Page) -> tuple[list[Thread], int]:
        return super().listed(connection, who, Page(page.limit, 0, page.archived, page.shared))


class UnarchiveRevives(Shelf):
    """
    Bringing a conversation back brings a deleted one back too.
    """

    id = "unarchive-revives"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("archive/deleted-is-not-archived",)

    async def archive(self, thread_id: str, who: Principal, archived: bool) -> Thread:
        await self.database.run(lambda held: self.revived(held, thread_id), write=True)
        return await super().archive(thread_id, who, archived)

    def revived(self, connection: Connection, thread_id: str) -> None:
        connection.execute(update(threads).where(threads.c.id == thread_id).values(deleted_at=None))
