"""
One step: its effects, its record, its polling.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, Final

import msgspec

from conformance.checks.finding import Finding
from conformance.engine import effects as fx
from conformance.engine.effects import Effect, Observation
from conformance.engine.faults import counted, linked
from conformance.engine.filling import fill_thread
from conformance.engine.making import make_what_is_needed, one_turn_begins
from conformance.engine.paging import LISTS, listed
from conformance.engine.querying import queried
from conformance.engine.sending import POLL, RUN, Recording, concluded, ready, sent
from conformance.engine.sight import action_of
from conformance.engine.stage import Stage
from conformance.model.outcome import Difference
from conformance.model.process import ProcessSeen, Restart
from conformance.model.scenario import Step
from conformance.model.transcript import Exchange, StepRecord

__all__ = ["perform"]

Performing = Generator[Effect, Observation, None]

LEFT: Final = 5.0  # seconds a server has for finishing a turn whose client left; measured turns take under 0.1 s.
# As many has a read whose lag is to be measured: a figure beyond its target is still a figure.

RUNS: Final = frozenset({"get_run", "get_response"})
POLLED: Final = frozenset(
    {*LISTS, *RUNS, "get_thread", "get_message", "get_assistant", "get_agent", "usage", "query", "sql", "connections"}
)


_DONE: Final[dict[str, Callable[[Stage, Step, str], Recording]]] = {
    "fill": fill_thread,
    "link": linked,
}


def perform(stage: Stage, step: Step, index: str) -> Performing:
    """
    Do one step, keep its record. Raises `NotMade`, and `Unplayable` where the profile cannot do it.
    """
    if step.process is not None:
        yield from _process(stage, step, index)
        return
    yield from make_what_is_needed(stage, step, index)
    yield from _settled(stage, step)
    if step.together is not None:
        yield from _together(stage, step, step.together, index)
    elif step.during is not None:
        yield from _during(stage, step, step.during, index)
    elif action_of(step) in POLLED:
        yield from _polled(stage, step, index)
    else:
        record = yield from _DONE.get(action_of(step), sent)(stage, step, index)
        stage.keep(step, record, stage.examine(step, record))


def _settled(stage: Stage, step: Step) -> Performing:
    """
    A prompt is read by the server, once: what it may show late has the time that the profile says.
    """
    settle = _seconds(stage.profile.settle)
    if settle and stage.records and step.expect is not None and step.expect.prompt is not None:
        yield fx.Pause(settle)


def _process(stage: Stage, step: Step, index: str) -> Performing:
    """
    Do something to the target's process.
    """
    act = step.process
    assert act is not None
    restart = step.restart or Restart()
    seen = yield fx.Process(act, step.server or 1, restart.zone, restart.servers)
    assert isinstance(seen, ProcessSeen)
    title = act if step.server is None else f"{act} process {step.server}"
    record = StepRecord(index=index, action=act, title=title, process=seen)
    stage.keep(step, record, stage.examine(step, record))


def _polled(stage: Stage, step: Step, index: str) -> Performing:
    """
    Look until the expectations hold or the profile's bound has passed; keep the last look, and how long it took.
    """
    look = _look_of(step)
    bound = _patience(stage, step)
    record = yield from look(stage, step, index)
    findings = stage.examine(step, record)
    attempts, lag = 1, 0.0
    if bound and _differs(findings):
        began = yield fx.Pause(POLL)
        while _differs(findings) and lag < bound:
            record = yield from look(stage, step, index)
            findings = stage.examine(step, record)
            attempts += 1
            now = yield fx.Pause(POLL if _differs(findings) else 0.0)
            assert isinstance(now, float)
            assert isinstance(began, float)
            lag = now - began + POLL
    elif (settle := _seconds(stage.profile.settle)) and _speaks_of_absence(step):
        yield fx.Pause(settle)
        record = yield from look(stage, step, index)
        findings = stage.examine(step, record)
        attempts += 1
    stage.keep(step, msgspec.structs.replace(record, attempts=attempts, lag=lag), findings)


def _speaks_of_absence(step: Step) -> bool:
    """
    What must not be there may come late: the first look proves nothing.
    """
    expect = step.expect
    if expect is None:
        return False
    lists = (expect.threads, expect.items)
    return expect.nowhere is not None or any(one is not None and bool(one.lacks) for one in lists)


def _is_timed(step: Step) -> bool:
    return step.expect is not None and step.expect.timing is not None and step.expect.timing.lag is not None


def _look_of(step: Step) -> Callable[[Stage, Step, str], Recording]:
    if action_of(step) in LISTS:
        return listed
    if step.connections is not None:
        return counted
    return queried if step.query is not None or step.sql is not None else sent


def _patience(stage: Stage, step: Step) -> float:
    """
    For how many seconds a read may be behind.
    """
    longest = LEFT if stage.left or _is_timed(step) or step.connections is not None else 0.0
    return max(_seconds(stage.profile.settle), longest, RUN if action_of(step) in RUNS else 0.0)


def _during(stage: Stage, step: Step, inner: list[Step], index: str) -> Performing:
    """
    Start a turn, do the inner steps while the upstream is held, then let it go on.
    """
    prepared = ready(stage, step, index)
    send = _opening(prepared.send, "steps")
    started = yield fx.Start(send)
    assert isinstance(started, fx.Started)
    for place, one in enumerate(inner, start=1):
        yield from perform(stage, one, f"{index}.{place}")
    exchange = yield fx.Finish(started.turn)
    assert isinstance(exchange, Exchange)
    record = yield from concluded(stage, step, index, prepared, exchange)
    record = msgspec.structs.replace(record, met=started.held)
    stage.keep(step, record, stage.examine(step, record))


def _opening(send: fx.Send, opens: Any) -> fx.Send:
    return replace(send, opens=opens)


def _together(stage: Stage, step: Step, members: list[Step], index: str) -> Performing:
    """
    Send all members at the same moment; each keeps a record of its own.
    """
    places = [f"{index}.{place}" for place in range(1, len(members) + 1)]
    for member, place in zip(members, places, strict=True):
        yield from make_what_is_needed(stage, member, place)
    one_turn_begins(stage, members)
    prepared = [ready(stage, member, place) for member, place in zip(members, places, strict=True)]
    opens = "met" if step.meet else "text"
    met = yield fx.Together(tuple(_opening(one.send, opens) for one in prepared), meet=step.meet is not None)
    assert isinstance(met, fx.Met)
    for member, place, one, exchange in zip(members, places, prepared, met.exchanges, strict=True):
        record = yield from concluded(stage, member, place, one, exchange)
        if step.meet:
            record = msgspec.structs.replace(record, met=met.met)
        stage.keep(member, record, stage.examine(member, record))


def _differs(findings: list[Finding]) -> bool:
    """
    Whether another look can help. It must not be taken for being late: that would be trying until it is fast.
    """
    return any(isinstance(one, Difference) and one.check != "timing" for one in findings)


def _seconds(duration: str) -> float:
    return float(duration[:-2]) / 1000 if duration.endswith("ms") else float(duration[:-1])
