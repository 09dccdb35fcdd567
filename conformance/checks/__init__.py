"""
What is expected against what was observed: one pure function per field of `Expect`, named like it.

A check yields a `Difference` for everything that does not hold, and an `Unseen` for what could not be observed. To add
one: a field in `Expect`, a function in one of the modules here, a line in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from conformance.checks import api, store, upstream, wire
from conformance.checks import connections as open_ones
from conformance.checks import metrics as figures
from conformance.checks import timing as timings
from conformance.checks.conditions import NoCondition
from conformance.checks.finding import Finding, NotKept, NotShown
from conformance.checks.seen import Seen
from conformance.model.scenario import Expect
from conformance.model.transcript import Unseen, Witness

__all__ = ["CHECKS", "Check", "examine"]

Check = Callable[[Any, Seen], Iterator[Finding]]

CHECKS: Final[Mapping[str, Check]] = {
    "status": wire.status,
    "error": wire.error,
    "headers": wire.headers,
    "body": wire.body,
    "schema": wire.schema,
    "text": wire.text,
    "stream": wire.stream,
    "messages": api.messages,
    "count": api.count,
    "more": api.more,
    "thread": api.thread,
    "threads": api.threads,
    "items": api.items,
    "rows": store.rows,
    "prompt": upstream.prompt,
    "calls": upstream.calls,
    "asked": upstream.asked,
    "nowhere": upstream.nowhere,
    "timing": timings.timing,
    "metrics": figures.metrics,
    "connections": open_ones.connections,
}

_WITNESSES: Final[Mapping[str, Witness]] = {
    "messages": "api",
    "count": "api",
    "more": "api",
    "thread": "api",
    "threads": "api",
    "items": "api",
    "rows": "store",
    "prompt": "upstream",
    "calls": "upstream",
    "asked": "upstream",
}


def examine(expect: Expect | None, seen: Seen) -> list[Finding]:
    """
    Everything that one step's expectations find, the step's success first where nothing else is said of it.
    """
    findings = list(wire.success(expect, seen))
    if expect is not None:
        for name, check in CHECKS.items():
            want = getattr(expect, name)
            if want is not None:
                findings.extend(_found(name, check(want, seen), seen))
    return findings


def _found(name: str, check: Iterator[Finding], seen: Seen) -> Iterator[Finding]:
    """
    What a check finds, up to where it cannot go on.
    """
    witness = _WITNESSES.get(name, "wire")
    try:
        yield from check
    except NotKept:
        yield Unseen(witness=witness, reason=f"{name}: a text was too long to be kept and searched")
    except NotShown as absent:
        line = f"{name} cannot be compared: ${{{absent}}} was not shown in its step"
        yield seen.differs(name, witness, name, [line], f"${{{absent}}}", None)
    except NoCondition as wrong:
        yield Unseen(witness="wire", reason=f"{name}: {wrong}")
