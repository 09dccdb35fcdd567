"""
What the upstream witness does in one turn, and the small words that scenarios share.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from conformance.model.base import Model

__all__ = ["Condition", "Duration", "GateName", "Script", "Texts", "ToolCall"]

Duration = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?(ms|s)$", description="a duration: 2ms, 1.5s")]
Condition = (
    int
    | Annotated[
        str, Meta(pattern=r"^(\$\{[^}]+\}|(>=|<=|>|<|==)? *([0-9]+|\$\{[^}]+\}))$", description='a number or ">= 20"')
    ]
)
GateName = Annotated[
    str,
    Meta(
        pattern=r"^(headers|first-token|last-token|finish|done|token-[0-9]+)$",
        description="where the upstream answer is held: headers, first-token, token-N, last-token, finish, done",
    ),
]
# Not a text with a pattern: in one union with a list, msgspec 0.22 crashes the next garbage collection.
Texts = str | list[str]


class ToolCall(Model, frozen=True, kw_only=True):
    """
    A function call of the model; `arguments` is the JSON text as the model wrote it.
    """

    id: str
    name: str
    arguments: str = "{}"


class Script(Model, frozen=True, kw_only=True):
    """
    What the upstream witness does in one turn. Nothing set: the plain answer that is computed from the prompt.

    `answer` is a text, `{essay: N}` for N characters, or a list of deltas sent as they are. A delta may hold escapes
    of half a surrogate pair (`"\\ud83d"` in YAML double quotes). `times` bounds the script to the first N calls.
    Figures of `usage` come where they were asked for, if nothing is said of them.
    """

    answer: str | list[str] | dict[Literal["essay"], int | str] | None = None
    chunks: int | None = None
    every: Duration | None = None
    hold: GateName | None = None
    refuse: Literal["connect", 400, 401, 429, 500, 503] | None = None
    cut_after: int | None = None
    cut: Literal["fin", "rst", "clean"] = "rst"
    stall_after: int | None = None
    malformed_after: int | None = None
    error_after: int | None = None
    usage: bool | None = None
    finish: Literal["stop", "length", "content_filter", "none"] = "stop"
    done: bool = True
    reasoning: str | None = None
    tool_calls: list[ToolCall] = []
    wire: Literal["plain", "crlf", "cr", "no-space", "comments", "one-byte", "multiline", "bom", "ascii"] = "plain"
    times: int | None = None
