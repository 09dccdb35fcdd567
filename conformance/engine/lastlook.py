"""
A last look at the threads of a scenario that went well: its turns must be listed and stored, whether it asked or not.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Final

import msgspec

from conformance.engine.afterwards import listed_after, rows_after
from conformance.engine.effects import Effect, Observation, Pause
from conformance.engine.sameness import END, is_whole, settling, unlike
from conformance.engine.sending import POLL
from conformance.engine.stage import Stage
from conformance.engine.support import indexed
from conformance.engine.turns import Turn, is_clear, turns_of
from conformance.model.transcript import StepRecord

__all__ = ["last_look"]

Looking = Generator[Effect, Observation, None]

THREADS: Final = 2
MESSAGES: Final = 40  # a list of more costs more than it tells: scenarios about long threads read them themselves


def last_look(stage: Stage, witnesses: frozenset[str]) -> Looking:
    """
    List each thread that was not listed since its last turn, and query it; until all is there, or could be.
    """
    for turn in _last_turns(stage)[:THREADS]:
        looks = [*_unlisted(stage, turn), *(["query"] if "store" in witnesses else [])]
        for look in looks:
            yield from _until_there(stage, turn, look)


def _until_there(stage: Stage, turn: Turn, action: str) -> Looking:
    steps = dict(indexed(stage.scenario.steps))
    began = yield Pause(0.0)
    assert isinstance(began, float)
    now = began
    while True:
        record = yield from (listed_after if action == "list_messages" else rows_after)(stage, turn.thread)
        record = msgspec.structs.replace(record, index=END)
        late = now - began > settling(stage.profile.settle)
        if late or all(one is None for one in unlike([*stage.records, record], steps, stage.profile, only=record)):
            stage.records.append(record)
            return
        paused = yield Pause(POLL)
        assert isinstance(paused, float)
        now = paused


def _last_turns(stage: Stage) -> list[Turn]:
    """
    The last turn of each thread, where nothing has happened since that could change what it left.
    """
    steps = dict(indexed(stage.scenario.steps))
    last = {turn.thread: turn for turn in turns_of(stage.records, steps, stage.profile)}
    found = [turn for turn in last.values() if turn.plain and turn.text is not None]
    return [turn for turn in found if _is_short(stage, turn) and is_clear(turn, None, stage.records, steps)]


def _is_short(stage: Stage, turn: Turn) -> bool:
    return turn.thread in stage.bindings and stage.counts.get(turn.thread, 0) <= MESSAGES


def _unlisted(stage: Stage, turn: Turn) -> Iterator[str]:
    steps = dict(indexed(stage.scenario.steps))
    if "list_messages" in stage.profile.operations and not any(
        _lists(steps, record, turn) for record in _behind(stage.records, turn)
    ):
        yield "list_messages"


def _behind(records: Sequence[StepRecord], turn: Turn) -> Iterator[StepRecord]:
    return (one for one in records if one.exchanges and one.exchanges[0].started >= turn.exchange.ended_at)


def _lists(steps: object, record: StepRecord, turn: Turn) -> bool:
    assert isinstance(steps, dict)
    listing = steps[record.index].list_messages if record.index in steps else None
    return listing is not None and listing.thread == turn.thread and is_whole(listing)
