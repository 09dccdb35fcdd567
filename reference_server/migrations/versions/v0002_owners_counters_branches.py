"""
Whose a thread is, what is counted in it, the turn under way; what a message cost, and which one it answers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _threads() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("owner", sa.String),
        sa.Column("tenant", sa.String),
        sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("message_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("last_message_at", sa.DateTime(timezone=True)),
        sa.Column("last_answer", sa.Text),
        sa.Column("tool_resources", sa.JSON),
        sa.Column("busy_by", sa.String),
        sa.Column("busy_until", sa.DateTime(timezone=True)),
    )


def _messages() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("parts", sa.JSON),
        sa.Column("status", sa.String),
        sa.Column("parent_id", sa.String),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("run_id", sa.String),
        sa.Column("assistant_id", sa.String),
        sa.Column("model", sa.String),
        sa.Column("finish_reason", sa.String),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("completion_tokens", sa.Integer),
        sa.Column("total_tokens", sa.Integer),
    )


def upgrade() -> None:
    for column in _threads():
        op.add_column("threads", column)
    for column in _messages():
        op.add_column("messages", column)
    op.create_index("threads_by_owner_and_activity", "threads", ["owner", "updated_at"])
    op.create_index("threads_by_tenant_and_activity", "threads", ["tenant", "owner", "last_message_at"])
    op.create_index("messages_by_run", "messages", ["run_id"])
    op.create_table(
        "calls",
        sa.Column("caller", sa.String, primary_key=True),
        sa.Column("minute", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.Integer, nullable=False),
    )
    # What the counters say of threads that are older than they.
    op.execute("UPDATE threads SET message_count = (SELECT count(*) FROM messages WHERE thread_id = threads.id)")
    op.execute(
        "UPDATE threads SET last_message_at = (SELECT max(created_at) FROM messages WHERE thread_id = threads.id)"
    )


def downgrade() -> None:
    op.drop_table("calls")
    op.drop_index("messages_by_run", "messages")
    op.drop_index("threads_by_tenant_and_activity", "threads")
    op.drop_index("threads_by_owner_and_activity", "threads")
    for column in _messages():
        op.drop_column("messages", column.name)
    for column in _threads():
        op.drop_column("threads", column.name)
