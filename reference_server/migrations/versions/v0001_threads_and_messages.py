"""
Threads and their messages.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "threads",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("title", sa.Text),
        sa.Column("title_is_default", sa.Boolean, nullable=False),
        sa.Column("system_message", sa.Text),
        sa.Column("metadata", sa.JSON),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_seq", sa.Integer, nullable=False),
    )
    op.create_index("threads_by_activity", "threads", ["updated_at"])
    op.create_table(
        "messages",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("thread_id", sa.String, sa.ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("content", sa.Text),
        sa.Column("name", sa.String),
        sa.Column("tool_calls", sa.JSON),
        sa.Column("tool_call_id", sa.String),
        sa.Column("metadata", sa.JSON),
        sa.Column("external_id", sa.String),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("thread_id", "seq"),
        sa.UniqueConstraint("thread_id", "external_id"),
    )


def downgrade() -> None:
    op.drop_table("messages")
    op.drop_table("threads")
