"""
Steps that disturb and count: the link between the target and its store, and its open connections.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine import effects as fx
from conformance.engine.sending import Recording
from conformance.engine.stage import Stage
from conformance.model.link import LinkSeen
from conformance.model.scenario import Step
from conformance.model.transcript import Connections, StepRecord, Unseen

__all__ = ["counted", "linked", "unmet_link"]


def linked(_stage: Stage, step: Step, index: str) -> Recording:
    """
    Do something to the link between the target and its store.
    """
    assert step.link is not None
    seen = yield fx.DisturbLink(step.link)
    assert isinstance(seen, LinkSeen)
    return StepRecord(index=index, action="link", title=f"link {step.link}", link=seen)


def counted(_stage: Stage, _step: Step, index: str) -> Recording:
    """
    Count the target's open connections.
    """
    seen = yield fx.Count()
    assert isinstance(seen, Connections)
    return StepRecord(index=index, action="connections", title="connections", connections=seen)


def unmet_link(record: StepRecord) -> Iterator[Unseen]:
    """
    A fault that hit nothing was not tried.
    """
    seen = record.link
    if seen is None or seen.struck or (seen.did != "cut" and seen.ended is None):
        return
    fault = seen.ended or seen.did
    reason = f"step {record.index}: {fault} met no traffic between target and store"
    yield Unseen(witness="store", reason=reason, by_chance=True)
