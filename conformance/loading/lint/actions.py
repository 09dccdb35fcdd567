"""
What a step does, and what belongs together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from conformance.errors import Problem
from conformance.loading.loaded import LoadedScenario, LocatedStep
from conformance.loading.wording import listed, suggestion
from conformance.model.process import PROCESS
from conformance.model.scenario import ACTS, OPERATIONS

__all__ = [
    "ACTIONS",
    "PLACEHOLDERS",
    "action_of",
    "askers_ask_something",
    "during_needs_a_hold",
    "exactly_one_action",
    "meet_needs_held_members",
    "members_can_be_together",
    "only_placeholders_are_changed",
    "scripts_have_a_turn",
    "together_has_no_name",
]

ACTIONS: Final = (
    *(*OPERATIONS, "fill", "spoil", "call", "query", "sql", *PROCESS),
    *("link", "resend", "connections", "together"),
)

PLACEHOLDERS: Final = (
    *("thread", "text", "message", "answer", "system", "tools", "title", "metadata", "role", "name"),
    *("tool_calls", "tool_call_id", "assistant", "run", "agent", "response", "item", "query", "format"),
    *("limit", "offset", "order", "after", "before", "archived"),
    # only by `set`
    *("model_name", "parent", "branch", "branches", "parameters", "timeout", "shared", "scope", "period"),
    *("instructions", "items", "input", "keep", "window"),
    *("more_instructions", "messages", "description", "outputs", "wait"),
)
"""
What a profile's requests can leave to the step.
"""

_ASK_NOBODY: Final = ("query", "sql", *PROCESS, "link", "resend", "connections", "together")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_NO_MEMBERS: Final = ("fill", "spoil", "query", "sql", *PROCESS, "link", "connections", "together")


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
        unread = step.step.chat is not None and step.step.chat.unread is not None
        if step.step.during is not None and _holds(loaded, step) is None and not unread:
            hint = "give the chat `model: {hold: first-token}` (or another gate), or `unread: first-text`"
            text = "`during` needs a chat whose `model` holds the upstream"
            yield loaded.positions.at_key((*step.path, "during"), text, hint)


def askers_ask_something(loaded: LoadedScenario) -> Iterator[Problem]:
    """
    `by` is whose credential goes with a request: a step must send one, and a principal have a name.
    """
    for step in loaded.all_steps():
        by, action = step.step.by, action_of(step)
        if by is None or action is None:
            continue
        if action in _ASK_NOBODY:
            hint = (
                "name it at each of its steps" if action == "together" else "the store is read with its own credentials"
            )
            yield loaded.positions.at_key((*step.path, "by"), f"`by` says nothing at `{action}`", hint)
        elif not _NAME.fullmatch(by):
            hint = "a principal of the profile, such as `bob`; or `nobody`, `stranger`"
            yield loaded.positions.at((*step.path, "by"), f"`{by}` is no name of a principal", hint)


def scripts_have_a_turn(loaded: LoadedScenario) -> Iterator[Problem]:
    """
    What the model does is known by what the user said.
    """
    for step in loaded.all_steps():
        action = action_of(step)
        act = getattr(step.step, action) if action in ACTS else None
        if act is not None and act.model is not None and act.say is None:
            hint = "say after which text of the user's the model does that: `say: ...`"
            yield loaded.positions.at_key((*step.path, str(action), "model"), "`model` without `say`", hint)


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


def _holds(loaded: LoadedScenario, step: LocatedStep) -> str | None:
    """
    The gate of a step's script, or of the scripts that it can name.
    """
    turn = step.step.turn
    named = turn is not None and turn.model is not None and turn.model.script is not None
    held = [one.hold for one in loaded.scenario.scripts.values()] if named else []
    return _hold(step) or (held[0] if held and all(held) else None)


def _hold(step: LocatedStep) -> str | None:
    turn = step.step.turn
    return turn.model.hold if turn and turn.model else None


def _unheld(loaded: LoadedScenario, member: LocatedStep, gate: str) -> Iterator[Problem]:
    if member.step.turn is None and action_of(member) is not None:
        yield loaded.positions.at(member.path, "only turns can meet at a gate", "put other steps elsewhere")
    elif (held := _hold(member)) is None:
        yield loaded.positions.at(
            member.path, f"this chat is to meet at {gate}, but does not hold", f"give it `model: {{hold: {gate}}}`"
        )
    elif held != gate:
        path = (*member.path, str(action_of(member)), "model", "hold")
        yield loaded.positions.at(
            path, f"this chat holds at {held}, the others meet at {gate}", f"write `hold: {gate}`"
        )
