"""
Turns whose answer is a response: the question is stored together with it, or not at all.

The context is a conversation, or a chain of responses that were stored, or nothing. A second turn in a conversation
does not wait: it is refused.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from reference_server.core.answers import TEXT, Answer
from reference_server.core.errors import CoreError, Invalid, NotFound, Stopped, UpstreamFailed
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.responses import Response, Responses
from reference_server.core.turns import Ended, Opening, Question, Running, Turns

__all__ = ["Asking", "Responded", "Responding", "new_id", "part_id", "responding_as"]

REASONS: Final[Mapping[str, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""
Why a model stopped before its answer was whole.
"""


UNCOUNTED: Final[Mapping[str, Any]] = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"))
"""
The counts are the answer's: of its several messages one has them.
"""


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(24)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Question):
    """
    A question that is answered by a response. Where it is in no conversation, `thread` is the response's own id.

    `previous` is the response that it follows, `keeps` whether the response can be read later.
    """

    id: str
    previous: str | None = None
    keeps: bool = True
    metadata: dict[str, Any] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    asked: datetime = field(default_factory=lambda: datetime.now(UTC))
    made: Response | None = None

    @property
    def conversation(self) -> str | None:
        return None if self.thread == self.id else self.thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded(Ended):
    """
    The answer is whole; so is its response.
    """

    response: Response


