"""
Assistants, lists, shapes and errors that are not as the Assistants API has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from reference_server.core.assistants import Assistant, Assistants
from reference_server.core.errors import NotFound
from reference_server.core.items import Items
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage
from reference_server.core.tables import assistants, messages
from reference_server.dialects.assistants.bodies import MessageBody
from reference_server.dialects.assistants.lists import Lists, Page
from reference_server.dialects.assistants.wire import AssistantsWire


class UnknownAssistantAccepted(Assistants):
    """
    A run of an unknown assistant is answered by some other.
    """

    id = "unknown-assistant-accepted"
    seam = "assistant_rows"
    dialects = ("assistants",)
    caught_by = ("runs/unknown-assistant-starts-nothing",)

    def found(self, connection: Connection, assistant_id: str, who: Principal | None) -> Assistant:
        try:
            return super().found(connection, assistant_id, who)
        except NotFound:
            if assistant_id != "asst_000000000000000000000000":
                raise
            return Assistant(assistant_id, None, self.store.now(), "gpt-4")


class AssistantsOfEverybody(Assistants):
    """
    Assistants belong to nobody, and everybody has them.
    """

    id = "assistants-of-everybody"
    seam = "assistant_rows"
    dialects = ("assistants",)
    caught_by = ("assistants/belong-to-who-made-them",)

    def select(self, who: Principal | None) -> Select[Any]:
        return select(assistants)


class AssistantChangeNullsTheRest(Assistants):
    """
    What a change does not name is emptied.
    """

    id = "assistant-change-nulls-the-rest"
    seam = "assistant_rows"
    dialects = ("assistants",)
    caught_by = ("assistants/made-read-changed-deleted",)

    async def change(self, assistant_id: str, changes: dict[str, Any], who: Principal | None) -> Assistant:
        return await super().change(assistant_id, {"instructions": None, "description": None, **changes}, who)


class DeletedAssistantListed(Assistants):
    """
    A deleted assistant stays in the list.
    """

    id = "deleted-assistant-listed"
    seam = "assistant_rows"
    dialects = ("assistants",)
    caught_by = ("assistants/made-read-changed-deleted",)

    def found(self, connection: Connection, assistant_id: str, who: Principal | None) -> Assistant:
        if assistant_id in self.__dict__.get("gone", set()):
            raise NotFound(f"No assistant found with id '{assistant_id}'.")
        return super().found(connection, assistant_id, who)

    def removed(self, connection: Connection, assistant_id: str, who: Principal | None) -> None:
        self.found(connection, assistant_id, who)
        self.__dict__.setdefault("gone", set()).add(assistant_id)


class AssistantMetadataLost(Assistants):
    """
    An assistant's metadata is not kept.
    """

    id = "assistant-metadata-lost"
    seam = "assistant_rows"
    dialects = ("assistants",)
    caught_by = ("assistants/made-read-changed-deleted",)

    def created(self, connection: Connection, row: dict[str, Any]) -> Assistant:
        return super().created(connection, {**row, "metadata": {}})


class AssistantDeleteTakesAnswers(Assistants):
    """
    With an assistant go all the answers that it gave.
    """

    id = "assistant-delete-takes-answers"
    seam = "assistant_rows"
    dialects = ("assistants",)
    caught_by = ("assistants/deleted-one-leaves-its-threads",)

    def removed(self, connection: Connection, assistant_id: str, who: Principal | None) -> None:
        super().removed(connection, assistant_id, who)
        connection.execute(delete(messages).where(messages.c.assistant_id == assistant_id))


class BeforeIgnored(Lists):
    """
    A page that is to end before a cursor is the first page.
    """

    id = "before-ignored"
    seam = "assistant_lists"
    dialects = ("assistants",)
    caught_by = ("pages/before",)

    def listed(self, oldest_first: Sequence[dict[str, Any]], page: Page) -> dict[str, Any]:
        return super().listed(oldest_first, Page(page.limit, page.order, page.after, None))


class EndsSwapped(Lists):
    """
    The first id is the last one, and the last the first.
    """

    id = "ends-swapped"
    seam = "assistant_lists"
    dialects = ("assistants",)
    caught_by = ("pages/list-object",)

    def list_object(self, shown: Sequence[dict[str, Any]], more: bool) -> dict[str, Any]:
        found = super().list_object(shown, more)
        return {**found, "first_id": found["last_id"], "last_id": found["first_id"]}


class DefaultPageUnbounded(Lists):
    """
    Without a limit a page is the whole list.
    """

    id = "default-page-unbounded"
    seam = "assistant_lists"
    dialects = ("assistants",)
    caught_by = ("pages/default-page",)

    def listed(self, oldest_first: Sequence[dict[str, Any]], page: Page) -> dict[str, Any]:
        limit = len(oldest_first) or 1 if page.limit == 20 else page.limit
        return super().listed(oldest_first, Page(limit, page.order, page.after, page.before))


class OldestFirst(Lists):
    """
    A list comes oldest first, whatever is asked for.
    """

    id = "oldest-first-by-default"
    seam = "assistant_lists"
    dialects = ("assistants",)
    caught_by = ("pages/default-page", "pages/descending")

    def ordered(self, oldest_first: Sequence[dict[str, Any]], page: Page) -> list[dict[str, Any]]:
        return list(oldest_first)


class DescendingIsNotTheReverse(Lists):
    """
    In descending order, messages of one second stand as they were said.
    """

    id = "descending-by-the-second"
    seam = "assistant_lists"
    dialects = ("assistants",)
    caught_by = ("pages/descending",)

    def ordered(self, oldest_first: Sequence[dict[str, Any]], page: Page) -> list[dict[str, Any]]:
        return sorted(oldest_first, key=lambda one: one["created_at"], reverse=page.order == "desc")


class MoreNeverSaid(Lists):
    """
    A page never says that more follow.
    """

    id = "assistants-has-more-false"
    seam = "assistant_lists"
    dialects = ("assistants",)
    caught_by = ("pages/walk", "pages/list-object")

    def list_object(self, shown: Sequence[dict[str, Any]], more: bool) -> dict[str, Any]:
        return super().list_object(shown, False)


class TimesAsTexts(AssistantsWire):
    """
    Times are texts.
    """

    id = "times-as-texts"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("runs/shape", "threads/message-shape")

    def time(self, moment: Any) -> Any:
        return None if moment is None else moment.isoformat()


class ContentNotInParts(AssistantsWire):
    """
    A message's content is a text and not a list of parts.
    """

    id = "content-not-in-parts"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("threads/message-shape",)

    def content(self, one: Message) -> Any:
        return one.content or ""


class ImagePartsDropped(AssistantsWire):
    """
    Of a message's parts only the texts are kept.
    """

    id = "image-parts-dropped"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("threads/image-parts-are-kept",)

    def content(self, one: Message) -> list[dict[str, Any]]:
        return [part for part in super().content(one) if part["type"] == "text"]


class PartsCutToTheFirst(AssistantsWire):
    """
    Of a message in several parts only the first is kept.
    """

    id = "multipart-flattened"
    group = "storage"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("threads/made-with-messages",)

    def new_message(self, body: MessageBody) -> NewMessage:
        whole = body.content if isinstance(body.content, str) else body.content[:1]
        return super().new_message(body.model_copy(update={"content": whole}))


class MessageMetadataMerged(Items):
    """
    Metadata that replaces a message's is put beside it.
    """

    id = "message-metadata-merged"
    seam = "items"
    dialects = ("assistants",)
    caught_by = ("metadata/of-a-message-changes",)

    def marked(
        self, connection: Connection, thread_id: str, item_id: str, metadata: dict[str, str], who: Principal
    ) -> Message:
        before = self.found(connection, thread_id, item_id, who).metadata or {}
        return super().marked(connection, thread_id, item_id, {**before, **metadata}, who)


class ErrorsAsDetail(AssistantsWire):
    """
    Errors have the framework's shape.
    """

    id = "errors-as-detail"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("errors/openai-envelope", "errors/unknown-routes-have-the-shape", "errors/wrong-methods-are-refused")

    def no_route(self, detail: str) -> dict[str, Any]:
        return {"detail": detail}


class NoCors(AssistantsWire):
    """
    No other origin's page may call.
    """

    id = "no-cors"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("web/pages-may-call",)

    origins = ()


class NoDescription(AssistantsWire):
    """
    The API does not describe itself.
    """

    id = "no-description"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("web/description-is-served",)

    description = None
