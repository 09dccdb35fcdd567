"""
The step `fill`: bring a thread to a number of messages, by the cheapest way that the profile has.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from conformance.engine.effects import Effect, Observation
from conformance.engine.prepare import prepare
from conformance.engine.requests import NotInBody
from conformance.engine.sending import name_thread
from conformance.engine.sight import operation_of
from conformance.engine.stage import Stage
from conformance.model.scenario import Step
from conformance.model.transcript import Exchange, StepRecord

__all__ = ["fill_thread"]


def fill_thread(stage: Stage, step: Step, index: str) -> Generator[Effect, Observation, StepRecord]:
    """
    Add messages until the thread has as many as the step says, or one is not taken; the last exchange is kept.

    Raises `NotInBody` where only turns can add messages and the number is odd.
    """
    assert step.fill is not None
    thread, goal = step.fill.thread, int(stage.fill(step.fill.to))
    by_turns = "add_message" not in stage.profile.operations
    if by_turns and (goal - stage.counts.get(thread, 0)) % 2:
        raise NotInBody(f"an odd number of messages ({goal})")
    last: list[Exchange] = []
    while (count := stage.counts.get(thread, 0)) < goal:
        one = msgspec.structs.replace(_adding(stage, thread, count + 1, by_turns), by=step.by)
        prepared = prepare(stage, one, f"{index}.{count + 1}")
        exchange = yield prepared.send
        assert isinstance(exchange, Exchange)
        last = [exchange]
        name_thread(stage, one, prepared, exchange)
        operation = operation_of(one, stage.profile)
        done = operation is not None and exchange.status in operation.status and exchange.ended == "clean"
        if not done or thread not in stage.bindings:
            break
        stage.counts[thread] = count + (2 if by_turns else 1)
    title = f"fill {thread} to {goal} messages"
    return StepRecord(index=index, action="fill", title=title, exchanges=last)


def _adding(stage: Stage, thread: str, number: int, by_turns: bool) -> Step:
    text = f"m{number} {stage.canaries[0] if stage.canaries else stage.naming.run}"
    if by_turns:
        # In one piece: each piece is read and written four times on its way, and nobody looks at these.
        return msgspec.convert({"chat": {"thread": thread, "say": text, "model": {"chunks": 1}}}, Step)
    role = "user" if number % 2 else "assistant"
    return msgspec.convert({"add_message": {"thread": thread, "text": text, "role": role}}, Step)
