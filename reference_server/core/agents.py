"""
Agents: a system prompt, tools, a model and its parameters under a name, for all users of a tenant.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from reference_server.core.database import Database
from reference_server.core.errors import NotFound
from reference_server.core.people import Principal
from reference_server.core.tables import agents

__all__ = ["Agent", "Agents"]


@dataclass(frozen=True, slots=True)
class Agent:
    """
    One agent. `parameters` are as the model takes them.
    """

    id: str
    tenant: str | None
    name: str
    description: str | None
    system_prompt: str | None
    tools: list[dict[str, Any]] | None
    model: str | None
    parameters: dict[str, Any] | None
    created_at: datetime


class Agents:
    """
    The agents of the caller's tenant: no other tenant's can be seen, used or changed.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    async def create(self, who: Principal, values: dict[str, Any]) -> Agent:
        return await self.database.run(lambda held: self.created(held, who, values), write=True)

    def created(self, connection: Connection, who: Principal, values: dict[str, Any]) -> Agent:
        name = f"agent_{uuid.uuid4().hex}"
        row = {"id": name, "tenant": who.tenant, **values, "created_at": datetime.now(UTC)}
        connection.execute(insert(agents).values(row))
        return self.found(connection, who, name)

    async def get(self, who: Principal, agent_id: str) -> Agent:
        """
        Raises `NotFound`, also for another tenant's.
        """
        return await self.database.run(lambda held: self.found(held, who, agent_id), write=False)

    def found(self, connection: Connection, who: Principal, agent_id: str) -> Agent:
        row = connection.execute(select(agents).where(self.own(who, agent_id))).first()
        if row is None:
            raise NotFound("there is no agent with this id")
        return self.as_agent(row)

    async def all(self, who: Principal) -> list[Agent]:
        """
        The newest first.
        """
        return await self.database.run(lambda held: self.listed(held, who), write=False)

    def listed(self, connection: Connection, who: Principal) -> list[Agent]:
        mine = select(agents).where(self.of(who)).order_by(agents.c.created_at.desc(), agents.c.id)
        return [self.as_agent(row) for row in connection.execute(mine)]

    async def change(self, who: Principal, agent_id: str, values: dict[str, Any]) -> Agent:
        """
        Change the named fields and no others. Raises `NotFound`.
        """
        return await self.database.run(lambda held: self.changed(held, who, agent_id, values), write=True)

    def changed(self, connection: Connection, who: Principal, agent_id: str, values: dict[str, Any]) -> Agent:
        if values:
            connection.execute(update(agents).where(self.own(who, agent_id)).values(values))
        return self.found(connection, who, agent_id)

    async def delete(self, who: Principal, agent_id: str) -> None:
        """
        Raises `NotFound`.
        """
        await self.database.run(lambda held: self.removed(held, who, agent_id), write=True)

    def removed(self, connection: Connection, who: Principal, agent_id: str) -> None:
        if not connection.execute(delete(agents).where(self.own(who, agent_id))).rowcount:
            raise NotFound("there is no agent with this id")

    def of(self, who: Principal) -> ColumnElement[bool]:
        return agents.c.tenant == who.tenant

    def own(self, who: Principal, agent_id: str) -> ColumnElement[bool]:
        return self.of(who) & (agents.c.id == agent_id)

    def as_agent(self, row: Row[Any]) -> Agent:
        values = dict(row._mapping)
        time = values.pop("created_at")
        return Agent(**values, created_at=time if time.tzinfo else time.replace(tzinfo=UTC))

    # -- in a turn

    def model(self, agent: Agent | None, wanted: str | None, default: str) -> str:
        """
        The model that is asked: the caller's wish, then the agent's.
        """
        return wanted or (agent.model if agent else None) or default

    def options(self, agent: Agent | None) -> dict[str, Any]:
        """
        What an agent says to the model besides its prompt.
        """
        if agent is None:
            return {}
        tools = {"tools": agent.tools} if agent.tools else {}
        return {**(agent.parameters or {}), **tools}

    def system(self, agent: Agent | None) -> str | None:
        return agent.system_prompt if agent else None
