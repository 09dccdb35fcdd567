"""
How this dialect writes things.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from reference_server.core.errors import Busy, CoreError, Forbidden, Invalid, NotFound, UpstreamFailed
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, Thread
from reference_server.core.responding import Asking, Responded, new_id, responding_as
from reference_server.core.responses import Response
from reference_server.core.turns import Ended, Event, Running
from reference_server.dialects.conversations.bodies import ResponseBody, metadata, options, settings
from reference_server.dialects.conversations.items import item, new_items
from reference_server.dialects.conversations.stream import Writer
from reference_server.dialects.envelope import Enveloped

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["ConversationsWire"]

LONGEST_PAGE: Final = 100
MOST_ITEMS: Final = 20
LOCKED: Final = "Another process is currently operating on this conversation. Please retry in a few seconds."
EXCLUSIVE: Final = "Only one of 'conversation' and 'previous_response_id' can be given."


class ConversationsWire(Enveloped):
    """
    Bodies in and out, events, errors.
    """

    media_type = "text/event-stream"
    writer: type[Writer] = Writer

    def __init__(self, server: Server) -> None:
        self.server = server
        self.items = server.parts.items(server.database, server.turns.store, server.threads)
        self.responding = responding_as(server.parts.responding, server.turns)

    # -- requests

    def question(self, body: ResponseBody, who: Principal) -> Asking:
        """
        A turn from its body. Raises `Invalid`.
        """
        self.check(body)
        texts, name = self.server.texts, self.response_id()
        if body.instructions is not None:
            texts.storable(body.instructions, "instructions")
        wishes = settings(body)
        texts.document([body.model, wishes], "body")
        return Asking(
            body.conversation_id or name,
            self.new_items(body.input or [], "input"),
            None,
            self.instructions(body),
            body.model,
            options(body),
            who,
            creates=False,
            waits=False,
            id=name,
            previous=body.previous_response_id,
            keeps=self.keeps(body),
            metadata=self.metadata(body.metadata),
            settings=wishes,
        )

    def check(self, body: ResponseBody) -> None:
        """
        Raises `Invalid` for what this server does not do.
        """
        if body.conversation_id is not None and body.previous_response_id is not None:
            raise Invalid(EXCLUSIVE)
        if body.input in (None, []) and body.conversation_id is None and body.previous_response_id is None:
            raise Invalid("must not be empty", "input")
        for field in ("background", "prompt"):
            if getattr(body, field):
                raise Invalid("is not supported", field)

    def response_id(self) -> str:
        return new_id("resp")

    def instructions(self, body: ResponseBody) -> str | None:
        return body.instructions

    def keeps(self, body: ResponseBody) -> bool:
        return body.store is not False

    def new_items(self, raw: str | Sequence[Any], field: str) -> list[NewMessage]:
        return new_items(self.server.texts, raw, field)

    def batch(self, raw: Sequence[Any]) -> list[NewMessage]:
        """
        Items that come to a conversation in one request. Raises `Invalid` for too many.
        """
        if len(raw) > MOST_ITEMS:
            raise Invalid(f"must have at most {MOST_ITEMS} items", "items")
        return self.new_items(raw, "items")

    def metadata(self, value: dict[str, Any] | None) -> dict[str, str]:
        self.server.texts.document(value, "metadata")
        return metadata(value)

    # -- answers

    async def chunks(self, running: Running, question: Asking) -> AsyncIterator[bytes]:
        """
        The body of a streamed answer; a failure is its last event.
        """
        writer, begun = self.writer(question.id), self.responding.begun(question)
        for chunk in writer.begin(self.response(begun)):
            yield chunk
        async for event in running.events():
            for chunk in self.written(writer, event, begun):
                yield chunk

    def written(self, writer: Writer, event: Event, begun: Response) -> Iterator[bytes]:
        if isinstance(event, CoreError):
            return iter([self.broken(writer, event, begun)])
        if isinstance(event, Responded):
            return writer.end(self.response(event.response))
        return writer.piece(event) if not isinstance(event, Ended) else iter(())

    def broken(self, writer: Writer, error: CoreError, begun: Response) -> bytes:
        problem = {"code": "server_error", "message": str(error)}
        return writer.event("response.failed", response={**self.response(begun), "status": "failed", "error": problem})

    async def whole(self, running: Running) -> dict[str, Any]:
        """
        The answer in one piece. Raises what went wrong.
        """
        async for event in running.events():
            if isinstance(event, CoreError):
                raise event
            if isinstance(event, Responded):
                return self.response(event.response)
        raise UpstreamFailed("the turn failed")

    def response(self, one: Response) -> dict[str, Any]:
        wishes = one.settings
        return {
            "id": one.id,
            "object": "response",
            "created_at": int(one.created_at.timestamp()),
            "status": one.status,
            "background": False,
            "completed_at": int(one.completed_at.timestamp()) if one.completed_at else None,
            "error": one.error,
            "incomplete_details": one.incomplete_details,
            "instructions": one.instructions,
            "max_output_tokens": wishes.get("max_output_tokens"),
            "model": one.model,
            "output": [item(message) for message in one.output],
            "parallel_tool_calls": wishes.get("parallel_tool_calls", True),
            "previous_response_id": one.previous_id,
            "conversation": {"id": one.conversation_id} if one.conversation_id else None,
            "reasoning": wishes.get("reasoning") or {"effort": None, "summary": None},
            "temperature": wishes.get("temperature"),
            "text": wishes.get("text") or {"format": {"type": "text"}},
            "tool_choice": wishes.get("tool_choice", "auto"),
            "tools": wishes.get("tools", []),
            "top_p": wishes.get("top_p"),
            "truncation": wishes.get("truncation", "disabled"),
            "usage": self.usage(one.usage),
            "user": wishes.get("user"),
            "metadata": one.metadata or {},
        }

    def usage(self, counted: dict[str, Any] | None) -> dict[str, Any] | None:
        """
        The model's own figures under this API's names; nothing where it gave none.
        """
        if not counted:
            return None
        read = (counted.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        thought = (counted.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
        return {
            "input_tokens": counted.get("prompt_tokens"),
            "input_tokens_details": {"cached_tokens": read, "cache_write_tokens": 0},
            "output_tokens": counted.get("completion_tokens"),
            "output_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": counted.get("total_tokens"),
        }

    # -- conversations and items

    def conversation(self, one: Thread) -> dict[str, Any]:
        created = int(one.created_at.timestamp())
        return {"id": one.id, "object": "conversation", "created_at": created, "metadata": one.metadata}

    def item(self, one: Message | NewMessage) -> dict[str, Any]:
        return item(one)

    def page(self, stored: Sequence[Message | NewMessage], order: str, after: str | None, limit: int) -> dict[str, Any]:
        """
        The items behind the cursor, at most `limit`. Raises `Invalid`.
        """
        if not 1 <= limit <= LONGEST_PAGE:
            raise Invalid(f"must be from 1 to {LONGEST_PAGE}", "limit")
        ordered = list(stored if order == "asc" else reversed(stored))
        behind = ordered[self.place_after(ordered, after) :]
        return self.listed([self.item(one) for one in behind[:limit]], len(behind) > limit)

    def place_after(self, ordered: Sequence[Message | NewMessage], after: str | None) -> int:
        if after is None:
            return 0
        found = next((place for place, one in enumerate(ordered) if one.external_id == after), None)
        if found is None:
            raise Invalid("is no item of this conversation", "after")
        return found + 1

    def listed(self, data: list[dict[str, Any]], more: bool) -> dict[str, Any]:
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
        return {"object": "list", "data": data, **ends, "has_more": more}

    # -- errors

    @contextmanager
    def naming(self, what: str, name: str) -> Iterator[None]:
        """
        Says what is missing. Somebody else's is, to the letter, like one that is not there.
        """
        try:
            yield
        except (NotFound, Forbidden):
            raise NotFound(f"{what} with id '{name}' not found.") from None

    def envelope(self, error: CoreError) -> dict[str, Any]:
        if isinstance(error, Busy):
            return self.openai_error(LOCKED, param="conversation", code="conversation_locked")
        if isinstance(error, Invalid) and error.field == "previous_response_id":
            return self.openai_error(str(error), param=error.field, code="previous_response_not_found")
        if isinstance(error, Invalid) and str(error) == EXCLUSIVE:
            return self.openai_error(EXCLUSIVE, code="mutually_exclusive_parameters")
        return super().envelope(error)
