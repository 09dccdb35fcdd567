"""
Where Alembic finds the database: it is handed a connection, with its transaction.
"""

from __future__ import annotations

from alembic import context

from reference_server.core.tables import schema

context.configure(connection=context.config.attributes["connection"], target_metadata=schema)
context.run_migrations()
