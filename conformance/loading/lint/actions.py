"""
What a step does, and what belongs together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conformance.errors import Problem
from conformance.loading.loaded import LoadedScenario, LocatedStep
from conformance.loading.wording import listed, suggestion
from conformance.model.scenario import OPERATIONS

__all__ = [
    "ACTIONS",
    "PLACEHOLDERS",
    "action_of",
    "during_needs_a_hold",
    "exactly_one_action",
    "meet_needs_held_members",
    "members_can_be_together",
    "only_placeholders_are_changed",
    "together_has_no_name",
]

ACTIONS: Final = (*OPERATIONS, "fill", "call", "query", "sql", "together")

PLACEHOLDERS: Final = (
    "thread",
    "text",
    "message",
    "answer",
    "system",
    "tools",
    "title",
    "metadata",
    "role",
    "name",
    "tool_calls",
    "tool_call_id",
    "limit",
    "order",
    "after",
)
"""
What a profile's requests can leave to the step.
"""

_NO_MEMBERS: Final = ("fill", "query", "sql", "together")


def action_of(step: LocatedStep) -> str | None:
    """
    The step's action, if it has exactly one.
    """
    actions = _actions(step)
    return actions[0] if len(actions) == 1 else None


def exactly_one_action(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        actions = _actions(step)
        if not actions:
            yield _without_action(loaded, step)
        elif len(actions) > 1:
            text = f"a step does one thing, this one does {len(actions)}: {listed(actions)}"
            yield loaded.positions.at_key((*step.path, actions[1]), text, "make each a step of its own")


def members_can_be_together(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        if step.step.together == []:
            yield loaded.positions.at((*step.path, "together"), "`together` is empty", "list the steps")
        for member in step.inner("together"):
            wrong = [key for key in (*_NO_MEMBERS, "during") if member.raw.get(key) is not None]
            if wrong:
                text = f"`{wrong[0]}` cannot be sent together with others"
                hint = "members of `together` are single requests: operations and `call`"
                yield loaded.positions.at_key((*member.path, wrong[0]), text, hint)


def together_has_no_name(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        if step.step.together is not None and step.step.as_ is not None:
            hint = "name the steps within it"
            yield loaded.positions.at_key((*step.path, "as"), "`together` has nothing that a name could refer to", hint)


def meet_needs_held_members(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        if step.step.meet is None:
            continue
        if step.step.together is None:
            hint = "`meet` says at which gate the chats of `together` wait for each other"
            yield loaded.positions.at_key((*step.path, "meet"), "`meet` without `together`", hint)
        for member in step.inner("together"):
            yield from _unheld(loaded, member, step.step.meet)


def during_needs_a_hold(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        if step.step.during is not None and _hold(step) is None:
            hint = "give the chat `model: {hold: first-token}` (or another gate)"
            text = "`during` needs a chat whose `model` holds the upstream"
            yield loaded.positions.at_key((*step.path, "during"), text, hint)


def only_placeholders_are_changed(loaded: LoadedScenario) -> Iterator[Problem]:
    """
    `set` and `without` name what the profile's requests fill in.
    """
    for step in loaded.all_steps():
        action = action_of(step)
        asked = step.raw[action] if action in OPERATIONS else {}
        without = asked.get("without") or []
        paths = (
            [(("without",), without)]
            if isinstance(without, str)
            else [(("without", place), name) for place, name in enumerate(without)]
        )
        for name in asked.get("set") or {}:
            if name not in PLACEHOLDERS:
                hint = suggestion(name, PLACEHOLDERS)
                yield loaded.positions.at_key(
                    (*step.path, str(action), "set", name), f"no request fills in `{name}`", hint
                )
        for path, name in paths:
            if name not in PLACEHOLDERS:
                hint = suggestion(name, PLACEHOLDERS)
                yield loaded.positions.at((*step.path, str(action), *path), f"no request fills in `{name}`", hint)


def _actions(step: LocatedStep) -> list[str]:
    return [key for key in step.raw if key in ACTIONS and step.raw[key] is not None]


def _without_action(loaded: LoadedScenario, step: LocatedStep) -> Problem:
    bare = next((key for key in step.raw if key in ACTIONS), None)
    if bare is not None:
        return loaded.positions.at_key((*step.path, bare), f"`{bare}` has no value", f"write `{bare}: {{}}`")
    return loaded.positions.at(step.path, "the step does nothing", f"one of: {listed(ACTIONS)}")


def _hold(step: LocatedStep) -> str | None:
    chat = step.step.chat
    return chat.model.hold if chat and chat.model else None


def _unheld(loaded: LoadedScenario, member: LocatedStep, gate: str) -> Iterator[Problem]:
    if action_of(member) not in ("chat", None):
        yield loaded.positions.at(member.path, "only chats can meet at a gate", "put other steps elsewhere")
    elif (held := _hold(member)) is None:
        yield loaded.positions.at(
            member.path, f"this chat is to meet at {gate}, but does not hold", f"give it `model: {{hold: {gate}}}`"
        )
    elif held != gate:
        path = (*member.path, "chat", "model", "hold")
        yield loaded.positions.at(
            path, f"this chat holds at {held}, the others meet at {gate}", f"write `hold: {gate}`"
        )
