"""
The tables, for every dialect the same.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import JSON, Boolean, Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

__all__ = ["MESSAGE_COLUMNS", "messages", "schema", "threads"]

schema: Final = MetaData()

threads: Final = Table(
    "threads",
    schema,
    Column("id", String, primary_key=True),
    Column("title", Text),
    Column("title_is_default", Boolean, nullable=False, default=True),
    Column("system_message", Text),
    Column("metadata", JSON),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("next_seq", Integer, nullable=False, default=0),
    Index("threads_by_activity", "updated_at"),
)

messages: Final = Table(
    "messages",
    schema,
    Column("id", String, primary_key=True),
    Column("thread_id", String, ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("role", String, nullable=False),
    Column("content", Text),
    Column("name", String),
    Column("tool_calls", JSON(none_as_null=True)),
    Column("tool_call_id", String),
    Column("metadata", JSON(none_as_null=True)),
    Column("external_id", String),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Unique("thread_id", "seq"),
    Unique("thread_id", "external_id"),
)

MESSAGE_COLUMNS: Final[tuple[Column[Any], ...]] = tuple(messages.c)
