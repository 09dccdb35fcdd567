"""
What callers send: a plain body, and those of the AI SDK's clients of version 4 and of the versions after it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, StrictBool, StrictInt

from reference_server.core.errors import Invalid

__all__ = ["LONGEST_WAIT", "AgentBody", "AgentChanges", "ChatBody", "Parameters", "Renaming", "Sharing"]

LONGEST_WAIT: Final = 30_000  # milliseconds that a request may take


class ClientMessage(BaseModel):
    """
    One message of a client's own copy of the conversation. Version 4 has `content`, later ones have `parts`.
    """

    role: str
    id: str | None = None
    content: str | None = None
    parts: list[dict[str, Any]] | None = None

    def text(self) -> str:
        """
        Raises `Invalid` where there is more than text.
        """
        if self.content is not None:
            return self.content
        parts = self.parts or []
        texts = [part.get("text") for part in parts if part.get("type") == "text"]
        if len(texts) < len(parts) or not all(isinstance(text, str) for text in texts):
            raise Invalid("only text parts are supported", "messages.parts")
        return "".join(str(text) for text in texts)


class ChatBody(BaseModel):
    """
    A turn. `message` and `conversationId`, or a client's `messages` and `id`; the rest may go with each.
    """

    message: str | None = None
    conversationId: str | None = None  # noqa: N815 # the wire's names
    model: str | None = Field(default=None, min_length=1, max_length=256)
    agentId: str | None = None  # noqa: N815
    tools: list[dict[str, Any]] | None = None
    parentMessageId: str | None = None  # noqa: N815
    regenerate: StrictBool = False
    branch: StrictBool = False
    stream: StrictBool = True
    timeoutMs: Annotated[StrictInt, Field(ge=1, le=LONGEST_WAIT)] = LONGEST_WAIT  # noqa: N815

    id: str | None = None
    messages: list[ClientMessage] | None = None
    trigger: Literal["submit-message", "regenerate-message"] | None = None
    messageId: str | None = None  # noqa: N815

    @property
    def again(self) -> bool:
        return self.regenerate or self.trigger == "regenerate-message"

    @property
    def modern(self) -> bool:
        """
        Whether it comes from a client that reads UI message streams.
        """
        return self.trigger is not None

    def new_message(self) -> ClientMessage:
        """
        The one message that is new: a client sends all that it has, and the user's last is what we do not know yet.

        Raises `Invalid` where there is none.
        """
        if self.message is not None:
            return ClientMessage(role="user", content=self.message)
        if self.messages is None:
            raise Invalid("is missing", "message")
        if not self.messages or self.messages[-1].role != "user":
            raise Invalid("the last message must be the user's", "messages")
        return self.messages[-1]


class Renaming(BaseModel):
    title: str


class Sharing(BaseModel):
    shared: StrictBool = True


class Parameters(BaseModel, extra="forbid"):
    """
    How a model is to answer, under the names of the AI SDK.
    """

    temperature: float | None = Field(default=None, ge=0, le=2)
    maxTokens: int | None = Field(default=None, ge=1)  # noqa: N815
    topP: float | None = Field(default=None, ge=0, le=1)  # noqa: N815
    frequencyPenalty: float | None = Field(default=None, ge=-2, le=2)  # noqa: N815
    presencePenalty: float | None = Field(default=None, ge=-2, le=2)  # noqa: N815
    seed: int | None = None


class AgentChanges(BaseModel):
    """
    The fields of an agent that are to be changed.
    """

    name: str | None = Field(default=None, min_length=1, max_length=256)
    description: str | None = None
    systemPrompt: str | None = None  # noqa: N815
    tools: list[dict[str, Any]] | None = None
    model: str | None = Field(default=None, min_length=1, max_length=256)
    parameters: Parameters | None = None


class AgentBody(AgentChanges):
    name: str = Field(min_length=1, max_length=256)
