"""
Connections that a target keeps open, against those of an earlier step: what does not come back is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.checks.conditions import holds
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.model.expect import ConnectionsMatch
from conformance.model.transcript import Connections, Unseen, Witness

__all__ = ["connections"]


def connections(want: ConnectionsMatch, seen: Seen) -> Iterator[Finding]:
    """
    How many more are open than before, to the model and to the store.
    """
    before, now = seen.fill(want.since), seen.record.connections
    if want.upstream is not None:
        yield from _grown("upstream", seen.string(want.upstream), before, now, seen)
    if want.store is not None:
        yield from _grown("store", seen.string(want.store), before, now, seen)


def _grown(name: Witness, wanted: str, before: Any, now: Connections | None, seen: Seen) -> Iterator[Finding]:
    first, last = getattr(before, name, None), getattr(now, name, None)
    if first is None or last is None:
        yield Unseen(witness=name, reason=f"connections.{name}: nobody counts the connections to the {name}")
    elif not holds(wanted, last - first):
        line = f"{last} connections to the {name} are open, {last - first} more than before; expected {wanted} more"
        yield seen.differs("connections", name, f"connections.{name}", [line], wanted, last - first)
