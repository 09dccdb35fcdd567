"""
The schema's history. `upgrade` brings a database to the newest; Alembic's own command line is not needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect

__all__ = ["upgrade"]

BEFORE_MIGRATIONS: Final = "0001"  # the schema of servers that made their tables without any


def upgrade(connection: Connection) -> None:
    """
    Bring the schema up to date, inside the caller's transaction. Of several servers that start at once, one does it.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(726184)")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    tables = inspect(connection).get_table_names()
    if "threads" in tables and "alembic_version" not in tables:
        command.stamp(config, BEFORE_MIGRATIONS)
    command.upgrade(config, "head")
