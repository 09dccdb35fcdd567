"""
What a step needs and nobody made yet is made first: its thread, and whatever else the profile `makes`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import msgspec

from conformance.engine.effects import Effect, Observation
from conformance.engine.requests import Unplayable, placeholders
from conformance.engine.sending import sent
from conformance.engine.sight import action_of, begins_with_a_turn, operation_of
from conformance.engine.stage import Stage
from conformance.model.profile import Operation
from conformance.model.scenario import Step

__all__ = ["NotMade", "make_what_is_needed", "one_turn_begins"]

Making = Generator[Effect, Observation, None]


class NotMade(Exception):
    """
    The server gave what a step needs no id that can be read, so nothing more can be asked of it.
    """


def make_what_is_needed(stage: Stage, step: Step, index: str) -> Making:
    """
    Make a step's thread and the like before their first use. Raises `NotMade`, and `Unplayable` where that cannot be.
    """
    for name in [*_lacking(stage, step)]:
        yield from _make(stage, step, name, index)
    thread = getattr(getattr(step, action_of(step)), "thread", None)
    maker = stage.maker(step)
    if thread is not None and maker is not None:
        stage.owners.setdefault(thread, maker)
    if thread is not None and thread not in stage.bindings and step.create_thread is None:
        yield from _make_thread(stage, step, thread, index)


def one_turn_begins(stage: Stage, steps: Sequence[Step]) -> None:
    """
    Of turns at the same moment only one can begin a thread. Raises `Unplayable`.
    """
    threads = [getattr(getattr(step, action_of(step)), "thread", None) for step in steps]
    begun = [name for name in threads if name is not None and name not in stage.bindings]
    if len(set(begun)) < len(begun):
        raise Unplayable(f"{_begins(stage)}, so two turns cannot begin one at the same moment")


def _lacking(stage: Stage, step: Step) -> Iterator[str]:
    """
    What a step's request has a placeholder for, and neither the step nor anything before it gave.
    """
    operation = _operation(stage, step)
    action = getattr(step, action_of(step))
    if operation is None or not stage.profile.makes:
        return
    fields = getattr(action, "__struct_fields__", ())
    without = getattr(action, "without", None) or []
    given = {name for name in fields if getattr(action, name) is not None}
    given |= {*getattr(action, "set", {}), *([without] if isinstance(without, str) else without)}
    for name, making in stage.profile.makes.items():
        wanted = name in placeholders(operation.request) - given and making != step.operation
        if wanted and stage.making(step, name) not in stage.bindings:
            yield name


def _operation(stage: Stage, step: Step) -> Operation | None:
    if step.fill is None:
        return operation_of(step, stage.profile)
    return stage.profile.operations.get("add_message") or stage.profile.operations.get("chat")


def _make(stage: Stage, step: Step, name: str, index: str) -> Making:
    create = msgspec.convert({stage.profile.makes[name]: {}, "by": stage.maker(step)}, Step)
    record = yield from sent(stage, create, f"{index}.0")
    stage.keep(create, record, stage.examine(create, record))
    if stage.making(step, name) not in stage.bindings:
        raise NotMade(name)


def _make_thread(stage: Stage, step: Step, name: str, index: str) -> Making:
    if begins_with_a_turn(stage.profile):
        operation = _operation(stage, step)
        if operation is not None and operation.thread is not None:
            return
        # A turn that was answered and told no id is a finding; that the thread cannot be used is only its consequence.
        raise NotMade(name) if stage.failed else Unplayable(_begins(stage))
    create = msgspec.convert({"create_thread": {"thread": name}, "by": stage.maker(step)}, Step)
    yield from make_what_is_needed(stage, create, index)
    record = yield from sent(stage, create, f"{index}.0")
    stage.keep(create, record, stage.examine(create, record))
    if name not in stage.bindings:
        raise NotMade(name)


def _begins(stage: Stage) -> str:
    return f"in profile {stage.profile.profile} a thread begins with a turn"
