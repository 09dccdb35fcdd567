"""
Conversations whose items come, go and lock as they should not, and responses whose stream is not well formed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, update

from reference_server.core.answers import Answer
from reference_server.core.errors import Busy, CoreError
from reference_server.core.items import Items
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.responding import Asking, Responding, new_id
from reference_server.core.responses import Response
from reference_server.core.tables import messages, threads
from reference_server.core.turns import Opening, Question
from reference_server.dialects.conversations.bodies import ResponseBody
from reference_server.dialects.conversations.stream import Writer
from reference_server.dialects.conversations.wire import MOST_ITEMS, ConversationsWire

ONLY = ("conversations",)


class QuestionJoinsEarly(Responding):
    """
    A question is in the conversation as soon as it is asked, and stays there when its answer fails.
    """

    id = "question-joins-early"
    seam = "responding"
    dialects = ONLY
    caught_by = ("storage/question-comes-with-its-answer",)

    def asked(self, connection: Connection, question: Question, thread: Thread) -> Opening:
        opening = super().asked(connection, question, thread)
        assert isinstance(question, Asking)
        self.store.append(connection, thread.id, self.begun(question).input)
        return opening

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        mine = messages.c.run_id == question.id if isinstance(question, Asking) else messages.c.id == ""
        connection.execute(delete(messages).where(mine))
        return super().store_answer(connection, question, answer)


class ResponseAnswerOnly(Responding):
    """
    Only the answer joins the conversation; what was asked is lost.
    """

    id = "response-answer-only"
    seam = "responding"
    dialects = ONLY
    caught_by = ("storage/question-comes-with-its-answer",)

    def begun(self, question: Asking) -> Response:
        return replace(super().begun(question), input=[])


class InitialItemsDropped(Items):
    """
    The items that a conversation is made with are read and forgotten.
    """

    id = "initial-items-dropped"
    seam = "items"
    dialects = ONLY
    caught_by = ("storage/made-with-items",)

    def created(self, connection: Connection, thread: NewThread, _: Sequence[NewMessage]) -> Thread:
        return super().created(connection, thread, [])


class InitialItemsReversed(ConversationsWire):
    """
    Items that come together are stored in the order in which lists show them: the last one first.
    """

    id = "initial-items-reversed"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("storage/made-with-items",)

    def new_items(self, raw: str | Sequence[Any], field: str) -> list[NewMessage]:
        return super().new_items(raw, field)[::-1]


class DeletedItemRecalled(Responding):
    """
    A deleted item is in no list, and the server goes on telling the model of it.
    """

    id = "deleted-item-recalled"
    seam = "responding"
    dialects = ONLY
    caught_by = ("deletion/deleted-message-is-gone",)

    def context(self, connection: Connection, question: Asking) -> list[Message]:
        kept: dict[str, dict[int, Message]] = self.__dict__.setdefault("kept", {})
        known = kept.setdefault(question.thread, {})
        known.update({one.seq: one for one in super().context(connection, question)})
        return [known[seq] for seq in sorted(known)]


class DeletedItemCounted(Items):
    """
    The conversation goes on counting deleted items.
    """

    id = "deleted-item-counted"
    seam = "items"
    dialects = ("assistants", "conversations")
    caught_by = ("deletion/deleted-message-is-gone",)

    def recount(self, connection: Connection, thread_id: str) -> None:
        pass


class ItemDeleteTakesNeighbours(Items):
    """
    Deleting an item deletes all that came after it.
    """

    id = "item-delete-takes-neighbours"
    seam = "items"
    dialects = ("assistants", "conversations")
    caught_by = ("deletion/deleted-message-is-gone",)

    def removed(self, connection: Connection, thread_id: str, item_id: str, who: Principal) -> Thread:
        found = self.found(connection, thread_id, item_id, who)
        later = (messages.c.thread_id == thread_id) & (messages.c.seq > found.seq)
        connection.execute(delete(messages).where(later))
        return super().removed(connection, thread_id, item_id, who)


class ItemOfAnyConversation(Items):
    """
    An item is found by its id alone, whichever conversation the address names.
    """

    id = "item-of-any-conversation"
    seam = "items"
    dialects = ("assistants", "conversations")
    caught_by = ("isolation/message-is-in-its-own-thread-only",)

    def found(self, connection: Connection, thread_id: str, item_id: str, who: Principal) -> Message:
        owners = self.store.threads_with_message(connection, item_id)
        return super().found(connection, owners[0] if owners else thread_id, item_id, who)


class ItemSlipsIn(Items):
    """
    Items are added to a conversation whose answer is being made, before the question of that answer.
    """

    id = "item-slips-in"
    seam = "items"
    dialects = ONLY
    caught_by = ("concurrency/nothing-slips-in",)

    def added(self, connection: Connection, thread_id: str, new: Sequence[NewMessage], who: Principal) -> list[Message]:
        self.threads.own(connection, thread_id, who)
        return self.store.append(connection, thread_id, new)


class ItemsCutAtTwenty(ConversationsWire):
    """
    Of more than twenty items the first twenty are stored, and the answer is a success.
    """

    id = "items-cut-at-twenty"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("errors/twenty-items-at-once",)

    def batch(self, raw: Sequence[Any]) -> list[NewMessage]:
        return super().batch(raw[:MOST_ITEMS])


class MetadataUnbounded(ConversationsWire):
    """
    Metadata is taken as it comes, of any size and any type.
    """

    id = "metadata-unbounded"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("errors/bad-input-is-refused",)

    def metadata(self, value: dict[str, Any] | None) -> dict[str, str]:
        return dict(value or {})


class PageEndsSwapped(ConversationsWire):
    """
    A page calls its last item the first, and its first the last.
    """

    id = "page-ends-swapped"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("pages/list-object",)

    def listed(self, data: list[dict[str, Any]], more: bool) -> dict[str, Any]:
        page = super().listed(data, more)
        return {**page, "first_id": page["last_id"], "last_id": page["first_id"]}


class BackgroundPassedOver(ConversationsWire):
    """
    `background` is read and forgotten.
    """

    id = "background-passed-over"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("responses/wishes-are-not-passed-over",)

    def check(self, body: ResponseBody) -> None:
        super().check(body.model_copy(update={"background": None}))


# -- who has the conversation


class ConversationNeverLocked(Responding):
    """
    A second turn in a conversation is answered while the first is under way, and knows nothing of it.
    """

    id = "conversation-never-locked"
    seam = "responding"
    dialects = ONLY
    caught_by = ("concurrency/second-turn-is-rejected",)

    def opening(self, connection: Connection, question: Question) -> Opening:
        free = update(threads).where(threads.c.id == question.thread).values(busy_by=None, busy_until=None)
        connection.execute(free)
        return super().opening(connection, question)


class ConversationStaysLocked(Responding):
    """
    A turn that failed keeps the conversation locked.
    """

    id = "conversation-stays-locked"
    seam = "responding"
    dialects = ONLY
    caught_by = ("storage/question-comes-with-its-answer",)

    async def let_go(self, question: Question) -> None:
        pass


class LockedWithoutCode(ConversationsWire):
    """
    The refusal of a second turn does not say that the conversation is locked.
    """

    id = "locked-without-code"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("concurrency/second-turn-is-rejected",)

    def envelope(self, error: CoreError) -> dict[str, Any]:
        return self.openai_error("Bad request.") if isinstance(error, Busy) else super().envelope(error)


class ForeignConversationTold(ConversationsWire):
    """
    Somebody else's conversation is forbidden, and with that said to exist.
    """

    id = "foreign-conversation-told"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("auth/foreign-threads-as-declared",)

    @contextmanager
    def naming(self, what: str, name: str) -> Iterator[None]:
        yield


# -- the stream


class EventsNumberedFromOne(ConversationsWire):
    """
    The events of a stream are numbered from one.
    """

    id = "events-numbered-from-one"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("streaming/well-formed",)

    class writer(Writer):  # noqa: N801 # the name of the attribute
        def next_number(self) -> int:
            return super().next_number() + 1


class DoneAfterTheResponse(ConversationsWire):
    """
    After `response.completed` a `[DONE]` comes, as in chat completions.
    """

    id = "done-after-the-response"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("streaming/well-formed",)

    class writer(Writer):  # noqa: N801 # the name of the attribute
        def end(self, response: Mapping[str, Any]) -> Iterator[bytes]:
            yield from super().end(response)
            yield b"data: [DONE]\n\n"


class ListedIdsAreOthers(Responding):
    """
    The items of an answer have other ids in the conversation than in the response.
    """

    id = "listed-ids-are-others"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/one-id-everywhere",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        assert isinstance(question, Asking)
        assert question.made is not None
        others = [replace(one, external_id=new_id("msg")) for one in question.made.output]
        return super().store_answer(connection, replace(question, made=replace(question.made, output=others)), answer)


class BrokenStreamCompleted(ConversationsWire):
    """
    A stream whose model broke off ends with `response.completed`.
    """

    id = "broken-stream-completed"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("truncation/broken-answer-is-a-failure",)

    def broken(self, writer: Writer, error: CoreError, begun: Response) -> bytes:
        return writer.event("response.completed", response={**self.response(begun), "status": "completed"})
