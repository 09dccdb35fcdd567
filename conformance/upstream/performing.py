"""
Does acts on a connection, and writes down how that ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from conformance.upstream.acts import Act, Cut, Emit, End, Head, Hold, Pause, Stall
from conformance.upstream.calls import Call
from conformance.upstream.line import Line

__all__ = ["HOLD_DEADLINE", "STALL_DEADLINE", "perform"]

HOLD_DEADLINE: Final = 10.0  # a buffering target would wait for ever: its client's first text opens the gate
STALL_DEADLINE: Final = 30.0  # no target that has a read timeout should be left before it uses it


async def perform(acts: Iterable[Act], call: Call, line: Line) -> None:
    """
    Answer a call. Afterwards `line.usable` tells whether another request can come.
    """
    try:
        for act in acts:
            await _do(act, call, line)
            if line.left:
                break
    except ConnectionError:
        line.abort()
    finally:
        # Where the acts themselves have ended the call, this changes nothing.
        call.end("left" if line.left else "cut")


async def _do(act: Act, call: Call, line: Line) -> None:
    match act:
        case Emit():
            await _emit(act, call, line)
        case Pause():
            await line.wait(act.seconds)
        case Hold():
            await _hold(act.gate, call, line)
        case Head():
            line.head(act)
        case Stall():
            await _stall(call, line)
        case Cut():
            call.end(act.outcome)
            await line.cut(act.how, act.torn)
        case End():
            await _end(act, call, line)


async def _emit(act: Emit, call: Call, line: Line) -> None:
    await line.send(act.data, each_byte=act.each_byte, joined=act.joined)
    call.took(len(act.data))
    if act.completes:
        call.complete()


async def _hold(name: str, call: Call, line: Line) -> None:
    gate = call.reach(name)
    await line.wait(HOLD_DEADLINE, gate.opening)
    gate.open("left" if line.left else "deadline")


async def _stall(call: Call, line: Line) -> None:
    call.stall()
    await line.wait(STALL_DEADLINE)
    if not line.left:
        call.end("stalled")
        line.abort()


async def _end(act: End, call: Call, line: Line) -> None:
    if act.each_byte and act.data:
        await line.send(act.data, each_byte=True)
    # Before the last bytes go: who reads them may ask for the calls at once.
    call.end(act.outcome)
    await line.end(b"" if act.each_byte else act.data)
