"""
What is sent to the Assistants API: its bodies, with its limits.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictStr

__all__ = [
    "AssistantBody",
    "AssistantChanges",
    "MessageBody",
    "MessageChanges",
    "OutputsBody",
    "RunBody",
    "RunChanges",
    "ThreadBody",
    "ThreadChanges",
    "ThreadRunBody",
]

Key = Annotated[StrictStr, Field(max_length=64)]
Value = Annotated[StrictStr, Field(max_length=512)]
Metadata = Annotated[dict[Key, Value], Field(max_length=16)]
Instructions = Annotated[StrictStr, Field(max_length=256_000)]
Tools = Annotated[list[dict[str, Any]], Field(max_length=128)]
Format = Literal["auto"] | dict[str, Any]
Choice = Literal["auto", "none", "required"] | dict[str, Any]


class TextPart(BaseModel):
    type: Literal["text"]
    text: StrictStr


class ImageUrl(BaseModel):
    url: StrictStr
    detail: Literal["auto", "low", "high"] = "auto"


class ImageUrlPart(BaseModel):
    type: Literal["image_url"]
    image_url: ImageUrl


class ImageFile(BaseModel):
    file_id: StrictStr
    detail: Literal["auto", "low", "high"] = "auto"


class ImageFilePart(BaseModel):
    type: Literal["image_file"]
    image_file: ImageFile


Part = Annotated[TextPart | ImageUrlPart | ImageFilePart, Field(discriminator="type")]


class MessageBody(BaseModel):
    role: Literal["user", "assistant"]
    content: StrictStr | Annotated[list[Part], Field(min_length=1)]
    attachments: list[dict[str, Any]] | None = None
    metadata: Metadata | None = None


class MessageChanges(BaseModel):
    metadata: Metadata | None = None


class ThreadBody(BaseModel):
    messages: list[MessageBody] = []
    metadata: Metadata | None = None
    tool_resources: dict[str, Any] | None = None


class ThreadChanges(BaseModel):
    metadata: Metadata | None = None
    tool_resources: dict[str, Any] | None = None


class AssistantChanges(BaseModel):
    model: Annotated[StrictStr, Field(min_length=1)] | None = None
    name: Annotated[StrictStr, Field(max_length=256)] | None = None
    description: Annotated[StrictStr, Field(max_length=512)] | None = None
    instructions: Instructions | None = None
    tools: Tools | None = None
    tool_resources: dict[str, Any] | None = None
    metadata: Metadata | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    response_format: Format | None = None


class AssistantBody(AssistantChanges):
    model: Annotated[StrictStr, Field(min_length=1)]


class RunOptions(BaseModel):
    assistant_id: Annotated[StrictStr, Field(min_length=1)]
    model: Annotated[StrictStr, Field(min_length=1)] | None = None
    instructions: Instructions | None = None
    tools: Tools | None = None
    metadata: Metadata | None = None
    stream: bool | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_prompt_tokens: Annotated[int, Field(ge=256)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=256)] | None = None
    truncation_strategy: dict[str, Any] | None = None
    tool_choice: Choice | None = None
    parallel_tool_calls: bool | None = None
    response_format: Format | None = None


class RunBody(RunOptions):
    additional_instructions: Instructions | None = None
    additional_messages: list[MessageBody] | None = None


class ThreadRunBody(RunOptions):
    thread: ThreadBody | None = None


class RunChanges(BaseModel):
    metadata: Metadata | None = None


class OutputBody(BaseModel):
    tool_call_id: StrictStr
    output: StrictStr


class OutputsBody(BaseModel):
    tool_outputs: list[OutputBody]
    stream: bool | None = None
