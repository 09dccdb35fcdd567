"""
The tables, for every dialect the same. `reference_server/migrations` makes them; a test holds the two together.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy import UniqueConstraint as Unique

from reference_server.core.records import Thread

__all__ = [
    "MESSAGE_COLUMNS",
    "THREAD_COLUMNS",
    "agents",
    "assistants",
    "calls",
    "messages",
    "responses",
    "run_steps",
    "runs",
    "schema",
    "threads",
    "usage",
]

schema: Final = MetaData()


def _document(name: str) -> Column[Any]:
    return Column(name, JSON(none_as_null=True))


def _moment(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


threads: Final = Table(
    "threads",
    schema,
    Column("id", String, primary_key=True),
    Column("title", Text),
    Column("title_is_default", Boolean, nullable=False, default=True),
    Column("system_message", Text),
    Column("metadata", JSON),
    _moment("created_at", nullable=False),
    _moment("updated_at", nullable=False),
    Column("next_seq", Integer, nullable=False, default=0),
    # whose it is
    Column("owner", String),
    Column("tenant", String),
    Column("shared", Boolean, nullable=False, default=False, server_default=false()),
    # put away, and put away for good: hidden until nobody needs the row
    Column("archived", Boolean, nullable=False, default=False, server_default=false()),
    _moment("deleted_at"),
    # counted as messages come and go
    Column("message_count", Integer, nullable=False, default=0, server_default=text("0")),
    _moment("last_message_at"),
    Column("last_answer", Text),
    _document("tool_resources"),
    # the turn under way: which one, and until when it counts as alive
    Column("busy_by", String),
    _moment("busy_until"),
    Index("threads_by_activity", "updated_at"),
    Index("threads_by_owner_and_activity", "owner", "updated_at"),
    Index("threads_by_tenant_and_activity", "tenant", "owner", "last_message_at"),
)

THREAD_COLUMNS: Final[tuple[Column[Any], ...]] = tuple(threads.c[name] for name in Thread._fields)

messages: Final = Table(
    "messages",
    schema,
    Column("id", String, primary_key=True),
    Column("thread_id", String, ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("role", String, nullable=False),
    Column("content", Text),
    Column("name", String),
    _document("tool_calls"),
    Column("tool_call_id", String),
    _document("metadata"),
    Column("external_id", String),
    # the content as it came, where it is more than one text
    _document("parts"),
    Column("status", String),
    # the message that this one answers; of several answers, the one that the conversation goes on with is `active`
    Column("parent_id", String),
    Column("active", Boolean, nullable=False, default=True, server_default=text("true")),
    Column("run_id", String),
    Column("assistant_id", String),
    Column("model", String),
    Column("finish_reason", String),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("total_tokens", Integer),
    _moment("created_at", nullable=False),
    Unique("thread_id", "seq"),  # the index of the list and of the recall
    Unique("thread_id", "external_id"),
    Index("messages_by_run", "run_id"),
)

MESSAGE_COLUMNS: Final[tuple[Column[Any], ...]] = tuple(messages.c)

assistants: Final = Table(
    "assistants",
    schema,
    Column("id", String, primary_key=True),
    Column("owner", String),
    _moment("created_at", nullable=False),
    Column("name", Text),
    Column("description", Text),
    Column("model", String, nullable=False),
    Column("instructions", Text),
    _document("tools"),
    _document("tool_resources"),
    _document("metadata"),
    _document("settings"),
    Index("assistants_by_owner", "owner", "created_at"),
)

ACTIVE_RUNS: Final = "status IN ('queued', 'in_progress', 'requires_action', 'cancelling')"

runs: Final = Table(
    "runs",
    schema,
    Column("id", String, primary_key=True),
    Column("thread_id", String, ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    Column("assistant_id", String, nullable=False),
    Column("status", String, nullable=False),
    Column("model", String, nullable=False),
    Column("instructions", Text),
    _document("tools"),
    _document("metadata"),
    _document("settings"),
    _document("required_action"),
    _document("last_error"),
    _document("incomplete_details"),
    _document("usage"),
    _moment("created_at", nullable=False),
    _moment("started_at"),
    _moment("expires_at"),
    _moment("cancelled_at"),
    _moment("failed_at"),
    _moment("completed_at"),
    Index("runs_by_thread", "thread_id", "created_at"),
    # the lock of a thread: at most one active run, whichever process it is in
    Index(
        "runs_one_active",
        "thread_id",
        unique=True,
        postgresql_where=text(ACTIVE_RUNS),
        sqlite_where=text(ACTIVE_RUNS),
    ),
)

run_steps: Final = Table(
    "run_steps",
    schema,
    Column("id", String, primary_key=True),
    Column("run_id", String, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("thread_id", String, nullable=False),
    Column("assistant_id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("status", String, nullable=False),
    _document("details"),
    _document("last_error"),
    _document("usage"),
    _moment("created_at", nullable=False),
    _moment("completed_at"),
    _moment("failed_at"),
    _moment("cancelled_at"),
    Index("run_steps_by_run", "run_id", "created_at"),
)

agents: Final = Table(
    "agents",
    schema,
    Column("id", String, primary_key=True),
    Column("tenant", String),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("system_prompt", Text),
    _document("tools"),
    Column("model", String),
    _document("parameters"),
    _moment("created_at", nullable=False),
    Index("agents_by_tenant", "tenant", "created_at"),
)

usage: Final = Table(
    "usage",
    schema,
    Column("id", String, primary_key=True),
    Column("tenant", String),
    Column("owner", String),
    Column("thread_id", String, nullable=False),
    Column("message_id", String),
    Column("model", String),
    # unknown is NULL, never 0
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("total_tokens", Integer),
    Column("cost", Float),
    Column("day", String, nullable=False),
    _moment("created_at", nullable=False),
    Index("usage_by_tenant", "tenant", "day"),
    Index("usage_by_thread", "thread_id"),
)

responses: Final = Table(
    "responses",
    schema,
    Column("id", String, primary_key=True),
    Column("owner", String),
    Column("conversation_id", String),
    Column("previous_id", String),
    Column("status", String, nullable=False),
    Column("model", String, nullable=False),
    Column("instructions", Text),
    _document("input"),
    _document("output"),
    _document("usage"),
    _document("error"),
    _document("incomplete_details"),
    _document("metadata"),
    _document("settings"),
    _moment("created_at", nullable=False),
    _moment("completed_at"),
    Index("responses_by_conversation", "conversation_id"),
)

calls: Final = Table(
    "calls",
    schema,
    Column("caller", String, primary_key=True),
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
)
