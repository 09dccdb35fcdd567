"""
A streamed answer as acts.

A delta is a part of the text or of a tool call; gates and faults count both, reasoning does not count. At one place the
order is: pause, gate, fault, delta. So a fault can be held at a gate, and strikes when it opens.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from conformance.model.scenario import Script
from conformance.upstream.acts import Act, Cut, Emit, End, Head, Hold, Pause, Stall
from conformance.upstream.bodies import Completion, error, finish_of
from conformance.upstream.deltas import REASONING, Deltas, fragments, pieces
from conformance.upstream.framing import Framer, json_bytes
from conformance.upstream.shapes import Shaped

__all__ = ["MALFORMED", "SCRIPTED_ERROR", "Streaming", "earliest_fault"]

SCRIPTED_ERROR = error("The model failed in the middle of its answer.", "server_error", "server_error")
MALFORMED = '{"id":"chatcmpl-broken","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"br'


def earliest_fault(script: Script) -> tuple[int, str] | None:
    """
    After how many deltas the answer goes wrong, and how: `cut`, `stall`, `malformed` or `error`.
    """
    faults = {
        "cut": script.cut_after,
        "stall": script.stall_after,
        "malformed": script.malformed_after,
        "error": script.error_after,
    }
    return min(((after, name) for name, after in faults.items() if after is not None), default=None)


class Streaming:
    """
    One streamed answer.
    """

    def __init__(self, script: Script, deltas: Deltas, completion: Completion) -> None:
        self._script = script
        self._deltas = deltas
        self._fragments = list(fragments(script.tool_calls))
        self._count = deltas.count + len(self._fragments)
        self._completion = completion
        self._framer = Framer(script.wire)
        self._shaped = Shaped(script.shape, completion)
        self._each_byte = script.wire in ("one-byte", "crlf-bytes")
        self._pace = seconds(script.every) if script.every else 0.0
        after, self._fault_name = earliest_fault(script) or (self._count + 1, "")
        self._fault_at = min(after, self._count) if self._fault_name else after
        self._written = 0

    def acts(self) -> Iterator[Act]:
        for act in self._acts():
            yield from _halved(act) if self._script.wire == "halves" and isinstance(act, Emit) else (act,)

    def _acts(self) -> Iterator[Act]:
        yield Head(type="text/event-stream", headers=(("Cache-Control", "no-cache"),))
        for chunk in self._shaped.opening():
            yield replace(self._emit(chunk), joined=True)
        if self._script.reasoning:
            for text in pieces(self._script.reasoning, REASONING):
                yield self._chunk({"reasoning_content": text})
        if not (yield from self._body()):
            yield from self._ending()

    def _body(self) -> Generator[Act, None, bool]:
        """
        The deltas; true where a fault ended them.
        """
        for index, delta in enumerate(self._all()):
            if index and self._pace:
                yield Pause(self._pace)
            yield from self._gate(*self._gates(index))
            act = self._chunk(delta)
            if index == self._fault_at:
                yield from self._fault(act.data)
                return True
            yield act
            for chunk in self._shaped.beside():
                yield self._emit(chunk)
        return False

    def _ending(self) -> Iterator[Act]:
        finish = finish_of(self._script)
        yield from self._gate("finish", *(() if self._count else ("first-token", "last-token")))
        last = self._framer.event(self._shaped.last(finish))
        if self._fault_at == self._count:
            yield from self._fault(last)
            return
        if finish:
            yield Emit(last, self._each_byte, completes=True, joined=True)
        if self._completion.usage:
            usage = self._framer.event(self._completion.usage_chunk(self._written))
            yield Emit(usage, self._each_byte, joined=True)
        yield from self._gate("done")
        yield self._end("answered", self._framer.data("[DONE]") if self._script.done else b"")

    def _all(self) -> Iterator[dict[str, Any]]:
        return chain(map(self._content, self._deltas), ({"tool_calls": calls} for calls in self._fragments))

    def _content(self, text: str) -> dict[str, Any]:
        self._written += len(text)
        return {"content": text}

    def _gates(self, index: int) -> Iterator[str]:
        yield f"token-{index + 1}"
        if index == 0:
            yield "first-token"
        if index == self._count - 1:
            yield "last-token"

    def _gate(self, *names: str) -> Iterator[Act]:
        if self._script.hold in names:
            yield Hold(self._script.hold)

    def _fault(self, following: bytes) -> Iterator[Act]:
        """
        What goes wrong, instead of the event that would follow.
        """
        if self._fault_name == "stall":
            yield Stall()
        elif self._fault_name == "malformed":
            yield self._end("cut", self._framer.data(MALFORMED))
        elif self._fault_name == "error":
            bare = json_bytes(SCRIPTED_ERROR) + b"\n\n"
            yield self._end("cut", bare if self._script.error == "bare" else self._framer.event(SCRIPTED_ERROR))
        elif self._script.cut == "clean":
            yield self._end("cut", b"")
        else:
            yield Cut(self._script.cut, following)

    def _chunk(self, delta: dict[str, Any]) -> Emit:
        return self._emit(self._shaped.delta(delta))

    def _emit(self, chunk: dict[str, Any]) -> Emit:
        return Emit(self._framer.event(chunk), self._each_byte)

    def _end(self, outcome: Any, data: bytes) -> End:
        return End(outcome, data, self._each_byte)


def _halved(act: Emit) -> Iterator[Emit]:
    """
    One event in two writes, cut inside a character where it has one of several bytes.
    """
    inside = (place for place, byte in enumerate(act.data) if byte & 0xC0 == 0x80)
    middle = next(inside, len(act.data) // 2)
    yield replace(act, data=act.data[:middle], completes=False)
    yield replace(act, data=act.data[middle:])


def seconds(duration: str) -> float:
    """
    A duration of the scenario language: `2ms`, `1.5s`.
    """
    return float(duration[:-2]) / 1000 if duration.endswith("ms") else float(duration[:-1])
