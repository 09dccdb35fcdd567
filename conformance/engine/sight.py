"""
One step's record seen through its expectations; the same function serves the play (for polling) and the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from conformance.checks import examine
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.model.outcome import Difference
from conformance.model.profile import Operation, OperationName, Profile
from conformance.model.scenario import OPERATIONS, Expect, Step
from conformance.model.transcript import StepRecord, Unseen

__all__ = ["action_of", "begins_with_a_turn", "look", "operation_of", "seen_of"]

_FAULTS: Final = ("refuse", "cut_after", "stall_after", "malformed_after", "error_after")


def look(
    step: Step, record: StepRecord, profile: Profile, lookup: Callable[[str], Any], *times: float
) -> list[Finding]:
    """
    Everything that the step's expectations find in its record. `times` are `late` and `waited`: see `Seen`.
    """
    seen = seen_of(step, record, profile, lookup, *times)
    return [*examine(step.expect, seen), *_undone(seen), *_unplayed(step, record), *_unnamed(step, seen)]


def seen_of(
    step: Step,
    record: StepRecord,
    profile: Profile,
    lookup: Callable[[str], Any],
    late: float = 0.0,
    waited: float = 0.0,
) -> Seen:
    """
    What the checks of a step may look at.
    """
    left = step.chat is not None and step.chat.leave is not None
    told = step.fill is None and step.resend is None
    operation = operation_of(step, profile) if told else _filling(record, profile)
    # Of steps at once, each waits while the others work: the sum of that would excuse a server that takes one by one.
    alone = "." not in record.index
    return Seen(record, profile, operation, lookup, left, late, waited if alone else 0.0)


def _undone(seen: Seen) -> Iterator[Difference]:
    """
    A process that did not do what it was told.
    """
    process = seen.record.process
    if process is not None and process.problem is not None:
        yield seen.differs("success", "wire", "process", [process.problem], process.did, None)


def _unplayed(step: Step, record: StepRecord) -> Iterator[Unseen]:
    """
    A script that no call of the model followed was not tried, whatever the answer was.
    """
    script = step.turn.model if step.turn is not None else None
    if script is None or record.calls != []:
        return
    expect = step.expect or Expect()
    faulty = any(getattr(script, name) is not None for name in _FAULTS) or not script.done
    if expect.calls is None and (faulty or (expect.status is None and expect.error is None)):
        reason = f"step {record.index}: the target did not call its model, so the scripted answer was not played"
        yield Unseen(witness="upstream", reason=reason, by_chance=True)


def action_of(step: Step) -> str:
    """
    Which action a step does, by its key.
    """
    if step.process is not None:
        return step.process
    others = ("fill", "spoil", "call", "query", "sql", "link", "resend", "connections", "together")
    return next(name for name in (*OPERATIONS, *others) if getattr(step, name) is not None)


def operation_of(step: Step, profile: Profile) -> Operation | None:
    """
    The profile's operation that a step calls, if it is one.
    """
    return profile.operations.get(step.operation) if step.operation is not None else None


def begins_with_a_turn(profile: Profile) -> bool:
    """
    Whether threads are made by their first turn, and named by the server.
    """
    return profile.ids.thread == "server" and "create_thread" not in profile.operations


def _unnamed(step: Step, seen: Seen) -> Iterator[Difference]:
    """
    A first turn was answered, and no id of its thread can be read: no step after it could speak of that thread.
    """
    action = step.chat or step.fill
    if action is None or seen.operation is None or seen.exchange is None or not begins_with_a_turn(seen.profile):
        return
    answered = seen.exchange.status in seen.operation.status and seen.exchange.ended == "clean"
    try:
        seen.lookup(action.thread)
    except KeyError:
        if answered:
            line = f"no id of the new thread {action.thread} can be read from the answer"
            yield seen.differs("success", "wire", "id", [line], "an id", None)


def _filling(record: StepRecord, profile: Profile) -> Operation | None:
    return profile.operations.get(_as_operation(record.exchanges[-1].operation)) if record.exchanges else None


def _as_operation(name: str) -> OperationName:
    return name  # type: ignore[return-value] # looked up in a mapping, where any other name is simply absent
