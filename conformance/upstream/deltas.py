"""
Answers cut into deltas, at code points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.model.scenario import Script, ToolCall
from conformance.text.surrogates import paired
from conformance.upstream.essay import essay

__all__ = ["Deltas", "deltas_of", "fragments", "pieces"]

SHORT: Final = 4
LONG: Final = 40
LARGEST: Final = 65536  # a delta of an essay, unless the script says how many: memory must not grow with the answer
REASONING: Final = 3
ARGUMENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Deltas:
    """
    The deltas of a text; `at(i)` makes the i-th when it is asked for.
    """

    count: int
    at: Callable[[int], str]

    def __iter__(self) -> Iterator[str]:
        return map(self.at, range(self.count))


def deltas_of(script: Script, plain: Callable[[], str]) -> Deltas:
    """
    What the script answers; `plain` is asked where it does not say. A model that calls tools says nothing unasked.
    """
    answer = script.answer
    if isinstance(answer, dict):
        return _essay(int(answer["essay"]), script.chunks)
    if isinstance(answer, list):
        return Deltas(len(answer), answer.__getitem__)
    if answer is None:
        answer = "" if script.tool_calls else plain()
    return pieces(answer, script.chunks or SHORT)


def pieces(text: str, count: int) -> Deltas:
    """
    The text in `count` parts of nearly equal length, fewer where it is shorter than that.
    """
    whole = text if text.isascii() else paired(text)
    length, count = len(whole), min(max(count, 1), len(whole))
    return Deltas(count, lambda index: whole[index * length // count : (index + 1) * length // count])


def fragments(calls: Sequence[ToolCall]) -> Iterator[list[dict[str, Any]]]:
    """
    Tool calls as they are streamed: first ids and names, then the arguments in parts, in turn over parallel calls.
    """
    for index, call in enumerate(calls):
        function = {"name": call.name, "arguments": ""}
        yield [{"index": index, "id": call.id, "type": "function", "function": function}]
    parts = [_arguments(call.arguments) for call in calls]
    for turn in range(max(map(len, parts), default=0)):
        yield from _next(parts, turn)


def _next(parts: Iterable[list[str]], turn: int) -> Iterator[list[dict[str, Any]]]:
    for index, own in enumerate(parts):
        if turn < len(own):
            yield [{"index": index, "function": {"arguments": own[turn]}}]


def _arguments(text: str) -> list[str]:
    count = max(ARGUMENTS, len(text) // 4096)
    # `{}` has two characters; an empty fragment is legal, and real models send them.
    return [text[index * len(text) // count : (index + 1) * len(text) // count] for index in range(count)]


def _essay(length: int, chunks: int | None) -> Deltas:
    count = min(chunks or max(LONG, -(-length // LARGEST)), length)
    return Deltas(count, lambda index: essay(length, index * length // count, (index + 1) * length // count))
