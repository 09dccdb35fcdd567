"""
Users and tenants that see each other.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, true

from reference_server.core.agents import Agents
from reference_server.core.errors import CoreError, Forbidden
from reference_server.core.people import Access, Principal
from reference_server.core.records import Message, Thread
from reference_server.core.search import Search
from reference_server.core.shelf import Page, Shelf
from reference_server.core.tables import threads
from reference_server.core.turns import Question, Turns
from reference_server.dialects.shadflare import ShadflareWire

SHADFLARE = ("shadflare",)


class TenantAlone(Access):
    """
    Whoever is of the same tenant may see and change everything of its users.
    """

    id = "tenant-without-users"
    seam = "access"
    dialects = ("guide", "shadflare", "assistants", "conversations")
    caught_by = ("auth/threads-are-their-owners", "isolation/principals-are-apart", "auth/shared-with-the-team")

    def owns(self, thread: Thread, who: Principal) -> bool:
        return thread.tenant == who.tenant


class SharedWithEverybody(Access):
    """
    What is shared with the team is shared with all tenants.
    """

    id = "shared-with-everybody"
    seam = "access"
    dialects = SHADFLARE
    caught_by = ("auth/shared-with-the-team",)

    def shares(self, thread: Thread, who: Principal) -> bool:
        return thread.shared


class SharedMayBeChanged(Access):
    """
    Whoever may read a shared thread may write into it.
    """

    id = "shared-may-be-changed"
    seam = "access"
    dialects = SHADFLARE
    caught_by = ("auth/shared-with-the-team",)

    def check_change(self, thread: Thread, who: Principal | None) -> None:
        self.check(thread, who)


class SharingIgnored(Access):
    """
    A shared thread stays its owner's alone.
    """

    id = "sharing-ignored"
    seam = "access"
    dialects = SHADFLARE
    caught_by = ("auth/shared-with-the-team",)

    def shares(self, thread: Thread, who: Principal) -> bool:
        return False


class ListOfAllTenants(Shelf):
    """
    The list has no owner in its WHERE.
    """

    id = "shelf-of-all-tenants"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("isolation/principals-are-apart", "search/finds-only-ones-own")

    def own(self, who: Principal) -> ColumnElement[bool]:
        return true()


class ListOfTheTenant(Shelf):
    """
    The list is the tenant's, and not the user's.
    """

    id = "shelf-of-the-tenant"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("isolation/principals-are-apart", "search/finds-only-ones-own")

    def own(self, who: Principal) -> ColumnElement[bool]:
        return threads.c.tenant == who.tenant


class SearchIgnoresOwner(Search):
    """
    The list is filtered by owner, the search is not.
    """

    id = "search-ignores-owner"
    seam = "search"
    dialects = SHADFLARE
    caught_by = ("search/finds-only-ones-own",)

    def wanted(self, who: Principal, page: Page) -> ColumnElement[bool]:
        return self.shelf.living()


class DiscardNoOwner(Shelf):
    """
    Whoever knows an id can throw the conversation away.
    """

    id = "discard-no-owner"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("auth/threads-are-their-owners",)

    def discarded(self, connection: Connection, thread_id: str, who: Principal) -> None:
        owner = self.store.thread(connection, thread_id)
        super().discarded(connection, thread_id, Principal("owner", str(owner.owner), str(owner.tenant)))


class ArchiveNoOwner(Shelf):
    """
    Whoever knows an id can put the conversation away.
    """

    id = "archive-no-owner"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("auth/threads-are-their-owners",)

    async def archive(self, thread_id: str, who: Principal, archived: bool) -> Thread:
        return await self.threads.change(thread_id, {"archived": archived}, None)


class BranchesNoOwner(Shelf):
    """
    The list of all branches forgets to ask whose conversation it is.
    """

    id = "branches-no-owner"
    seam = "shelf"
    dialects = SHADFLARE
    caught_by = ("branches/belong-to-their-owner",)

    def whole(self, connection: Connection, thread_id: str, who: Principal) -> tuple[Thread, list[Message]]:
        return self.store.thread(connection, thread_id), self.store.messages_of(connection, thread_id)


class UnknownIdForks(Turns):
    """
    A conversation that is not there is made: a mistyped id silently forks.
    """

    id = "unknown-id-forks"
    seam = "turns"
    dialects = SHADFLARE
    caught_by = ("threads/unknown-id-makes-no-thread", "errors/unknown-thread-is-missing")

    def made_thread(self, connection: Connection, question: Question) -> Thread:
        if self.store.find_thread(connection, question.thread) is None:
            self.store.insert_thread(connection, self.new_thread(question))
        return super().made_thread(connection, question)


class AgentsOfAllTenants(Agents):
    """
    Agents are found by their id alone, and listed for everybody.
    """

    id = "agents-of-all-tenants"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("agents/belong-to-their-tenant",)

    def of(self, who: Principal) -> ColumnElement[bool]:
        return true()


class ExistenceTold(ShadflareWire):
    """
    Somebody else's conversation is forbidden, and one that never was is missing: so one can tell which are there.
    """

    id = "existence-told"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("auth/foreign-threads-as-declared",)

    def status(self, error: CoreError) -> int:
        return 403 if isinstance(error, Forbidden) else super().status(error)


class AnyTokenIsAlice(ShadflareWire):
    """
    The owner of a conversation is whom the first token of the run named.
    """

    id = "owner-remembered-from-first-caller"
    seam = "shadflare"
    dialects = SHADFLARE
    caught_by = ("isolation/principals-are-apart",)

    def question(self, who: Principal, *more: Any) -> Question:
        first: Principal = self.__dict__.setdefault("first", who)
        return super().question(first, *more)
