"""
The operations that a profile declares besides the turn and its list: each in the shortest scenario that calls it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from conformance.checkup.finding import Finding
from conformance.engine.requests import placeholders
from conformance.model.outcome import Outcome
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario

__all__ = ["calls", "read"]

_TURN: Final[Mapping[str, Any]] = {"chat": {"thread": "t", "say": "Hello ${canary}"}}
_STEPS: Final[Mapping[str, Sequence[Mapping[str, Any]]]] = {
    "chat_unstreamed": [
        {"chat": {"thread": "t", "say": "Hello ${canary}", "stream": False}, "expect": {"text": {"not": ""}}}
    ],
    "get_thread": [_TURN, {"get_thread": {"thread": "t"}, "as": "read", "expect": {"thread": {"id": "${t}"}}}],
    "list_threads": [_TURN, {"list_threads": {}, "expect": {"threads": {"has": ["t"]}}}],
    "add_message": [{"add_message": {"thread": "t", "role": "user", "text": "Hello ${canary}"}}],
    "delete_thread": [_TURN, {"delete_thread": {"thread": "t"}}],
    "health": [{"health": {}}],
    "models": [{"models": {}}],
}


def calls(profile: Profile) -> Iterator[Scenario]:
    """
    One scenario for each operation that can be tried without harm.
    """
    for name, steps in {**_STEPS, "update_thread": _change(profile)}.items():
        if name in profile.operations:
            value = {"id": f"doctor/{name.replace('_', '-')}", "title": name, "steps": list(steps)}
            yield msgspec.convert(value, Scenario)


def read(outcome: Outcome) -> Finding:
    """
    What came of one of them.
    """
    about = f"operation {outcome.title}"
    if outcome.kind == "passed":
        return Finding(about=about, state="ok", said="works as declared")
    if outcome.kind != "failed":
        return Finding(about=about, state="not seen", said=outcome.reason or outcome.kind)
    lines = [line for one in outcome.differences for line in one.lines[:1]]
    said = lines[0] if lines else "it does not work"
    return Finding(
        about=about, state="wrong", said=said, fix=f"correct `{outcome.title}`, or take it out of the profile"
    )


def _change(profile: Profile) -> list[Mapping[str, Any]]:
    """
    A new title where the profile's request has one, else other metadata.
    """
    operation = profile.operations.get("update_thread")
    titled = operation is not None and "title" in placeholders(operation.request)
    change = {"title": "Seen by the doctor"} if titled else {"metadata": {"seen": "by the doctor"}}
    return [_TURN, {"update_thread": {"thread": "t", **change}}]
