"""
Assistants: what a run answers as: a model, instructions, tools.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from reference_server.core.database import Database
from reference_server.core.errors import NotFound
from reference_server.core.ids import new_id
from reference_server.core.people import Principal
from reference_server.core.store import Store
from reference_server.core.tables import assistants

__all__ = ["Assistant", "Assistants"]


@dataclass(frozen=True, slots=True)
class Assistant:
    """
    One assistant. `settings` are the options of its runs that are passed on to the model.
    """

    id: str
    owner: str | None
    created_at: datetime
    model: str
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool_resources: Any = None
    metadata: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


class Assistants:
    """
    What a dialect's routes call. Another caller's assistant is as unknown as none.
    """

    def __init__(self, database: Database, store: Store) -> None:
        self.database = database
        self.store = store

    async def create(self, values: dict[str, Any], who: Principal | None) -> Assistant:
        made = {"id": new_id("asst"), "owner": self.owner(who), "created_at": self.store.now()}
        return await self.database.run(lambda held: self.created(held, {**values, **made}), write=True)

    def created(self, connection: Connection, row: dict[str, Any]) -> Assistant:
        connection.execute(insert(assistants).values(row))
        return Assistant(**row)

    async def get(self, assistant_id: str, who: Principal | None) -> Assistant:
        return await self.database.run(lambda held: self.found(held, assistant_id, who), write=False)

    def found(self, connection: Connection, assistant_id: str, who: Principal | None) -> Assistant:
        """
        Raises `NotFound`.
        """
        row = connection.execute(self.select(who).where(assistants.c.id == assistant_id)).first()
        if row is None:
            raise NotFound(f"No assistant found with id '{assistant_id}'.")
        return self.as_assistant(row)

    async def all(self, who: Principal | None) -> list[Assistant]:
        """
        The caller's, oldest first.
        """
        return await self.database.run(lambda held: self.listed(held, who), write=False)

    def listed(self, connection: Connection, who: Principal | None) -> list[Assistant]:
        rows = connection.execute(self.select(who).order_by(assistants.c.created_at, assistants.c.id))
        return [self.as_assistant(row) for row in rows]

    async def change(self, assistant_id: str, changes: dict[str, Any], who: Principal | None) -> Assistant:
        """
        Change the named fields and no others.
        """
        return await self.database.run(lambda held: self.changed(held, assistant_id, changes, who), write=True)

    def changed(
        self, connection: Connection, assistant_id: str, changes: dict[str, Any], who: Principal | None
    ) -> Assistant:
        before = self.found(connection, assistant_id, who)
        settings = {**before.settings, **changes.get("settings", {})}
        mine = assistants.c.id == assistant_id
        connection.execute(update(assistants).where(mine).values({**changes, "settings": settings}))
        return self.found(connection, assistant_id, who)

    async def delete(self, assistant_id: str, who: Principal | None) -> None:
        """
        Its threads and runs stay: they are not the assistant's.
        """
        await self.database.run(lambda held: self.removed(held, assistant_id, who), write=True)

    def removed(self, connection: Connection, assistant_id: str, who: Principal | None) -> None:
        self.found(connection, assistant_id, who)
        connection.execute(delete(assistants).where(assistants.c.id == assistant_id))

    def owner(self, who: Principal | None) -> str | None:
        return None if who is None else f"{who.tenant}/{who.user}"

    def select(self, who: Principal | None) -> Select[Any]:
        owner = self.owner(who)
        return select(assistants) if owner is None else select(assistants).where(assistants.c.owner == owner)

    def as_assistant(self, row: Row[Any]) -> Assistant:
        values = {name: row._mapping[name] for name in _FIELDS}
        time = values["created_at"]
        values["created_at"] = time.replace(tzinfo=UTC) if time.tzinfo is None else time
        return Assistant(**values)


_FIELDS: Final = tuple(one.name for one in fields(Assistant))
