"""
What callers send, and what of it goes on to the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from reference_server.core.errors import Invalid

__all__ = ["ConversationBody", "ItemsBody", "MetadataBody", "ResponseBody", "metadata", "options", "settings"]

MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512


class ConversationBody(BaseModel):
    items: list[Any] | None = None
    metadata: dict[str, Any] | None = None


class ItemsBody(BaseModel):
    items: list[Any] = Field(min_length=1)


class MetadataBody(BaseModel):
    metadata: dict[str, Any] | None


Name = Annotated[str, Field(min_length=1)]


class ConversationParam(BaseModel):
    id: Name


class ResponseBody(BaseModel):
    model: str = "gpt-4o"
    input: str | list[Any] | None = None
    conversation: Name | ConversationParam | None = None
    previous_response_id: Name | None = None
    instructions: str | None = None
    store: bool | None = None
    stream: bool | None = None
    background: bool | None = None
    prompt: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_output_tokens: int | None = Field(default=None, ge=1)
    text: dict[str, Any] | None = None
    reasoning: dict[str, Any] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None

    @property
    def conversation_id(self) -> str | None:
        return self.conversation.id if isinstance(self.conversation, ConversationParam) else self.conversation


def metadata(value: Mapping[str, Any] | None) -> dict[str, str]:
    """
    At most 16 pairs of texts. Raises `Invalid`.
    """
    pairs = dict(value or {})
    if len(pairs) > MOST_PAIRS:
        raise Invalid(f"must have at most {MOST_PAIRS} pairs", "metadata")
    for key, text in pairs.items():
        if not isinstance(text, str):
            raise Invalid("values must be texts", "metadata")
        if len(key) > LONGEST_KEY or len(text) > LONGEST_VALUE:
            raise Invalid(f"keys have at most {LONGEST_KEY} characters, values {LONGEST_VALUE}", "metadata")
    return pairs


def settings(body: ResponseBody) -> dict[str, Any]:
    """
    The call's wishes as its response repeats them.
    """
    names = ("temperature", "top_p", "max_output_tokens", "tools", "tool_choice", "parallel_tool_calls", "text")
    more = ("reasoning", "truncation", "user")
    return {name: value for name in (*names, *more) if (value := getattr(body, name)) is not None}


def options(body: ResponseBody) -> dict[str, Any]:
    """
    The call's wishes as chat completions know them. Raises `Invalid`.
    """
    chosen = {
        "temperature": body.temperature,
        "top_p": body.top_p,
        "max_tokens": body.max_output_tokens,
        "user": body.user,
        "response_format": _format((body.text or {}).get("format")),
        "reasoning_effort": (body.reasoning or {}).get("effort"),
        **(_tools(body) if body.tools else {}),
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    return {**given, "stream_options": {"include_usage": True}}  # a response says what it cost


def _tools(body: ResponseBody) -> dict[str, Any]:
    return {
        "tools": [_tool(one, f"tools[{place}]") for place, one in enumerate(body.tools or ())],
        "tool_choice": _choice(body.tool_choice),
        "parallel_tool_calls": body.parallel_tool_calls,
    }


def _tool(tool: dict[str, Any], field: str) -> dict[str, Any]:
    if tool.get("type") != "function" or not isinstance(tool.get("name"), str):
        raise Invalid("only functions with a name are supported", field)
    known = ("name", "description", "parameters", "strict")
    return {"type": "function", "function": {key: tool[key] for key in known if tool.get(key) is not None}}


def _choice(choice: str | dict[str, Any] | None) -> Any:
    if not isinstance(choice, dict):
        return choice
    if choice.get("type") != "function":
        raise Invalid("only functions are supported", "tool_choice.type")
    return {"type": "function", "function": {"name": choice.get("name")}}


def _format(wanted: dict[str, Any] | None) -> dict[str, Any] | None:
    if not wanted or wanted.get("type") == "text":
        return None
    if wanted.get("type") != "json_schema":
        return wanted
    return {"type": "json_schema", "json_schema": {key: one for key, one in wanted.items() if key != "type"}}