class Responding(Turns):
    """
    Runs such turns. `responses` are the rows.
    """

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.responses = Responses()
        self._answers: dict[str, Answer] = {}  # of the turns under way

    # -- before the model is asked

    def opening(self, connection: Connection, question: Question) -> Opening:
        assert isinstance(question, Asking)
        if question.conversation is not None:
            return super().opening(connection, question)
        self.limits.take(connection, question.who)
        return Opening(self.prompt(connection, question))

    def asked(self, connection: Connection, question: Question, _: Thread) -> Opening:
        """
        Nothing is stored yet: what was asked joins the conversation with its answer.
        """
        return Opening(self.prompt(connection, question))

    def prompt(self, connection: Connection, question: Question) -> list[dict[str, Any]]:
        """
        Raises `Invalid` where there is nothing to answer.
        """
        assert isinstance(question, Asking)
        before = self.context(connection, question)
        new = self.unsaved(question.thread, question.messages, len(before))
        self.check_results([*before, *new], new)
        prompt = self.history.prompt([*before, *new], None, question.system)
        if not any(message["role"] != "system" for message in prompt):
            raise Invalid("there is nothing to answer", "input")
        return self.joined(prompt)

    def check_results(self, said: Sequence[Message], new: Sequence[Message]) -> None:
        """
        Raises `Invalid` for a new result of a call that was never made.
        """
        called = {call["id"] for one in said for call in one.tool_calls or ()}
        for one in new:
            if one.role == "tool" and one.tool_call_id not in called:
                raise Invalid(f"No tool call found for function call output with call_id {one.tool_call_id}.", "input")

    def joined(self, prompt: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """
        Calls that follow each other, or their answer's text, belong to one message, and their results right behind it:
        models refuse them apart.
        """
        results: dict[str, list[dict[str, Any]]] = {}
        for message in prompt:
            if message["role"] == "tool":
                results.setdefault(message["tool_call_id"], []).append(message)
        joined: list[dict[str, Any]] = []
        for message in prompt:
            last = joined[-1] if joined else {}
            if message.get("tool_calls") and message["content"] is None and last.get("role") == "assistant":
                joined[-1] = {**last, "tool_calls": [*last.get("tool_calls", []), *message["tool_calls"]]}
            elif message["role"] != "tool":
                joined.append(message)
        return [one for message in joined for one in (message, *self.results(message, results))]

    def results(self, message: dict[str, Any], results: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """
        Those of a message's calls. Models use an id again: each call takes the first result that is left.
        """
        return [results[call["id"]].pop(0) for call in message.get("tool_calls") or () if results.get(call["id"])]

    # -- what came before

    def context(self, connection: Connection, question: Asking) -> list[Message]:
        if question.conversation is not None:
            return [one for one in self.store.messages_of(connection, question.conversation) if one.active]
        return self.chain(connection, question)

    def chain(self, connection: Connection, question: Asking) -> list[Message]:
        """
        What was said in the responses before, oldest first; a conversation is as it was when it came to its response.
        """
        said: list[NewMessage] = []
        name, begun = question.previous, list[Message]()
        while name is not None:
            response = self.previous(connection, name, question.who)
            if response.conversation_id is not None:
                begun = self.up_to(connection, response.conversation_id, response.id)
                break
            said = [*response.input, *response.output, *said]
            name = response.previous_id
        return [*begun, *self.unsaved(question.thread, said, len(begun))]

    def previous(self, connection: Connection, response_id: str, who: Principal | None) -> Response:
        try:
            return self.responses.get(connection, response_id, who)
        except NotFound:
            message = f"Previous response with id '{response_id}' not found."
            raise Invalid(message, "previous_response_id") from None

    def up_to(self, connection: Connection, conversation: str, response_id: str) -> list[Message]:
        stored = self.store.messages_of(connection, conversation)
        ends = [place for place, one in enumerate(stored, 1) if one.run_id == response_id]
        return stored[: ends[-1]] if ends else []

    def unsaved(self, thread: str, new: Sequence[NewMessage], first: int) -> list[Message]:
        """
        As they would be stored.
        """
        now = self.store.now()
        rows = [self.store.as_row(thread, first + place, one, now) for place, one in enumerate(new)]
        return [self.store.as_message(tuple(row.values())) for row in rows]

    # -- at the end

    async def converse(self, question: Question, running: Running) -> None:
        assert isinstance(question, Asking)
        try:
            await super().converse(question, running)
        except UpstreamFailed as error:
            await self.keep_failure(question, self._answers.get(question.turn), error)
            raise
        finally:
            self._answers.pop(question.turn, None)

    def new_answer(self, question: Question) -> Answer:
        answer = self._answers[question.turn] = super().new_answer(question)
        return answer

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        """
        Store, then say that it is over. The response is the same in both.
        """
        assert isinstance(question, Asking)
        if answer.empty:
            raise UpstreamFailed("the model said nothing")
        response = self.response(question, answer)
        stored = await self.keep(replace(question, made=response), answer)
        running.tell(Responded(stored, answer.finish, answer.usage, response=response))

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        """
        The question and its answer in one transaction. Raises `NotFound` where the conversation was deleted meanwhile:
        then the response is not kept either.
        """
        assert isinstance(question, Asking)
        response = question.made or self.response(question, answer)
        spoken = [*response.input, *response.output]
        if question.conversation is None:
            stored = self.unsaved(question.thread, spoken, 0)
        else:
            if not self.store.end_turn(connection, question.thread, question.turn):
                self.store.thread(connection, question.thread)
                raise Stopped("the turn lost its conversation")
            stored = self.store.append(connection, question.thread, spoken)
        self.keep_response(connection, question, response)
        return stored[-1]

    def keep_response(self, connection: Connection, question: Asking, response: Response) -> None:
        if question.keeps:
            self.responses.add(connection, response)

    def response(self, question: Asking, answer: Answer) -> Response:
        reason = REASONS.get(answer.finish or "")
        status = "incomplete" if reason else "completed"
        return replace(
            self.begun(question),
            status=status,
            output=self.output(question, answer, status),
            usage=answer.usage,
            incomplete_details={"reason": reason} if reason else None,
            completed_at=None if reason else self.store.now(),
        )

    def begun(self, question: Asking) -> Response:
        """
        The response before anything was answered.
        """
        return Response(
            id=question.id,
            status="in_progress",
            model=question.model,
            created_at=question.asked,
            owner=self.responses.owner(question.who),
            conversation_id=question.conversation,
            previous_id=question.previous,
            instructions=question.system,
            input=[replace(one, run_id=question.id) for one in question.messages],
            metadata=question.metadata,
            settings=dict(question.settings),
        )

    def output(self, question: Asking, answer: Answer, status: str) -> list[NewMessage]:
        """
        The text and each call, every one a message of its own, in the order in which they began.
        """
        whole = replace(answer.message(), run_id=question.id, status=status)
        made: list[NewMessage] = []
        for part in answer.began:
            if part == TEXT:
                made.append(replace(whole, tool_calls=None, external_id=part_id(question.id, part)))
            elif (call := answer.call(part)) is not None:
                made.append(replace(whole, content=None, tool_calls=[call], external_id=part_id(question.id, part)))
        return [*made[:1], *(replace(one, **UNCOUNTED) for one in made[1:])]

    async def keep_failure(self, question: Asking, answer: Answer | None, error: CoreError) -> None:
        """
        A response that broke off is kept as failed, where its caller knows its id; the conversation stays as it was.
        """
        if not question.keeps or answer is None or answer.empty:
            return
        problem = {"code": "server_error", "message": str(error)}
        failed = replace(self.begun(question), status="failed", error=problem)
        with suppress(SQLAlchemyError, NotFound):
            await self.database.run(lambda held: self.failure_kept(held, question, failed), write=True)

    def failure_kept(self, connection: Connection, question: Asking, failed: Response) -> None:
        if question.conversation is not None:
            self.store.thread(connection, question.conversation)
        self.responses.add(connection, failed)

    # -- reading

    async def get(self, response_id: str, who: Principal) -> Response:
        return await self.database.run(lambda held: self.responses.get(held, response_id, who), write=False)

    async def delete(self, response_id: str, who: Principal) -> None:
        await self.database.run(lambda held: self.responses.remove(held, response_id, who), write=True)


def responding_as(kind: type[Responding], turns: Turns) -> Responding:
    """
    The same turns, answered by responses: what is changed in the one is changed in the other.
    """
    made = kind if issubclass(kind, type(turns)) else type(kind.__name__, (type(turns), kind), {})
    parts = (turns.database, turns.store, turns.history, turns.model, turns.titles, turns.texts, turns.locks)
    responding: Responding = made(*parts, turns.access, turns.limits, turns.watch)
    responding.answers, responding.lease = turns.answers, turns.lease
    return responding


def part_id(response_id: str, part: int) -> str:
    """
    The id of a response's text, or of the call of that index: whoever streams it and whoever stores it find the same.
    """
    digest = hashlib.sha256(f"{response_id}/{part}".encode()).hexdigest()[:48]
    return f"{'msg' if part == TEXT else 'fc'}_{digest}"
