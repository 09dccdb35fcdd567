"""
Responses and conversations that do not keep what they say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError, NotFound
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage
from reference_server.core.responding import Asking, Responding
from reference_server.core.responses import Response, Responses
from reference_server.core.store import Store
from reference_server.core.turns import Question
from reference_server.dialects.conversations.bodies import ResponseBody
from reference_server.dialects.conversations.wire import ConversationsWire

ONLY = ("conversations",)


# -- what is kept


class ResponseNotStored(Responding):
    """
    A response is answered, and cannot be found afterwards.
    """

    id = "response-not-stored"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/read-back",)

    def keep_response(self, connection: Connection, question: Asking, response: Response) -> None:
        pass


class ResponseRewritten(Responding):
    """
    A response that is read later has lost what it cost and what was wished of it.
    """

    id = "response-rewritten"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/read-back",)

    async def get(self, response_id: str, who: Principal) -> Response:
        return replace(await super().get(response_id, who), usage=None, settings={})


class StoreFalseIgnored(ConversationsWire):
    """
    `store: false` is read and forgotten.
    """

    id = "store-false-ignored"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("responses/not-kept",)

    def keeps(self, body: ResponseBody) -> bool:
        return True


class IncompleteCalledCompleted(Responding):
    """
    An answer that was cut at the limit is called completed.
    """

    id = "incomplete-called-completed"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/cut-at-the-limit",)

    def response(self, question: Asking, answer: Answer) -> Response:
        made = super().response(question, answer)
        output = [replace(one, status="completed") for one in made.output]
        return replace(made, status="completed", incomplete_details=None, output=output)


class BrokenResponseCompleted(Responding):
    """
    A response that broke off is kept as a completed one, with the half that there was.
    """

    id = "broken-response-completed"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/broken-is-failed",)

    async def keep_failure(self, question: Asking, answer: Answer | None, error: CoreError) -> None:
        if answer is not None and not answer.empty:
            half = replace(self.response(question, answer), status="completed")
            await self.database.run(lambda held: self.failure_kept(held, question, half), write=True)


class ResponseDeleteIsNoop(Responding):
    """
    Deleting a response answers that it is deleted, and it stays.
    """

    id = "response-delete-is-noop"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/deleted-is-gone",)

    async def delete(self, response_id: str, who: Principal) -> None:
        await self.get(response_id, who)


class ResponsesOutliveTheConversation(Store):
    """
    A conversation is deleted, and what was answered in it can still be read by the responses' ids.
    """

    id = "responses-outlive-the-conversation"
    seam = "store"
    dialects = ONLY
    caught_by = ("responses/gone-with-the-thread",)

    def remove_responses(self, connection: Connection, thread_id: str) -> None:
        pass


class ResponsesOfEverybody(Responding):
    """
    Whoever knows a response's id can read, follow and delete it.
    """

    id = "responses-of-everybody"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/of-others-are-missing",)

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.responses = _Everybodys()


class _Everybodys(Responses):
    def get(self, connection: Connection, response_id: str, who: Principal | None) -> Response:
        return super().get(connection, response_id, None)


# -- what is recalled


class UnknownPreviousStartsAnew(Responding):
    """
    A turn that follows a response which is not there is answered as if it followed none.
    """

    id = "unknown-previous-starts-anew"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/unknown-previous-is-refused",)

    def chain(self, connection: Connection, question: Asking) -> list[Message]:
        try:
            self.responses.get(connection, question.previous or "", question.who)
        except NotFound:
            return []
        return super().chain(connection, question)


class ChainOneDeep(Responding):
    """
    Only the response just before is recalled, not those before it.
    """

    id = "chain-one-deep"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/chain-is-recalled",)

    def previous(self, connection: Connection, response_id: str, who: Principal | None) -> Response:
        return replace(super().previous(connection, response_id, who), previous_id=None)


class ChainDoubles(Responding):
    """
    Each response keeps as its input all that came before, and a chain of them recalls it again each time.
    """

    id = "chain-doubles"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/chain-is-recalled",)

    def chain(self, connection: Connection, question: Asking) -> list[Message]:
        said = super().chain(connection, question)
        return [*said[:-2], *said]


class ChainForgetsTheConversation(Responding):
    """
    Following a response of a conversation recalls that response alone.
    """

    id = "chain-forgets-the-conversation"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/chain-is-recalled",)

    def up_to(self, connection: Connection, conversation: str, response_id: str) -> list[Message]:
        return [one for one in super().up_to(connection, conversation, response_id) if one.run_id == response_id]


class ChainKnowsTheFuture(Responding):
    """
    Following an earlier response of a conversation recalls what came after it, too.
    """

    id = "chain-knows-the-future"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/chain-is-recalled",)

    def up_to(self, connection: Connection, conversation: str, response_id: str) -> list[Message]:
        return self.store.messages_of(connection, conversation)


class ThreadlessTurnMakesAThread(Responding):
    """
    A turn without a conversation makes one that nobody asked for.
    """

    id = "threadless-turn-makes-a-thread"
    seam = "responding"
    dialects = ONLY
    caught_by = ("responses/without-a-thread",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        stored = super().store_answer(connection, question, answer)
        assert isinstance(question, Asking)
        if question.conversation is None:
            self.store.insert_thread(connection, self.new_thread(question))
            self.store.append(connection, question.thread, [*question.messages, answer.message()])
        return stored


class PreviousBesideAConversation(ConversationsWire):
    """
    With a conversation, `previous_response_id` is passed over.
    """

    id = "previous-beside-a-conversation"
    seam = "conversations"
    dialects = ONLY
    caught_by = ("responses/thread-or-previous",)

    def question(self, body: ResponseBody, who: Principal) -> Asking:
        alone = body.model_copy(update={"previous_response_id": None}) if body.conversation_id else body
        return super().question(alone, who)


class InstructionsCarriedOver(Responding):
    """
    Instructions of one call hold for all that follow.
    """

    id = "instructions-carried-over"
    seam = "responding"
    dialects = ONLY
    caught_by = ("recall/per-call-system-message",)

    def prompt(self, connection: Connection, question: Question) -> list[dict[str, Any]]:
        kept: dict[str, str] = self.__dict__.setdefault("kept", {})
        system = question.system or kept.get(question.thread)
        if system is not None:
            kept[question.thread] = system
        return super().prompt(connection, replace(question, system=system))


class InstructionsStored(Responding):
    """
    Instructions of a call become an item of the conversation.
    """

    id = "instructions-stored"
    seam = "responding"
    dialects = ONLY
    caught_by = ("recall/per-call-system-message",)

    def begun(self, question: Asking) -> Response:
        made = super().begun(question)
        told = [NewMessage("system", made.instructions, f"msg_{question.turn}")] if made.instructions else []
        return replace(made, input=[*told, *made.input])


class CallItemsApart(Responding):
    """
    The text of an answer and each of its calls go back to the model as messages of their own.
    """

    id = "call-items-apart"
    seam = "responding"
    dialects = ONLY
    caught_by = ("tools/calls-are-items",)

    def joined(self, prompt: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return list(prompt)


class CallItemsLost(Responding):
    """
    Of an answer with text and calls only the text becomes an item.
    """

    id = "call-items-lost"
    seam = "responding"
    dialects = ONLY
    caught_by = ("tools/calls-are-items",)

    def output(self, question: Asking, answer: Answer, status: str) -> list[NewMessage]:
        made = super().output(question, answer, status)
        return [one for one in made if not one.tool_calls] or made


class UnansweredCallSent(Responding):
    """
    A call without a result goes to the model as it stands.
    """

    id = "unanswered-call-sent"
    seam = "responding"
    dialects = ONLY
    caught_by = ("tools/unanswered-call-is-left-out",)

    def prompt(self, connection: Connection, question: Question) -> list[dict[str, Any]]:
        assert isinstance(question, Asking)
        said = [*self.context(connection, question), *self.unsaved(question.thread, question.messages, 0)]
        return self.joined([self.history.for_the_model(one) for one in said if self.history.recalled(one)])


class LateResultStaysBehind(Responding):
    """
    A result that came after other messages goes to the model in that place, away from its call.
    """

    id = "late-result-stays-behind"
    seam = "responding"
    dialects = ONLY
    caught_by = ("tools/unanswered-call-is-left-out",)

    def joined(self, prompt: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        moved = super().joined(prompt)
        return list(prompt) if len(moved) == len(prompt) else moved
