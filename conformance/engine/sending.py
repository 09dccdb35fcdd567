"""
One request: its exchange, what it gave names to, and the record of it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from conformance.engine import effects as fx
from conformance.engine import reading
from conformance.engine.effects import Effect, Observation
from conformance.engine.prepare import prepare
from conformance.engine.prepared import Prepared
from conformance.engine.stage import Stage
from conformance.model.scenario import Step
from conformance.model.transcript import Exchange, StepRecord, Unseen, UpstreamCall

__all__ = ["POLL", "RUN", "Recording", "concluded", "name_thread", "ready", "sent"]

Recording = Generator[Effect, Observation, StepRecord]
Calling = Generator[Effect, Observation, "list[UpstreamCall] | Unseen"]

POLL: Final = 0.02  # seconds between two looks; a look at the store costs about 1 ms
RUN: Final = 10.0  # seconds a server has for a run: it is asynchronous by contract, and our model answers at once

_THREADS: Final = ("get_thread", "create_thread", "update_thread", "archive_thread", "unarchive_thread", "share_thread")


def sent(stage: Stage, step: Step, index: str) -> Recording:
    """
    Send one step's request and read the answer.
    """
    prepared = ready(stage, step, index)
    exchange = yield prepared.send
    assert isinstance(exchange, Exchange)
    return (yield from concluded(stage, step, index, prepared, exchange))


def ready(stage: Stage, step: Step, index: str) -> Prepared:
    """
    A step's request, kept under its name; or that of an earlier step once more, to the byte.
    """
    if step.resend is not None:
        return _same_again(stage, step.resend, index)
    prepared = prepare(stage, step, index)
    if step.as_:
        stage.prepared[step.as_] = prepared
    return prepared


def _same_again(stage: Stage, name: str, index: str) -> Prepared:
    """
    It is a turn of its own for the witness, and its client stays.
    """
    before = stage.prepared[name]
    turn = before.send.turn
    own = replace(turn, key=f"{stage.naming.run}/{index}") if turn is not None else None
    send = replace(before.send, turn=own, leave=None, unread=None)
    return replace(before, action="resend", title=f"resend {name}", send=send)


def concluded(stage: Stage, step: Step, index: str, prepared: Prepared, exchange: Exchange) -> Recording:
    """
    A record of an exchange: read as the profile says, with the upstream calls of a turn.
    """
    calls: list[UpstreamCall] | None = None
    unseen: list[Unseen] = []
    if prepared.send.turn is not None:
        seen = yield from _called(prepared, prepared.send.turn, exchange)
        calls, unseen = (None, [seen]) if isinstance(seen, Unseen) else (told_apart(seen, stage.profile.asides), [])
    _bind(stage, step, prepared, exchange)
    record = StepRecord(index=index, action=prepared.action, title=prepared.title, calls=calls, unseen=unseen)
    return _read(record, prepared, exchange)


def told_apart(calls: list[UpstreamCall], asides: Sequence[str]) -> list[UpstreamCall]:
    """
    The calls, with those marked that are no turn's: their first or their last message has the words of an aside.
    """

    def is_aside(call: UpstreamCall) -> bool:
        ends = [one.text.whole or one.text.head for one in (*call.messages[:1], *call.messages[-1:]) if one.text]
        return any(words in text for words in asides for text in ends)

    return [msgspec.structs.replace(call, matched="aside") if is_aside(call) else call for call in calls]


def name_thread(stage: Stage, step: Step, prepared: Prepared, exchange: Exchange) -> None:
    """
    Bind the thread's name to the id that the server told with the thread's first turn.
    """
    name = getattr(getattr(step, prepared.action, None), "thread", None)
    if name is None or name in stage.bindings or prepared.operation is None:
        return
    told = reading.thread_told(exchange, prepared.operation)
    if told is not None:
        stage.bindings[name] = told


def _called(prepared: Prepared, turn: fx.Turn, exchange: Exchange) -> Calling:
    """
    The calls of a turn. One that goes on after its request was answered is waited for until a call has ended.
    """
    if prepared.send.later and prepared.operation is not None and exchange.status in prepared.operation.status:
        began = yield fx.Pause(0.0)
        assert isinstance(began, float)
        now = began
        while now - began < RUN:
            seen = _calls((yield fx.Calls(turn.key, more=True)))
            if isinstance(seen, Unseen) or any(call.outcome != "open" for call in seen):
                break
            paused = yield fx.Pause(POLL)
            assert isinstance(paused, float)
            now = paused
    return _calls((yield fx.Calls(turn.key)))


def _calls(seen: Observation) -> list[UpstreamCall] | Unseen:
    assert isinstance(seen, list | Unseen)
    return seen


def _bind(stage: Stage, step: Step, prepared: Prepared, exchange: Exchange) -> None:
    """
    Bind what the step gave names to, and count the messages it has put into its thread.
    """
    made = None if prepared.operation is None else reading.identity(exchange, prepared.operation)
    if made is not None:
        _bind_made(stage, step, prepared.action, made)
    name_thread(stage, step, prepared, exchange)
    if step.as_:
        stage.bindings.update({f"{step.as_}.{name}": value for name, value in prepared.binds.items()})
        if made is not None:
            stage.bindings[f"{step.as_}.id"] = made
    if prepared.operation is not None and (
        exchange.status in prepared.operation.status or _is_finished(stage, exchange)
    ):
        _count(stage, step)
    stage.left = stage.left or (step.chat is not None and step.chat.leave is not None)


def _is_finished(stage: Stage, exchange: Exchange) -> bool:
    """
    Whether the server goes on with a turn whose client has gone before it knew a status.
    """
    return exchange.ended == "left" and stage.profile.policies.get("on_disconnect") == "continue"


def _bind_made(stage: Stage, step: Step, action: str, made: str) -> None:
    if step.create_thread is not None:
        stage.bindings[step.create_thread.thread] = made
    for name, operation in stage.profile.makes.items():
        if operation == action:
            stage.bindings.setdefault(stage.making(step, name), made)


def _count(stage: Stage, step: Step) -> None:
    if step.chat is not None and step.chat.via != "regenerate":
        stage.counts[step.chat.thread] = stage.counts.get(step.chat.thread, 0) + 2
    elif step.add_message is not None:
        stage.counts[step.add_message.thread] = stage.counts.get(step.add_message.thread, 0) + 1
    elif step.delete_message is not None and step.delete_message.thread is not None:
        stage.counts[step.delete_message.thread] = stage.counts.get(step.delete_message.thread, 0) - 1
    elif step.clear_messages is not None:
        stage.counts[step.clear_messages.thread] = 0


def _read(record: StepRecord, prepared: Prepared, exchange: Exchange) -> StepRecord:
    operation = prepared.operation
    if operation is None:
        return msgspec.structs.replace(record, exchanges=[exchange])
    change: dict[str, Any] = {"exchanges": [_with_text(exchange, prepared)]}
    if prepared.action in _THREADS:
        change["thread"] = reading.thread(exchange, operation)
    return msgspec.structs.replace(record, **change)


def _with_text(exchange: Exchange, prepared: Prepared) -> Exchange:
    operation = prepared.operation
    if operation is None or operation.stream is not None or operation.text is None:
        return exchange
    return msgspec.structs.replace(exchange, text=reading.answer_text(exchange, operation))
