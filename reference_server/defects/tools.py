"""
Calls of tools that are lost, mixed or renamed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reference_server.core.answers import Answer
from reference_server.core.history import History
from reference_server.core.records import Message, NewMessage
from reference_server.core.responding import Responding
from reference_server.core.upstream import Piece
from reference_server.dialects.anita import AnitaWire

ONLY = ("completions",)


class ToolCallNotStored(Answer):
    """
    Only the text of an answer is stored.
    """

    id = "tool-call-not-stored"
    seam = "answer"
    dialects = ("anita", "completions", "shadflare")
    caught_by = ("tools/calls-are-stored", "tools/result-reaches-the-model", "tools/calls-are-kept-and-not-shown")

    def message(self) -> NewMessage:
        return replace(super().message(), tool_calls=None, content=self.text)


class ToolResultNotStored(History):
    """
    The results of tools never reach the model.
    """

    id = "tool-result-not-stored"
    seam = "history"
    dialects = ONLY
    caught_by = ("tools/result-reaches-the-model",)

    def recalled(self, message: Message) -> bool:
        return message.role != "tool" and super().recalled(message)


class ParallelArgsMerged(Answer):
    """
    The arguments of parallel calls all go to the first.
    """

    id = "parallel-args-merged"
    seam = "answer"
    dialects = ("completions", "shadflare")
    caught_by = ("tools/parallel-calls-stay-apart",)

    def index_of(self, fragment: dict[str, Any]) -> int:
        return super().index_of(fragment) if fragment.get("id") else 0


class LargeArgsCorrupted(Answer):
    """
    Arguments of more than 8 KB lose what comes behind.
    """

    id = "large-args-corrupted"
    seam = "answer"
    dialects = ("completions", "shadflare")
    caught_by = ("tools/large-arguments",)

    def message(self) -> NewMessage:
        for call in self.tool_calls:
            call["function"]["arguments"] = call["function"]["arguments"][:8192]
        return super().message()


class TextBeforeToolLost(Answer):
    """
    Text beside a call is dropped.
    """

    id = "text-before-tool-lost"
    seam = "answer"
    dialects = ONLY
    caught_by = ("tools/text-beside-calls",)

    def message(self) -> NewMessage:
        whole = super().message()
        return replace(whole, content=None) if whole.tool_calls else whole


class ToolArgsReserialised(Answer):
    """
    Arguments are read and written anew, so that they are no longer the model's text.
    """

    id = "tool-args-reserialised"
    seam = "answer"
    dialects = ("completions", "shadflare")
    caught_by = ("tools/calls-are-stored",)

    def message(self) -> NewMessage:
        for call in self.tool_calls:
            function = call["function"]
            function["arguments"] = json.dumps(json.loads(function["arguments"]), indent=1, sort_keys=True)
        return super().message()


class ToolIdsRewritten(Answer):
    """
    Calls get ids of the server's own.
    """

    id = "tool-ids-rewritten"
    seam = "answer"
    dialects = ("completions", "shadflare")
    caught_by = ("tools/calls-are-stored",)

    def message(self) -> NewMessage:
        for place, call in enumerate(self.tool_calls):
            call["id"] = f"call_{place}"
        return super().message()


class ToolFinishIsStop(Answer):
    """
    An answer that asks for tools is passed on as one that is over.
    """

    id = "tool-finish-is-stop"
    seam = "answer"
    dialects = ("completions", "shadflare")
    caught_by = ("tools/finish-reason",)

    def take(self, piece: Piece) -> Piece:
        return super().take(replace(piece, finish="stop" if piece.finish == "tool_calls" else piece.finish))


class HiddenCallsShown(AnitaWire):
    """
    Calls of functions are listed as messages without a text.
    """

    id = "hidden-calls-shown"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("tools/calls-are-kept-and-not-shown",)

    def shown(self, one: Message) -> bool:
        return True


class HalfPairsRecalled(History):
    """
    A call whose result never came goes back to the model, which refuses the prompt and every later one.
    """

    id = "half-pairs-recalled"
    seam = "history"
    dialects = ("anita",)
    caught_by = ("tools/calls-are-kept-and-not-shown",)

    def paired(self, stored: Sequence[Message]) -> list[Message]:
        return list(stored)


class ResultsOfAnyCall(Responding):
    """
    The result of a call that nobody made goes to the model.
    """

    id = "results-of-any-call"
    seam = "responding"
    dialects = ("conversations",)
    caught_by = ("tools/result-of-no-call-is-refused",)

    def check_results(self, said: Sequence[Message], new: Sequence[Message]) -> None:
        pass
