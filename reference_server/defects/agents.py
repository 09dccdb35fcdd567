"""
Agents that are not what was made.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from reference_server.core.agents import Agent, Agents
from reference_server.core.errors import NotFound
from reference_server.core.people import Principal

SHADFLARE = ("shadflare",)


class AgentPromptIgnored(Agents):
    """
    The agent's prompt is stored and never sent.
    """

    id = "agent-prompt-ignored"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("agents/prompt-comes-first",)

    def system(self, agent: Agent | None) -> str | None:
        return None


class AgentPromptSticks(Agents):
    """
    The prompt of the last agent is that of the turns without one too.
    """

    id = "agent-prompt-sticks"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("agents/prompt-comes-first",)

    def system(self, agent: Agent | None) -> str | None:
        if agent is not None:
            self.__dict__["last"] = agent.system_prompt
        last: str | None = self.__dict__.get("last")
        return last


class AgentModelIgnored(Agents):
    """
    Every agent is answered by the default model.
    """

    id = "agent-model-ignored"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("agents/model-tools-and-parameters",)

    def model(self, agent: Agent | None, wanted: str | None, default: str) -> str:
        return wanted or default


class AgentParametersIgnored(Agents):
    """
    An agent's parameters do not reach the model.
    """

    id = "agent-parameters-ignored"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("agents/model-tools-and-parameters",)

    def options(self, agent: Agent | None) -> dict[str, Any]:
        return {name: value for name, value in super().options(agent).items() if name == "tools"}


class AgentToolsIgnored(Agents):
    """
    An agent's functions do not reach the model.
    """

    id = "agent-tools-ignored"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("agents/model-tools-and-parameters",)

    def options(self, agent: Agent | None) -> dict[str, Any]:
        return {name: value for name, value in super().options(agent).items() if name != "tools"}


class TurnModelIgnored(Agents):
    """
    The model that a turn names is not asked.
    """

    id = "turn-model-ignored"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("upstream/model-can-be-switched",)

    def model(self, agent: Agent | None, wanted: str | None, default: str) -> str:
        return super().model(agent, None, default)


class AgentChangesCached(Agents):
    """
    An agent is read once: its changes do not count.
    """

    id = "agent-changes-cached"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("agents/changed-listed-and-deleted",)

    def found(self, connection: Connection, who: Principal, agent_id: str) -> Agent:
        kept: dict[str, Agent] = self.__dict__.setdefault("kept", {})
        agent = super().found(connection, who, agent_id)
        return kept.setdefault(agent_id, agent)


class AgentDeleteIsNoop(Agents):
    """
    Deleting an agent answers with success and does nothing.
    """

    id = "agent-delete-is-noop"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("agents/changed-listed-and-deleted",)

    def removed(self, connection: Connection, who: Principal, agent_id: str) -> None:
        self.found(connection, who, agent_id)


class UnknownAgentIgnored(Agents):
    """
    A turn with an agent that is not there is answered without one.
    """

    id = "unknown-agent-ignored"
    seam = "agents"
    dialects = SHADFLARE
    caught_by = ("agents/changed-listed-and-deleted", "agents/belong-to-their-tenant")

    async def get(self, who: Principal, agent_id: str) -> Agent:
        try:
            return await super().get(who, agent_id)
        except NotFound:
            blank: dict[str, Any] = dict.fromkeys(("description", "system_prompt", "tools", "model", "parameters"))
            return Agent(id=agent_id, tenant=who.tenant, name="", created_at=datetime.now(UTC), **blank)
