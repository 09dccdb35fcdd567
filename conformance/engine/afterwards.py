"""
After a failure: look once more at every place where the facts may still be, so that the report can say which one lost
them. And at the end: delete what is ours.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

import msgspec

from conformance.engine import effects as fx
from conformance.engine.effects import Effect, Observation
from conformance.engine.paging import listed
from conformance.engine.prepare import prepare
from conformance.engine.stage import Stage, thread_names
from conformance.model.scenario import Step
from conformance.model.transcript import Exchange, StepRecord, Unseen

__all__ = ["AFTER", "afterwards", "listed_after", "rows_after", "tidy_up"]

Looking = Generator[Effect, Observation, StepRecord]

AFTER: Final = "after"
"""
The index of the records made after the steps; they are shown, never judged.
"""

ROWS: Final = "SELECT role, text FROM messages WHERE thread_id = :p0 ORDER BY position"
THREADS: Final = 2  # a failure concerns one thread, or one and its neighbour


def afterwards(stage: Stage, witnesses: frozenset[str]) -> Generator[Effect, Observation, None]:
    """
    List and query the first threads of a scenario that failed.
    """
    names = [name for name in thread_names(stage.scenario) if name in stage.bindings]
    for name in names[:THREADS]:
        if "list_messages" in stage.profile.operations:
            stage.records.append((yield from listed_after(stage, name)))
        if "store" in witnesses:
            stage.records.append((yield from rows_after(stage, name)))


def listed_after(stage: Stage, name: str) -> Looking:
    """
    A thread's list as whoever used it first sees it.
    """
    step = msgspec.convert({"list_messages": {"thread": name}, "by": stage.owners.get(name)}, Step)
    record = yield from listed(stage, step, AFTER)
    return msgspec.structs.replace(record, title=f"list_messages {name}")


def rows_after(stage: Stage, name: str) -> Looking:
    """
    The rows of a thread.
    """
    thread = stage.bindings[name]
    seen = yield fx.Query(ROWS, {"p0": thread}, (thread,))
    record = StepRecord(index=AFTER, action="query", title=f"rows of {name}")
    if isinstance(seen, Unseen):
        return msgspec.structs.replace(record, unseen=[seen])
    return msgspec.structs.replace(record, rows=list(seen.rows)) if isinstance(seen, fx.Rows) else record


def tidy_up(stage: Stage) -> Generator[Effect, Observation, list[str]]:
    """
    Delete the scenario's threads and what else was made; returns the ids of what the server did not let us delete.
    """
    left: list[str] = []
    for made, step in [*_threads(stage), *_makings(stage)]:
        if step is None or not (yield from _deleted(stage, step)):
            left.append(made)
    return left


def _threads(stage: Stage) -> Iterator[tuple[str, Step | None]]:
    for name in thread_names(stage.scenario):
        if name not in stage.bindings:
            continue
        value = {"delete_thread": {"thread": name}, "by": stage.owners.get(name)}
        able = "delete_thread" in stage.profile.operations
        yield str(stage.bindings[name]), msgspec.convert(value, Step) if able else None


def _makings(stage: Stage) -> Iterator[tuple[str, Step | None]]:
    """
    What the profile `makes` and somebody of this scenario made, with the step that deletes it.
    """
    for key, made in stage.bindings.items():
        head, _, rest = key.partition(".")
        by, _, name = rest.rpartition(".")
        if head == "made" and name in stage.profile.makes:
            able = f"delete_{name}" in stage.profile.operations
            value = {f"delete_{name}": {name: str(made)}, "by": by or None}
            yield f"{name} {made}", msgspec.convert(value, Step) if able else None


def _deleted(stage: Stage, step: Step) -> Generator[Effect, Observation, bool]:
    exchange = yield prepare(stage, step, AFTER).send
    assert isinstance(exchange, Exchange)
    return exchange.status is not None and (exchange.status < 400 or exchange.status in stage.profile.errors.missing)
