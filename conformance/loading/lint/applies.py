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
from conformance.model.process import PROCESS
from conformance.model.scenario import ACTS

__all__ = ["APPLICABLE", "TIMED", "expectations_apply", "timings_apply"]

_ANSWER: Final = ("status", "error", "headers", "body", "schema", "nowhere", "timing")
_THREAD: Final = (*_ANSWER, "thread")
_TURN: Final = (*_ANSWER, "text", "stream", "prompt", "calls", "asked")

APPLICABLE: Final[dict[str, tuple[str, ...]]] = {
    "chat": _TURN,
    "create_thread": _THREAD,
    "get_thread": _THREAD,
    "list_threads": (*_ANSWER, "threads"),
    "update_thread": _THREAD,
    "delete_thread": _ANSWER,
    "list_messages": (*_ANSWER, "messages", "count", "more"),
    "add_message": _ANSWER,
    "update_message": _ANSWER,
    "clear_messages": _ANSWER,
    "health": _ANSWER,
    "models": _ANSWER,
    **dict.fromkeys(ACTS, _ANSWER),
    **dict.fromkeys(("archive_thread", "unarchive_thread", "share_thread"), _THREAD),
    **dict.fromkeys(("create_run", "submit_tools", "regenerate"), _TURN),
    **dict.fromkeys(("export_thread", "get_message", "get_run", "get_response"), (*_ANSWER, "text")),
    **dict.fromkeys(("search", "list_assistants", "list_runs", "list_steps", "list_agents"), (*_ANSWER, "items")),
    "metrics": (*_ANSWER, "metrics"),
    "fill": (),
    "spoil": _ANSWER,
    "call": _ANSWER,
    "query": ("rows", "timing"),
    "sql": ("rows", "timing"),
    **dict.fromkeys(PROCESS, ()),
    "link": (),
    "resend": _TURN,
    "connections": ("connections",),
    "together": (),
}

TIMED: Final[dict[str, tuple[str, ...]]] = {
    "first_text": ("chat",),
    "rate": ("chat",),
    "took": tuple(name for name, shown in APPLICABLE.items() if "status" in shown),
    "lag": ("list_messages", "list_threads", "get_thread", "query", "sql"),
}
"""
What can be measured in which action: an answer's text, an exchange, a read that is repeated.
"""


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


def timings_apply(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        action = action_of(step)
        timing = step.step.expect.timing if step.step.expect is not None else None
        for key in TIMED if timing is not None and action is not None else ():
            if getattr(timing, key) is not None and action not in TIMED[key]:
                text = f"`{key}` cannot be measured in `{action}`"
                yield loaded.positions.at_key(
                    (*step.path, "expect", "timing", key), text, f"it is for {listed(TIMED[key])}"
                )


def _hint(action: str, key: str) -> str:
    shows = [name for name, seen in APPLICABLE.items() if key in seen]
    return f"`{key}` is for {listed(shows)}; `{action}` shows {listed(APPLICABLE[action])}"
