"""
The JSON shapes of the OpenAI chat completions API.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from conformance.model.scenario import Script, ToolCall

__all__ = ["MODELS", "Completion", "error", "finish_of", "refusal", "tool_call"]

_REFUSALS: Final[dict[int, tuple[str, str, str | None]]] = {
    400: ("invalid_request_error", "This request is not valid.", None),
    401: ("invalid_request_error", "Incorrect API key provided.", "invalid_api_key"),
    402: ("insufficient_quota", "You exceeded your current quota.", "insufficient_quota"),
    403: ("invalid_request_error", "This key may not use this model.", "model_not_allowed"),
    404: ("invalid_request_error", "The model does not exist.", "model_not_found"),
    429: ("requests", "Rate limit reached. Please try again in 1s.", "rate_limit_exceeded"),
    500: ("server_error", "The server had an error while processing your request.", None),
    503: ("server_error", "The engine is currently overloaded, please try again later.", "overloaded"),
}

# Some targets refuse to start when the model they are set to is not listed; the second is what most are set to.
MODELS: Final = {
    "object": "list",
    "data": [
        {"id": name, "object": "model", "created": 1700000000, "owned_by": "threadgauge"}
        for name in ("threadgauge", "gpt-4o-mini")
    ],
}


def error(message: str, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def refusal(status: int) -> dict[str, Any]:
    kind, message, code = _REFUSALS[status]
    return error(message, kind, code)


def finish_of(script: Script) -> str | None:
    """
    The finish reason that the script wants; a model that calls tools finishes with `tool_calls`.
    """
    if script.finish == "none":
        return None
    return "tool_calls" if script.tool_calls and script.finish == "stop" else script.finish


@dataclass(frozen=True, slots=True)
class Completion:
    """
    What all chunks of one answer have in common. `read` and `usage` are for the token counts.
    """

    id: str
    created: int
    model: str
    read: int
    usage: bool = False

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return self._chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], None)

    def usage_chunk(self, written: int) -> dict[str, Any]:
        return self._chunk([], self.tokens(written))

    def whole(self, message: dict[str, Any], finish: str | None, written: int) -> dict[str, Any]:
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        return {**self._same("chat.completion"), "choices": [choice], "usage": self.tokens(written)}

    def tokens(self, written: int) -> dict[str, int]:
        """
        Four code points count as a token, about what English text takes.
        """
        prompt, answer = -(-self.read // 4), -(-written // 4)
        return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}

    def _chunk(self, choices: list[dict[str, Any]], usage: dict[str, int] | None) -> dict[str, Any]:
        made = {**self._same("chat.completion.chunk"), "choices": choices}
        return {**made, "usage": usage} if self.usage else made

    def _same(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def tool_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
