"""
Small things that several defects do.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete

from reference_server.core.tables import messages

__all__ = ["remove_message"]


def remove_message(connection: Connection, message_id: str) -> None:
    connection.execute(delete(messages).where(messages.c.id == message_id))
