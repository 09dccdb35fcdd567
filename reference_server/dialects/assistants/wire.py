"""
How the Assistants API writes things: its objects, its lists, its errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from reference_server.core.assistants import Assistant
from reference_server.core.errors import CoreError, Forbidden, Invalid, NotFound
from reference_server.core.ids import new_id
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.run_records import Run, Step
from reference_server.dialects.assistants.bodies import MessageBody, ThreadBody
from reference_server.dialects.envelope import Enveloped

if TYPE_CHECKING:
    from reference_server.assembly import Server

__all__ = ["SETTINGS", "AssistantsWire", "MalformedId"]

INCOMPLETE: Final = {"length": "max_tokens", "content_filter": "content_filter"}
SETTINGS: Final = (
    *("temperature", "top_p", "max_prompt_tokens", "max_completion_tokens", "truncation_strategy", "tool_choice"),
    *("parallel_tool_calls", "response_format"),
)


class MalformedId(Invalid):
    """
    An id that cannot be a thread's.
    """


class AssistantsWire(Enveloped):
    """
    How this dialect writes things.
    """

    media_type = "text/event-stream"
    description: str | None = "/openapi.json"
    origins: tuple[str, ...] = ("*",)

    def __init__(self, server: Server) -> None:
        self.server = server

    # -- requests

    def new_message(self, body: MessageBody) -> NewMessage:
        """
        A message to be stored: its texts joined, and its parts as they came where that says more. Raises `Invalid`.
        """
        raw = body.model_dump(exclude_unset=True)
        self.server.texts.document(raw, "messages")
        parts = raw["content"] if isinstance(raw["content"], list) else None
        text = raw["content"] if parts is None else "".join(one.get("text", "") for one in parts)
        if parts is None or all(one["type"] == "text" for one in parts):
            self.server.texts.question(text, "content")
        kept = {"content": parts, "attachments": raw.get("attachments")}
        return NewMessage(
            role=body.role,
            content=text,
            external_id=new_id("msg"),
            metadata=body.metadata or {},
            parts=kept if any(kept.values()) else None,
        )

    def new_thread(self, body: ThreadBody, who: Principal) -> NewThread:
        """
        A thread to be made. Raises `Invalid`.
        """
        self.server.texts.document([body.metadata, body.tool_resources], "body")
        return NewThread(
            id=new_id("thread"),
            metadata=body.metadata or {},
            owner=who.user,
            tenant=who.tenant,
            tool_resources=body.tool_resources,
        )

    def values(self, body: BaseModel, names: Sequence[str]) -> dict[str, Any]:
        """
        What a body says of these, and not what it leaves out. Raises `Invalid`.
        """
        said = body.model_dump(include=body.model_fields_set & set(names))
        self.server.texts.document(said, "body")
        return said

    def metadata(self, values: dict[str, str] | None) -> dict[str, str]:
        self.server.texts.document(values, "metadata")
        return values or {}

    @contextmanager
    def thread_named(self, thread_id: str) -> Iterator[None]:
        """
        Somebody else's thread is as unknown as none: word for word.
        """
        try:
            yield
        except Forbidden:
            raise self.no_thread(thread_id) from None
        except NotFound as error:
            raise (self.no_thread(thread_id) if error.what == "thread" else error) from None

    @contextmanager
    def message_named(self, message_id: str) -> Iterator[None]:
        try:
            yield
        except NotFound as error:
            raise (error if error.what == "thread" else self.no_message(message_id)) from None

    def no_message(self, message_id: str) -> CoreError:
        return NotFound(f"No message found with id '{message_id}'.")

    def no_thread(self, thread_id: str) -> CoreError:
        return NotFound(f"No thread found with id '{thread_id}'.")

    def visible(self, stored: Sequence[Message]) -> list[Message]:
        """
        Calls of functions and their results are part of the conversation and of no list.
        """
        return [one for one in stored if one.role != "tool" and one.content is not None]

    def of_run(self, stored: Sequence[Message], run_id: str | None) -> list[Message]:
        """
        Those of one run, if one is asked for.
        """
        return [one for one in stored if run_id in (None, one.run_id)]

    # -- objects

    def time(self, moment: datetime | None) -> int | None:
        return None if moment is None else int(moment.timestamp())

    def assistant(self, one: Assistant) -> dict[str, Any]:
        settings = {"temperature": 1.0, "top_p": 1.0, "response_format": "auto", **one.settings}
        return {
            "id": one.id,
            "object": "assistant",
            "created_at": self.time(one.created_at),
            "name": one.name,
            "description": one.description,
            "model": one.model,
            "instructions": one.instructions,
            "tools": one.tools,
            "tool_resources": one.tool_resources,
            "metadata": one.metadata,
            **{name: settings[name] for name in ("temperature", "top_p", "response_format")},
        }

    def thread(self, one: Thread) -> dict[str, Any]:
        return {
            "id": one.id,
            "object": "thread",
            "created_at": self.time(one.created_at),
            "metadata": one.metadata or {},
            "tool_resources": one.tool_resources or {},
        }

    def message(self, one: Message) -> dict[str, Any]:
        status = one.status or "completed"
        done = "completed_at" if status == "completed" else "incomplete_at"
        reason = INCOMPLETE.get(one.finish_reason or "")
        return {
            "id": one.public_id,
            "object": "thread.message",
            "created_at": self.time(one.created_at),
            "thread_id": one.thread_id,
            "status": status,
            "incomplete_details": {"reason": reason} if status == "incomplete" else None,
            "completed_at": None,
            "incomplete_at": None,
            done: self.time(one.created_at),
            "role": one.role,
            "content": self.content(one),
            "assistant_id": one.assistant_id,
            "run_id": one.run_id,
            "attachments": (one.parts or {}).get("attachments") or [],
            "metadata": (one.metadata or {}) if one.run_id is None else self.own_metadata(one.metadata),
        }

    def own_metadata(self, metadata: Any) -> dict[str, Any]:
        """
        An answer's metadata without what the server keeps there for itself.
        """
        return {name: value for name, value in (metadata or {}).items() if name != "finish_reason"}

    def content(self, one: Message) -> list[dict[str, Any]]:
        parts = (one.parts or {}).get("content")
        if not parts:
            return [self.text(one.content or "")]
        return [self.text(part["text"]) if part["type"] == "text" else part for part in parts]

    def text(self, value: str) -> dict[str, Any]:
        return {"type": "text", "text": {"value": value, "annotations": []}}

    def run(self, one: Run) -> dict[str, Any]:
        return {
            "id": one.id,
            "object": "thread.run",
            "created_at": self.time(one.created_at),
            "thread_id": one.thread_id,
            "assistant_id": one.assistant_id,
            "status": one.status,
            "required_action": one.required_action,
            "last_error": one.last_error,
            "expires_at": self.time(one.expires_at) if one.active else None,
            "started_at": self.time(one.started_at),
            "cancelled_at": self.time(one.cancelled_at),
            "failed_at": self.time(one.failed_at),
            "completed_at": self.time(one.completed_at),
            "incomplete_details": one.incomplete_details,
            "model": one.model,
            "instructions": one.instructions or "",
            "tools": one.tools,
            "metadata": one.metadata,
            "usage": one.usage,
            **self.settings(one),
        }

    def settings(self, one: Run) -> dict[str, Any]:
        usual = {
            "temperature": 1.0,
            "top_p": 1.0,
            "max_prompt_tokens": None,
            "max_completion_tokens": None,
            "truncation_strategy": {"type": "auto", "last_messages": None},
            "tool_choice": "auto",
            "parallel_tool_calls": True,
            "response_format": "auto",
        }
        return {**usual, **{name: value for name, value in one.settings.items() if value is not None}}

    def step(self, one: Step) -> dict[str, Any]:
        return {
            "id": one.id,
            "object": "thread.run.step",
            "created_at": self.time(one.created_at),
            "run_id": one.run_id,
            "assistant_id": one.assistant_id,
            "thread_id": one.thread_id,
            "type": one.type,
            "status": one.status,
            "cancelled_at": self.time(one.cancelled_at),
            "completed_at": self.time(one.completed_at),
            "expired_at": None,
            "failed_at": self.time(one.failed_at),
            "last_error": one.last_error,
            "step_details": one.details,
            "usage": one.usage,
            "metadata": {},
        }

    def deleted(self, name: str, kind: str) -> dict[str, Any]:
        return {"id": name, "object": f"{kind}.deleted", "deleted": True}

    # -- errors

    def envelope(self, error: CoreError) -> dict[str, Any]:
        if isinstance(error, MalformedId):
            return self.openai_error(str(error), param=error.field, code="invalid_value")
        return super().envelope(error)
