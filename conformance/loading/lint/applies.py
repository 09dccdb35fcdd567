"""
Which expectations an action can meet at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conformance.errors import Problem
from conformance.loading.lint.actions import action_of
from conformance.loading.loaded import LoadedScenario
from conformance.loading.wording import listed

__all__ = ["APPLICABLE", "expectations_apply"]

_ANSWER: Final = ("status", "error", "headers", "body", "schema", "nowhere")
_THREAD: Final = (*_ANSWER, "thread")

APPLICABLE: Final[dict[str, tuple[str, ...]]] = {
    "chat": (*_ANSWER, "text", "stream", "prompt", "calls"),
    "create_thread": _THREAD,
    "get_thread": _THREAD,
    "list_threads": (*_ANSWER, "threads"),
    "update_thread": _THREAD,
    "delete_thread": _ANSWER,
    "list_messages": (*_ANSWER, "messages", "count"),
    "add_message": _ANSWER,
    "update_message": _ANSWER,
    "clear_messages": _ANSWER,
    "health": _ANSWER,
    "models": _ANSWER,
    "fill": (),
    "call": _ANSWER,
    "query": ("rows",),
    "sql": ("rows",),
    "together": (),
}


def expectations_apply(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        action = action_of(step)
        expected = step.raw.get("expect")
        if action is None or expected is None:
            continue
        if not APPLICABLE[action]:
            hint = "each of its steps has its own `expect`" if action == "together" else "look with `list_messages`"
            yield loaded.positions.at_key((*step.path, "expect"), f"`{action}` takes no `expect`", hint)
            continue
        for key in expected:
            if key not in APPLICABLE[action]:
                yield loaded.positions.at_key(
                    (*step.path, "expect", key), f"`{key}` cannot be seen in `{action}`", _hint(action, key)
                )


def _hint(action: str, key: str) -> str:
    shows = [name for name, seen in APPLICABLE.items() if key in seen]
    return f"`{key}` is for {listed(shows)}; `{action}` shows {listed(APPLICABLE[action])}"
