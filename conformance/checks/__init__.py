"""
What is expected against what was observed: one pure function per field of `Expect`, named like it.

A check yields a `Difference` for everything that does not hold, and an `Unseen` for what could not be observed. To add
one: a field in `Expect`, a function in one of the modules here, a line in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from conformance.checks import api, store, upstream, wire
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.model.scenario import Expect

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
    "thread": api.thread,
    "threads": api.threads,
    "rows": store.rows,
    "prompt": upstream.prompt,
    "calls": upstream.calls,
    "nowhere": upstream.nowhere,
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
                findings.extend(check(want, seen))
    return findings
