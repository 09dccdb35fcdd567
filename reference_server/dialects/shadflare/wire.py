"""
How this dialect reads and writes things.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from fastapi.responses import JSONResponse, Response

from reference_server.core.agents import Agent
from reference_server.core.branches import Branched, Branching
from reference_server.core.errors import (
    Busy,
    Conflict,
    CoreError,
    Forbidden,
    Invalid,
    Limited,
    NotFound,
    TimedOut,
    Unauthorized,
    Unavailable,
    UpstreamFailed,
)
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.search import Found
from reference_server.core.turns import Ended, Question, Running
from reference_server.core.usage import Used
from reference_server.dialects.aistreams import DataStream, Heading, UiStream
from reference_server.dialects.failing import headers_of, status_of
from reference_server.dialects.shadflare.bodies import AgentChanges, ChatBody, Parameters

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["DEFAULT_MODEL", "ShadflareWire"]

DEFAULT_MODEL: Final = "gpt-4o"
PREFIX: Final = "conv_"  # of every id that this server gave to a conversation
PROTOCOL: Final = "ui-message-stream-v1"
NAMES: Final[Mapping[str, str]] = {
    "maxTokens": "max_tokens",
    "topP": "top_p",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
}
STATUS: Final[Mapping[type[CoreError], int]] = {Forbidden: 404, TimedOut: 504}
CODES: Final[Mapping[type[CoreError], str]] = {
    NotFound: "not_found",
    Forbidden: "not_found",
    Conflict: "conflict",
    Busy: "busy",
    Unauthorized: "unauthorized",
    Limited: "rate_limited",
    Unavailable: "unavailable",
    TimedOut: "timed_out",
    UpstreamFailed: "model_failed",
}


class ShadflareWire:
    """
    Bodies in, bodies out.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        parts = server.parts
        self.agents = parts.agents(server.database)
        self.branches = parts.branches(server.turns.store)
        self.export = parts.export()
        self.shelf = parts.shelf(server.threads)
        self.search = parts.search(self.shelf)
        self.usage = parts.usage()

    # -- a turn

    def question(self, who: Principal, body: ChatBody, agent: Agent | None) -> Question:
        """
        A turn from its body. Raises `Invalid`.
        """
        thread, creates = self.conversation(who, body)
        model = self.agents.model(agent, body.model, DEFAULT_MODEL)
        said = [] if body.again else [self.new_message(body)]
        if body.again and creates:
            raise Invalid("is missing: what is to be answered again?", "conversationId")
        return Question(
            thread=thread,
            messages=said,
            answer_id=self.answer_id(thread, said),
            system=self.agents.system(agent),
            model=model,
            options=self.options(body, agent),
            who=who,
            creates=creates,
            course=Branched(self.branches, self.usage, thread, self.place(body), who, model),
            timeout=body.timeoutMs / 1000,
        )

    def options(self, body: ChatBody, agent: Agent | None) -> dict[str, Any]:
        """
        What the model is told besides the messages: the agent's functions, and then the caller's. Raises `Invalid`.
        """
        self.server.texts.document([body.model, body.tools], "body")
        options = {"stream_options": {"include_usage": True}, **self.agents.options(agent)}
        return {**options, "tools": [*options.get("tools", ()), *body.tools]} if body.tools else options

    def check_names(self, body: ChatBody) -> None:
        """
        Raises `Invalid` for what can be no id.
        """
        for name in ("agentId", "parentMessageId", "messageId"):
            if getattr(body, name) is not None:
                self.server.texts.identifier(getattr(body, name), name)

    def conversation(self, who: Principal, body: ChatBody) -> tuple[str, bool]:
        """
        The conversation, and whether it may be made.

        One that is given is there or missing. A client's own name for its chat is no name of ours: it stands for a
        conversation of this user, so that nobody meets another's by choosing the same.
        """
        texts = self.server.texts
        if body.conversationId is not None:
            return texts.identifier(body.conversationId, "conversationId"), False
        if body.id is None or body.messages is None:
            return PREFIX + uuid.uuid4().hex, True
        name = texts.identifier(body.id, "id")
        if name.startswith(PREFIX):
            return name, False
        mine = uuid.uuid5(uuid.NAMESPACE_OID, "\0".join((who.tenant, who.user, name)))
        return PREFIX + mine.hex, not body.again

    def new_message(self, body: ChatBody) -> NewMessage:
        """
        Raises `Invalid`.
        """
        texts, new = self.server.texts, body.new_message()
        field = "message" if body.message is not None else "messages"
        name = texts.identifier(new.id, "messages.id") if new.id is not None else None
        return NewMessage("user", texts.question(new.text(), field), name)

    def answer_id(self, thread: str, said: Sequence[NewMessage]) -> str:
        """
        The answer to a question that has an id has always the same: whoever asks twice is answered once.
        """
        asked = said[0].external_id if said else None
        name = uuid.uuid4() if asked is None else uuid.uuid5(uuid.NAMESPACE_OID, f"{thread}\0{asked}")
        return f"msg-{name.hex}"

    def place(self, body: ChatBody) -> Branching:
        if body.again:
            return Branching(again=True, of=body.messageId or body.parentMessageId, keep=body.branch)
        return Branching(after=body.parentMessageId)

    def stream(self, protocol: str | None, body: ChatBody, heading: Heading) -> DataStream | UiStream:
        """
        What the caller can read: as the header says, or as the body's shape shows.
        """
        modern = body.modern if protocol is None else protocol == PROTOCOL
        return self.server.parts.ui_stream(heading) if modern else self.server.parts.data_stream(heading)

    async def whole(self, running: Running, heading: Heading) -> dict[str, Any]:
        """
        The answer in one piece. Raises what went wrong.
        """
        texts: list[str] = []
        ended: Ended | None = None
        async for event in running.events():
            if isinstance(event, CoreError):
                raise event
            if isinstance(event, Ended):
                ended = event
            else:
                texts.append(event.text)
        message = ended.message if ended else None
        shown = self.answer(message) if message else {"role": "assistant", "content": "".join(texts)}
        finish = ended.finish if ended else None
        return {
            "conversationId": heading.conversation,
            "message": {**shown, "id": heading.message},
            "finishReason": finish,
        }

    def answer(self, one: Message) -> dict[str, Any]:
        """
        An answer by itself: its place in the conversation is told with the conversation.
        """
        places = ("parentMessageId", "active")
        return {name: value for name, value in self.message(one, {}).items() if name not in places}

    # -- conversations

    def thread(self, one: Thread) -> dict[str, Any]:
        return {
            "id": one.id,
            "title": one.title or self.server.titles.default(),
            "userId": one.owner,
            "messageCount": one.message_count,
            "lastMessageAt": self.time(one.last_message_at) if one.last_message_at else None,
            "lastMessage": one.last_answer,
            "archived": one.archived,
            "shared": one.shared,
            "createdAt": self.time(one.created_at),
            "updatedAt": self.time(one.updated_at),
        }

    def page(self, name: str, items: Sequence[Any], total: int, offset: int) -> dict[str, Any]:
        return {name: list(items), "total": total, "hasMore": offset + len(items) < total}

    def detail(self, thread: Thread, stored: Sequence[Message], limit: int, offset: int, used: Used) -> dict[str, Any]:
        """
        A conversation with a page of its messages, the newest first.
        """
        names = {one.id: one.public_id for one in stored}
        shown = [self.message(one, names) for one in stored[::-1][offset : offset + limit]]
        return {**self.thread(thread), "usage": self.used(used), **self.page("messages", shown, len(stored), offset)}

    def message(self, one: Message, names: Mapping[str, str]) -> dict[str, Any]:
        return {
            "id": one.public_id,
            "role": one.role,
            "content": one.content,
            "toolCalls": one.tool_calls,
            "parentMessageId": names.get(one.parent_id) if one.parent_id else None,
            "active": one.active,
            "model": one.model,
            "finishReason": one.finish_reason,
            "promptTokens": one.prompt_tokens,
            "completionTokens": one.completion_tokens,
            "totalTokens": one.total_tokens,
            "createdAt": self.time(one.created_at),
        }

    def found(self, one: Found, words: str) -> dict[str, Any]:
        hits = [
            {"id": hit.public_id, "role": hit.role, "snippet": self.search.snippet(hit.content or "", words)}
            for hit in one.messages
        ]
        return {**self.thread(one.thread), "matches": hits}

    def time(self, time: datetime) -> str:
        return time.isoformat(timespec="microseconds")

    def form(self, name: str) -> str:
        """
        A form of document that can be made. Raises `Invalid`.
        """
        if name not in ("json", "markdown", "pdf"):
            raise Invalid("must be json, markdown or pdf", "format")
        return name

    # -- agents and usage

    def agent(self, one: Agent) -> dict[str, Any]:
        ours = {theirs: name for name, theirs in NAMES.items()}
        return {
            "id": one.id,
            "name": one.name,
            "description": one.description,
            "systemPrompt": one.system_prompt,
            "tools": one.tools or [],
            "model": one.model,
            "parameters": {ours.get(name, name): value for name, value in (one.parameters or {}).items()},
            "createdAt": self.time(one.created_at),
        }

    def agent_values(self, body: AgentChanges) -> dict[str, Any]:
        """
        The columns that a body names. Raises `Invalid`.
        """
        given = {name: getattr(body, name) for name in body.model_fields_set}
        if given.get("name", "") is None:
            raise Invalid("must not be null", "name")
        if isinstance(parameters := given.get("parameters"), Parameters):
            said = parameters.model_dump(exclude_none=True)
            given["parameters"] = {NAMES.get(name, name): value for name, value in said.items()}
        if "systemPrompt" in given:
            given["system_prompt"] = given.pop("systemPrompt")
        for name, value in given.items():
            self.server.texts.document(value, name)
        return given

    def used(self, used: Used) -> dict[str, Any]:
        values = asdict(used)
        names = {
            "prompt_tokens": "promptTokens",
            "completion_tokens": "completionTokens",
            "total_tokens": "totalTokens",
        }
        return {names.get(name, name): value for name, value in values.items()}

    # -- errors

    def error(self, error: CoreError, more: Mapping[str, str] = MappingProxyType({})) -> Response:
        message = f"{error.field}: {error}" if isinstance(error, Invalid) and error.field else str(error)
        if isinstance(error, Forbidden):
            message = self.unknown_conversation()
        return JSONResponse(self.problem(self.code(error), message), self.status(error), {**headers_of(error), **more})

    def status(self, error: CoreError) -> int:
        return STATUS.get(type(error)) or status_of(error)

    def unknown_conversation(self) -> str:
        """
        Somebody else's conversation is as unknown as one that never was.
        """
        return "there is no thread with this id"

    def code(self, error: CoreError) -> str:
        return CODES.get(type(error), "invalid_request")

    def problem(self, code: str, message: str) -> dict[str, Any]:
        return {"error": {"code": code, "message": message}}

    def no_route(self, detail: str) -> dict[str, Any]:
        return self.problem(detail.lower().replace(" ", "_"), detail)

    def crash(self) -> dict[str, Any]:
        return self.problem("internal_error", "Internal Server Error")

    def validation(self, errors: list[Any]) -> Response:
        """
        What pydantic found first, without echoing what was sent.
        """
        place = ".".join(str(part) for part in errors[0]["loc"][1:])
        message = f"{place}: {errors[0]['msg']}" if place else errors[0]["msg"]
        return JSONResponse(self.problem("invalid_request", message), 400)
