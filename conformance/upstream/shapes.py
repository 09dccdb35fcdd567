"""
The shapes that servers of models give to one and the same streamed answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from conformance.upstream.bodies import Completion

__all__ = ["OTHER", "Shaped"]

OTHER: Final = "(of another choice) "
_NULLS: Final = {"function_call": None, "tool_calls": None, "refusal": None}


class Shaped:
    """
    Makes the chunks of one answer, in one shape.
    """

    def __init__(self, shape: str, completion: Completion) -> None:
        self._shape = shape
        self._completion = completion
        self._begun = False
        self._said: list[str] = []

    def opening(self) -> Iterator[dict[str, Any]]:
        """
        What comes before any text: who speaks, and where there are such fields, the figures of a filter.
        """
        if self._shape == "null-fields":
            yield {**self._completion.chunk({}), "choices": [], "prompt_filter_results": []}
        if self._shape != "role-with-text":
            yield self.delta({"role": "assistant", "content": ""})

    def delta(self, delta: dict[str, Any]) -> dict[str, Any]:
        first, self._begun = not self._begun, True
        if self._shape == "role-with-text" and first:
            delta = {"role": "assistant", **delta}
        if self._shape == "aggregate":
            self._said.append(delta.get("content") or "")
        return self._completion.chunk({**_NULLS, **delta} if self._shape == "null-fields" else delta)

    def beside(self) -> Iterator[dict[str, Any]]:
        """
        What comes behind each piece of text: a piece of an answer that nobody asked for.
        """
        if self._shape == "two-choices":
            made = self._completion.chunk({"content": OTHER})
            yield {**made, "choices": [{**made["choices"][0], "index": 1}]}

    def last(self, finish: str | None) -> dict[str, Any]:
        """
        The chunk that says why the answer ended; some servers repeat the whole message in it.
        """
        made = self._completion.chunk({}, finish)
        if self._shape == "aggregate":
            message = {"role": "assistant", "content": "".join(self._said)}
            made = {**made, "choices": [{**made["choices"][0], "message": message}]}
        return made
