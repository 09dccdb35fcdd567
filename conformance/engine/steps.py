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
from conformance.engine.filling import fill_thread
from conformance.engine.making import make_what_is_needed, one_turn_begins
from conformance.engine.paging import LISTS, listed
from conformance.engine.prepare import prepare
from conformance.engine.querying import queried
from conformance.engine.sending import POLL, RUN, Recording, concluded, sent
from conformance.engine.sight import action_of
from conformance.engine.stage import Stage
from conformance.model.outcome import Difference
from conformance.model.scenario import Step
from conformance.model.transcript import Exchange

__all__ = ["perform"]

Performing = Generator[Effect, Observation, None]

LEFT: Final = 5.0  # seconds a server has for finishing a turn whose client left; measured turns take under 0.1 s.
# As many has a read whose lag is to be measured: a figure beyond its target is still a figure.

RUNS: Final = frozenset({"get_run", "get_response"})
POLLED: Final = frozenset(
    {*LISTS, *RUNS, "get_thread", "get_message", "get_assistant", "get_agent", "usage", "query", "sql"}
)


def perform(stage: Stage, step: Step, index: str) -> Performing:
    """
    Do one step, keep its record. Raises `NotMade`, and `Unplayable` where the profile cannot do it.
    """
    yield from make_what_is_needed(stage, step, index)
    if step.together is not None:
        yield from _together(stage, step, step.together, index)
    elif step.during is not None:
        yield from _during(stage, step, step.during, index)
    elif action_of(step) in POLLED:
        yield from _polled(stage, step, index)
    else:
        record = yield from (fill_thread if step.fill is not None else sent)(stage, step, index)
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
    stage.keep(step, msgspec.structs.replace(record, attempts=attempts, lag=lag), findings)


def _is_timed(step: Step) -> bool:
    return step.expect is not None and step.expect.timing is not None and step.expect.timing.lag is not None


def _look_of(step: Step) -> Callable[[Stage, Step, str], Recording]:
    if action_of(step) in LISTS:
        return listed
    return queried if step.query is not None or step.sql is not None else sent


def _patience(stage: Stage, step: Step) -> float:
    """
    For how many seconds a read may be behind.
    """
    longest = LEFT if stage.left or _is_timed(step) else 0.0
    return max(_seconds(stage.profile.settle), longest, RUN if action_of(step) in RUNS else 0.0)


def _during(stage: Stage, step: Step, inner: list[Step], index: str) -> Performing:
    """
    Start a turn, do the inner steps while the upstream is held, then let it go on.
    """
    prepared = prepare(stage, step, index)
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
    ready = [prepare(stage, member, place) for member, place in zip(members, places, strict=True)]
    opens = "met" if step.meet else "text"
    met = yield fx.Together(tuple(_opening(one.send, opens) for one in ready), meet=step.meet is not None)
    assert isinstance(met, fx.Met)
    for member, place, one, exchange in zip(members, places, ready, met.exchanges, strict=True):
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
