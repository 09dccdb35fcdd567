"""
The columns of the two canonical tables, whatever the server's own look like.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

__all__ = ["COLUMNS", "NUMBERS", "REQUIRED", "TableName"]

TableName = Literal["threads", "messages"]

COLUMNS: Final[Mapping[TableName, tuple[str, ...]]] = {
    "threads": (
        "id",
        "title",
        "created_at",
        "updated_at",
        "metadata",
        "owner",
        "tenant",
        "archived",
        "message_count",
    ),
    "messages": (
        "position",
        "id",
        "thread_id",
        "role",
        "text",
        "external_id",
        "name",
        "tool_calls",
        "tool_call_id",
        "metadata",
        "created_at",
        "parent_id",
        "status",
        "finish_reason",
        "model",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
    ),
}

REQUIRED: Final[Mapping[TableName, tuple[str, ...]]] = {
    "threads": ("id",),
    "messages": ("thread_id", "role", "text"),
}

NUMBERS: Final = frozenset(
    {"position", "archived", "message_count", "prompt_tokens", "completion_tokens", "total_tokens"}
)
"""
Whole numbers or NULL; every other column is text. `archived` is 0 or 1.
"""
