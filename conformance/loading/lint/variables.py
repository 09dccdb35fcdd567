"""
Placeholders: each must be bound where it stands.

A step's own name is bound in its `expect`, and after it. Steps of `together` are sent at the same moment, so none can
use what another brings; the steps of `during` end before the step that they interrupt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.errors import Problem
from conformance.loading.document import Path
from conformance.loading.lint.actions import ACTIONS, action_of
from conformance.loading.lint.names import RESERVED, SPOILT, strings, thread_names
from conformance.loading.loaded import LoadedScenario, LocatedStep
from conformance.loading.wording import listed
from conformance.model.scenario import ACTS
from conformance.text import template
from conformance.text.suggest import did_you_mean

__all__ = ["PARTS", "variables_are_bound"]

_THREAD: Final = ("status", "id", "thread", "body")

PARTS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(ACTIONS, ("status", "body")),
    "chat": ("text", "status", "id", "message", "answer", "body"),
    "create_thread": _THREAD,
    "get_thread": _THREAD,
    "update_thread": _THREAD,
    "list_messages": ("status", "count", "messages", "body"),
    "add_message": ("status", "id", "body"),
    "update_message": ("status", "id", "body"),
    **dict.fromkeys(ACTS, ("status", "id", "body", "text")),
    **dict.fromkeys(("archive_thread", "unarchive_thread", "share_thread"), _THREAD),
    "resend": ("text", "status", "body"),
    "connections": ("connections",),
    **dict.fromkeys(("fill", "spoil", "query", "sql", "together"), ()),
}
"""
What can be referred to of a step, by its action: `${turn.text}`.
"""

_NOT_ASKED: Final = frozenset({"expect", "together", "during", "as", "meet"})


@dataclass(slots=True)
class _Scope:
    """
    What is bound at one place: values, and steps that are done.
    """

    loaded: LoadedScenario
    values: frozenset[str]
    later: frozenset[str]
    steps: dict[str, tuple[str, ...]] = field(default_factory=dict)


def variables_are_bound(loaded: LoadedScenario) -> Iterator[Problem]:
    made = SPOILT if loaded.scenario.examples_from else ()
    constant = frozenset({*RESERVED, *loaded.scenario.examples, *made})
    saved = frozenset(step.step.as_ for step in loaded.all_steps() if step.step.as_)
    yield from _checked(_Scope(loaded, constant, saved), loaded.positions.value.get("ids"), ("ids",))
    scope = _Scope(loaded, constant | thread_names(loaded), saved)
    yield from _played(scope, loaded.steps)


def _played(scope: _Scope, steps: Sequence[LocatedStep]) -> Iterator[Problem]:
    for step in steps:
        yield from _asked(scope, step)
        members = step.inner("together")
        for member in members:
            yield from _asked(scope, member)
        for member in members:
            yield from _expected(scope, member)
        yield from _played(scope, step.inner("during"))
        yield from _expected(scope, step)


def _asked(scope: _Scope, step: LocatedStep) -> Iterator[Problem]:
    for key, value in step.raw.items():
        if key not in _NOT_ASKED:
            yield from _checked(scope, value, (*step.path, key))


def _expected(scope: _Scope, step: LocatedStep) -> Iterator[Problem]:
    if step.step.as_:
        scope.steps[step.step.as_] = PARTS[action_of(step) or "chat"]
    yield from _checked(scope, step.raw.get("expect"), (*step.path, "expect"))


def _checked(scope: _Scope, value: Any, path: Path) -> Iterator[Problem]:
    for place, text in strings(value, path):
        if "${" in text:
            yield from _text(scope, place, text)


def _text(scope: _Scope, path: Path, text: str) -> Iterator[Problem]:
    positions = scope.loaded.positions
    try:
        names = template.names(text)
    except template.TemplateError as mistake:
        fragment = text[mistake.column - 1 :].splitlines()[0]
        yield positions.at(path, mistake.problem, "write `${name}`", fragment=fragment)
        return
    for name, _ in names:
        wrong = _unbound(scope, name)
        if wrong:
            yield positions.at(path, *wrong, fragment=f"${{{name}}}")


def _unbound(scope: _Scope, name: str) -> tuple[str, str] | None:
    """
    What is wrong with a name, and what to do; nothing if it is bound.
    """
    head, rest = _split(name)
    numbered = head == "malformed-thread" and rest[1:].isdigit()
    if name in scope.values or numbered or (head == "canary" and rest.startswith(".")):
        return None
    if head in scope.values:
        return f"`${{{name}}}`: `{head}` is a single value", f"write `${{{head}}}`"
    if head in scope.steps:
        return _part(name, head, rest, scope.steps[head])
    if head in scope.later:
        return f"`${{{name}}}` is not bound yet", f"`{head}` is the name of a step that is not done here"
    return f"nothing binds `${{{name}}}`", _bound(scope, head)


def _part(name: str, head: str, rest: str, parts: Sequence[str]) -> tuple[str, str] | None:
    part = _split(rest[1:])[0]
    if rest.startswith(".") and part in parts:
        return None
    near = did_you_mean(part, parts)
    known = listed(f"{head}.{one}" for one in parts) or "nothing to refer to"
    hint = f"did you mean `${{{head}.{near}}}`?" if near else f"`{head}` has {known}"
    return f"`${{{name}}}` is no part of that step", hint


def _bound(scope: _Scope, head: str) -> str:
    known = [*scope.steps, *sorted(scope.values)]
    near = did_you_mean(head, known)
    return f"did you mean `{near}`?" if near else f"bound here: {listed(known)}"


def _split(name: str) -> tuple[str, str]:
    end = next((place for place, sign in enumerate(name) if sign in ".["), len(name))
    return name[:end], name[end:]
