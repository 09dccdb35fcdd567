"""
What the upstream witness does in one turn, and the small words that scenarios share.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from conformance.model.base import Model

__all__ = ["Condition", "Duration", "GateName", "LeavePoint", "Script", "Texts", "ToolCall"]

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
LeavePoint = Annotated[
    str,
    Meta(
        pattern=r"^(held|first-text|text-[0-9]+|last-text|end)$",
        description="where in an answer its client goes: held, first-text, text-N, last-text, end",
    ),
]
# Not a text with a pattern: in one union with a list, msgspec 0.22 crashes the next garbage collection.
Texts = str | list[str]


Wire = Literal[
    "plain",
    "crlf",
    "cr",
    "mixed",
    "no-space",
    "comments",
    "one-byte",
    "crlf-bytes",
    "halves",
    "multiline",
    "bom",
    "ascii",
]


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

    `script` names one of the scenario's `scripts`, which fills in what is not said here. `strict` refuses with 400 what
    a strict model refuses, with `alternating` also two messages of one role in a row, with `window` a prompt of more
    messages. `refuse: silence` never answers. `error: bare` sends the error of `error_after` without `data:`.
    """

    script: str | None = None

    answer: str | list[str] | dict[Literal["essay"], int | str] | None = None
    chunks: int | None = None
    every: Duration | None = None
    hold: GateName | None = None
    refuse: Literal["connect", "silence", 400, 401, 402, 403, 404, 429, 500, 503] | None = None
    cut_after: int | None = None
    cut: Literal["fin", "rst", "clean"] = "rst"
    stall_after: int | None = None
    malformed_after: int | None = None
    error_after: int | None = None
    error: Literal["event", "bare"] = "event"
    strict: Literal["lenient", "well-formed", "alternating"] = "lenient"
    window: int | None = None
    shape: Literal["plain", "role-with-text", "two-choices", "aggregate", "null-fields"] = "plain"
    usage: bool | None = None
    finish: Literal["stop", "length", "content_filter", "none"] = "stop"
    done: bool = True
    reasoning: str | None = None
    tool_calls: list[ToolCall] = []
    wire: Wire = "plain"
    times: int | None = None
