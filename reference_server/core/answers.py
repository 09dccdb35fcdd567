"""
An answer as it grows: text and tool calls, put together from pieces.
"""

from __future__ import annotations

from typing import Any, Final

from reference_server.core.records import NewMessage
from reference_server.core.texts import Texts
from reference_server.core.upstream import Piece

__all__ = ["TEXT", "Answer", "parts_of"]

TEXT: Final = -1


def parts_of(piece: Piece) -> list[int]:
    """
    What a piece is a piece of: the text, and calls by their index.
    """
    text = [TEXT] if piece.text else []
    return [*text, *(int(fragment.get("index", 0)) for fragment in piece.tool_calls)]


class Answer:
    """
    The pieces so far. `take` gives each piece as the caller sees it, `message` the whole as it is stored.

    `follows` is the row of the question, `began` the order in which the parts came: a call's index, or `TEXT`.
    """

    def __init__(self, texts: Texts, answer_id: str | None, model: str | None = None) -> None:
        self._texts = texts
        self._id = answer_id
        self._model = model
        self.pieces: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self.began: list[int] = []
        self.follows: str | None = None
        self.finish: str | None = None
        self.usage: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        return [self._calls[index] for index in sorted(self._calls)]

    def call(self, index: int) -> dict[str, Any] | None:
        return self._calls.get(index)

    @property
    def empty(self) -> bool:
        """
        Nothing was answered: such a message is refused by models when it comes back in a prompt.
        """
        return not self.pieces and not self._calls

    def take(self, piece: Piece) -> Piece:
        """
        Add a piece; what is returned goes to the caller.
        """
        shown = Piece(self._texts.answer(piece.text), piece.tool_calls, piece.finish, piece.usage)
        if shown.text:
            self.add_text(shown.text)
        for fragment in shown.tool_calls:
            self.add_call(fragment)
        self.began += [part for part in dict.fromkeys(parts_of(shown)) if part not in self.began]
        self.finish = shown.finish or self.finish
        self.usage = shown.usage or self.usage
        return shown

    def add_text(self, text: str) -> None:
        self.pieces.append(text)

    def add_call(self, fragment: dict[str, Any]) -> None:
        """
        A fragment of the call of that index: the first brings id and name, all bring arguments.
        """
        index = self.index_of(fragment)
        function = fragment.get("function") or {}
        call = self._calls.setdefault(index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        call["id"] = fragment.get("id") or call["id"]
        call["function"]["name"] = function.get("name") or call["function"]["name"]
        call["function"]["arguments"] += function.get("arguments") or ""

    def index_of(self, fragment: dict[str, Any]) -> int:
        return int(fragment.get("index", 0))

    def message(self) -> NewMessage:
        """
        The answer to be stored.
        """
        calls = self.tool_calls or None
        text = self.text if self.pieces or not calls else None
        return NewMessage(
            role="assistant",
            content=text,
            external_id=self._id,
            tool_calls=calls,
            metadata=self.marks(),
            model=self._model,
            finish_reason=self.finish,
            prompt_tokens=self.tokens("prompt_tokens"),
            completion_tokens=self.tokens("completion_tokens"),
            total_tokens=self.tokens("total_tokens"),
        )

    def tokens(self, kind: str) -> int | None:
        """
        What the model counted. What it did not say is unknown, not 0.
        """
        count = (self.usage or {}).get(kind)
        return count if isinstance(count, int) else None

    def marks(self) -> dict[str, Any] | None:
        """
        An answer that the model did not end by itself says so.
        """
        return {"finish_reason": self.finish} if self.finish not in (None, "stop", "tool_calls") else None
