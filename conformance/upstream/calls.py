"""
Calls while they are answered: at which gate each stands, and how it ended.
"""

from __future__ import annotations

import asyncio
import time

import msgspec

from conformance.engine.effects import Turn
from conformance.model.scenario import Script
from conformance.model.transcript import GateMark, UpstreamCall
from conformance.upstream.acts import Outcome
from conformance.upstream.prompt import Prompt
from conformance.upstream.scripted import meant

__all__ = ["Call", "Gate", "Registered"]


class Gate:
    """
    One call that stands at a gate.
    """

    def __init__(self, name: str) -> None:
        self._mark = GateMark(gate=name, held_at=time.monotonic())
        self.opening: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def mark(self) -> GateMark:
        return self._mark

    def open(self, by: str) -> None:
        """
        Let the call go on. The first who opens it is remembered.
        """
        if not self.opening.done():
            self._mark = msgspec.structs.replace(self._mark, released_at=time.monotonic(), by=by)
            self.opening.set_result(None)


class Call:
    """
    One call while it is answered. `script` is what to do.
    """

    def __init__(
        self, number: int, script: Script, seen: UpstreamCall, turn: Registered | None, prompt: Prompt
    ) -> None:
        self.number = number
        self.script = script
        self._prompt = prompt
        self._turn = turn
        self._seen = seen
        self._gates: list[Gate] = []
        self._completed = False
        self._sent = 0

    @property
    def ended(self) -> bool:
        return self._seen.ended_at is not None

    @property
    def held(self) -> bool:
        return any(not gate.opening.done() for gate in self._gates)

    def snapshot(self) -> UpstreamCall:
        """
        What is known now. The prompt is taken apart only here: nobody asks for those of a long thread's filling, and
        all of them together are quadratic.
        """
        return msgspec.structs.replace(
            self._seen,
            messages=self._prompt.messages(),
            extra=self._prompt.extra(),
            sent=self._sent,
            answer=meant(self.script, self._prompt),
            tool_calls=self.script.tool_calls,
            gates=[gate.mark for gate in self._gates],
        )

    def reach(self, name: str) -> Gate:
        """
        The call is at a gate, which may be open already.
        """
        gate = Gate(name)
        self._gates.append(gate)
        if self._turn and self._turn.opened_by is not None:
            gate.open(self._turn.opened_by)
        self._changed()
        return gate

    def release(self, by: str) -> None:
        for gate in self._gates:
            gate.open(by)

    def complete(self) -> None:
        """
        The answer is out: who leaves now has read it.
        """
        self._completed = True

    def took(self, size: int) -> None:
        self._sent += size

    def stall(self) -> None:
        self._seen = msgspec.structs.replace(self._seen, outcome="stalled")

    def end(self, outcome: Outcome) -> None:
        """
        The answer is over; the first outcome counts.
        """
        if not self.ended:
            outcome = "answered" if outcome == "left" and self._completed else outcome
            self._seen = msgspec.structs.replace(self._seen, outcome=outcome, ended_at=time.monotonic())
            self._changed()

    def _changed(self) -> None:
        if self._turn:
            self._turn.changed.set()


class Registered:
    """
    A turn and its calls. `changed` is set whenever a call reaches a gate or ends.
    """

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.calls: list[Call] = []
        self.opened_by: str | None = None
        self.changed = asyncio.Event()

    @property
    def waiting(self) -> bool:
        return not self.calls and self.opened_by is None

    @property
    def held(self) -> bool | None:
        """
        Whether a call is held; None while that can still come.
        """
        if any(call.held for call in self.calls):
            return True
        return False if self.calls and all(call.ended for call in self.calls) else None

    def script(self) -> Script:
        """
        The script for the next call.
        """
        script = self.turn.script
        followed = script is not None and (script.times is None or len(self.calls) < script.times)
        return script if script is not None and followed else Script()
