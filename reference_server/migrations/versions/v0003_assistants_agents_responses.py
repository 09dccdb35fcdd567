"""
Assistants with their runs, agents with what they used, responses.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ACTIVE = sa.text("status IN ('queued', 'in_progress', 'requires_action', 'cancelling')")


def upgrade() -> None:
    _assistants()
    _runs()
    _agents()
    _responses()


def _moments(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True)) for name in names]


def _documents(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON) for name in names]


def _created() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime(timezone=True), nullable=False)


def _assistants() -> None:
    op.create_table(
        "assistants",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("owner", sa.String),
        _created(),
        sa.Column("name", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("instructions", sa.Text),
        *_documents("tools", "tool_resources", "metadata", "settings"),
    )
    op.create_index("assistants_by_owner", "assistants", ["owner", "created_at"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("thread_id", sa.String, sa.ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
        sa.Column("assistant_id", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("instructions", sa.Text),
        *_documents("tools", "metadata", "settings", "required_action", "last_error", "incomplete_details", "usage"),
        _created(),
        *_moments("started_at", "expires_at", "cancelled_at", "failed_at", "completed_at"),
    )
    op.create_index("runs_by_thread", "runs", ["thread_id", "created_at"])
    op.create_index("runs_one_active", "runs", ["thread_id"], unique=True, postgresql_where=ACTIVE, sqlite_where=ACTIVE)
    op.create_table(
        "run_steps",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("run_id", sa.String, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("thread_id", sa.String, nullable=False),
        sa.Column("assistant_id", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        *_documents("details", "last_error", "usage"),
        _created(),
        *_moments("completed_at", "failed_at", "cancelled_at"),
    )
    op.create_index("run_steps_by_run", "run_steps", ["run_id", "created_at"])


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("system_prompt", sa.Text),
        sa.Column("tools", sa.JSON),
        sa.Column("model", sa.String),
        sa.Column("parameters", sa.JSON),
        _created(),
    )
    op.create_index("agents_by_tenant", "agents", ["tenant", "created_at"])
    op.create_table(
        "usage",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String),
        sa.Column("owner", sa.String),
        sa.Column("thread_id", sa.String, nullable=False),
        sa.Column("message_id", sa.String),
        sa.Column("model", sa.String),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("completion_tokens", sa.Integer),
        sa.Column("total_tokens", sa.Integer),
        sa.Column("cost", sa.Float),
        sa.Column("day", sa.String, nullable=False),
        _created(),
    )
    op.create_index("usage_by_tenant", "usage", ["tenant", "day"])
    op.create_index("usage_by_thread", "usage", ["thread_id"])


def _responses() -> None:
    op.create_table(
        "responses",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("owner", sa.String),
        sa.Column("conversation_id", sa.String),
        sa.Column("previous_id", sa.String),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("instructions", sa.Text),
        *_documents("input", "output", "usage", "error", "incomplete_details", "metadata", "settings"),
        _created(),
        *_moments("completed_at"),
    )
    op.create_index("responses_by_conversation", "responses", ["conversation_id"])


def downgrade() -> None:
    for table in ("responses", "usage", "agents", "run_steps", "runs", "assistants"):
        op.drop_table(table)
