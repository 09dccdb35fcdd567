"""
Callers who are not asked, or not believed, or believed too much.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection, update

from reference_server.core.errors import CoreError, Forbidden, NotFound, Unauthorized
from reference_server.core.people import Access, People, Principal
from reference_server.core.records import Message, NewThread, Thread
from reference_server.core.store import Store
from reference_server.core.tables import threads
from reference_server.core.threads import Threads
from reference_server.core.turns import Question, Turns
from reference_server.dialects.anita import AnitaWire
from reference_server.dialects.guide import GuideWire

WITH_CALLERS = ("anita", "guide")


class ReadThreadNoOwner(Threads):
    """
    A thread is read by whoever knows its id.
    """

    id = "read-thread-no-owner"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("auth/threads-are-their-owners", "auth/foreign-threads-as-declared")

    async def get(self, thread_id: str, who: Principal | None = None) -> Thread:
        return await super().get(thread_id, None)


class ListMessagesNoOwner(Threads):
    """
    The thread's route asks whose it is; the one of its messages does not.
    """

    id = "list-messages-no-owner"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("auth/threads-are-their-owners", "auth/foreign-threads-as-declared")

    async def messages(self, thread_id: str, who: Principal | None = None) -> list[Message]:
        return await super().messages(thread_id, None)


class PostMessageNoOwner(Turns):
    """
    Anybody may ask in any thread, and is answered from its history.
    """

    id = "post-message-no-owner"
    seam = "turns"
    dialects = ("anita", "guide", "shadflare", "assistants", "conversations")
    caught_by = ("auth/threads-are-their-owners", "auth/foreign-threads-as-declared")

    def made_thread(self, connection: Connection, question: Question) -> Thread:
        found = self.store.find_thread(connection, question.thread)
        return found or super().made_thread(connection, question)


class RenameNoOwner(Threads):
    """
    A thread is changed by its id alone.
    """

    id = "rename-no-owner"
    seam = "threads"
    dialects = ("anita", "guide", "shadflare", "assistants", "conversations")
    caught_by = ("auth/threads-are-their-owners",)

    def changed(self, connection: Connection, thread_id: str, columns: dict[str, Any], who: Principal | None) -> Thread:
        return super().changed(connection, thread_id, columns, None)


class DeleteNoOwner(Threads):
    """
    A thread is deleted by its id alone.
    """

    id = "delete-no-owner"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("auth/threads-are-their-owners",)

    def removed(self, connection: Connection, thread_id: str, who: Principal | None) -> None:
        super().removed(connection, thread_id, None)


class RefusedDeleteHappens(Threads):
    """
    Whoever is refused a thread's deletion has deleted it: the answer is made after the work.
    """

    id = "refused-delete-happens"
    seam = "threads"
    dialects = ("anita", "guide", "assistants", "conversations")
    caught_by = ("auth/threads-are-their-owners",)

    async def delete(self, thread_id: str, who: Principal | None = None) -> None:
        thread = await self.get(thread_id, None)
        await super().delete(thread_id, None)
        self.access.check_change(thread, who)


class ListAllTenants(Threads):
    """
    The list of threads is everybody's.
    """

    id = "list-all-tenants"
    seam = "threads"
    dialects = WITH_CALLERS
    caught_by = ("isolation/principals-are-apart", "cache/copies-know-their-owner")

    async def all(self, who: Principal | None = None) -> list[Thread]:
        return await super().all(None)


class TenantIsOwner(Access):
    """
    Who is of the same tenant may do what the owner may.
    """

    id = "tenant-is-owner"
    seam = "access"
    dialects = ("guide", "shadflare", "assistants", "conversations")
    caught_by = ("auth/threads-are-their-owners", "auth/foreign-threads-as-declared", "isolation/principals-are-apart")

    def owns(self, thread: Thread, who: Principal) -> bool:
        return thread.tenant == who.tenant


class CreateTakesThreadOver(Store):
    """
    Making a thread under an id that is taken gives it to whoever asked.
    """

    id = "create-takes-thread-over"
    seam = "store"
    dialects = WITH_CALLERS
    caught_by = ("auth/threads-are-their-owners",)

    def add_thread(self, connection: Connection, new: NewThread) -> Thread:
        if not self.insert_thread(connection, new):
            taken = update(threads).where(threads.c.id == new.id)
            connection.execute(taken.values(owner=new.owner, tenant=new.tenant))
        return self.thread(connection, new.id)


class ExistenceOracle(AnitaWire):
    """
    Somebody else's thread is forbidden, one that never was is missing: so anybody can ask what there is.
    """

    id = "existence-oracle"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("auth/foreign-threads-as-declared",)

    def error(self, error: CoreError) -> Response:
        if isinstance(error, Forbidden):
            return JSONResponse({"detail": str(error), "code": "forbidden"}, 403)
        return super().error(error)


class NaiveAuth404(GuideWire):
    """
    An unknown thread has no owner, so asking for its owner fails: 403 for a thread that never was.
    """

    id = "naive-auth-404"
    seam = "guide"
    dialects = ("guide",)
    caught_by = ("auth/foreign-threads-as-declared", "errors/unknown-thread-is-missing")

    def error(self, error: CoreError) -> Response:
        return super().error(Forbidden("access denied") if isinstance(error, NotFound) else error)


class OwnerFromBody(GuideWire):
    """
    The body says who asks, and is believed.
    """

    id = "owner-from-body"
    seam = "guide"
    dialects = ("guide",)
    caught_by = ("auth/token-wins",)

    def asker(self, caller: Principal, named: str | None) -> Principal:
        return Principal(named, named, caller.tenant) if named is not None else caller


class TokenNotVerified(People):
    """
    Any token is good.
    """

    id = "token-not-verified"
    seam = "people"
    dialects = ("guide", "shadflare", "assistants", "conversations")
    caught_by = ("auth/nobody-without-credentials", "auth/challenge", "auth/malformed-credentials")

    def token(self, token: str) -> Principal:
        try:
            return super().token(token)
        except Unauthorized:
            return Principal(token, token, "default")


class MissingHeaderIsAUser(People):
    """
    Who sends no credential is the first of the users.
    """

    id = "missing-header-is-a-user"
    seam = "people"
    dialects = ("guide", "shadflare", "assistants", "conversations")
    caught_by = ("auth/nobody-without-credentials", "auth/challenge")

    def bearer(self, header: str | None) -> Principal:
        if header is None and self._known:
            return next(iter(self._known.values()))
        return super().bearer(header)


class SchemeNotChecked(People):
    """
    The word before the token is not looked at, nor is the token: what there is names the user.
    """

    id = "scheme-not-checked"
    seam = "people"
    dialects = ("guide",)
    caught_by = ("auth/malformed-credentials",)

    def bearer(self, header: str | None) -> Principal:
        scheme, _, _ = (header or "").partition(" ")
        if header and scheme.lower() != "bearer":
            return Principal(header, header, "default")
        return super().bearer(header)


class NoChallenge(GuideWire):
    """
    A 401 does not say which credential is wanted.
    """

    id = "no-challenge"
    seam = "guide"
    dialects = ("guide",)
    caught_by = ("auth/challenge",)

    def error(self, error: CoreError) -> Response:
        if isinstance(error, Unauthorized):
            return JSONResponse({"detail": str(error)}, 401)
        return super().error(error)


class UnauthorizedIs403(GuideWire):
    """
    Who did not say who they are is told that they may not.
    """

    id = "unauthorized-is-403"
    seam = "guide"
    dialects = ("guide",)
    caught_by = ("auth/nobody-without-credentials", "auth/challenge")

    def error(self, error: CoreError) -> Response:
        return super().error(Forbidden(str(error)) if isinstance(error, Unauthorized) else error)


class RefusedTurnStored(Turns):
    """
    A question in somebody else's thread is stored before it is refused.
    """

    id = "refused-turn-stored"
    seam = "turns"
    dialects = ("anita", "guide", "shadflare", "assistants", "conversations")
    caught_by = ("auth/threads-are-their-owners",)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        if isinstance(error, Forbidden):
            self.database.transaction(self.keeping(question), True)
        return super().failed(question, error)

    def keeping(self, question: Question) -> Callable[[Connection], object]:
        return lambda held: self.store.append(held, question.thread, question.messages)
