"""
What is known while a scenario is played: names, records so far, and what the profile allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from conformance.checks.finding import Finding
from conformance.engine.naming import Naming
from conformance.engine.scope import lookup_in
from conformance.engine.sight import look
from conformance.engine.support import steps_of
from conformance.model.outcome import Difference
from conformance.model.profile import Profile
from conformance.model.scenario import OPERATIONS, Scenario, Step
from conformance.model.transcript import StepRecord
from conformance.text import template

__all__ = ["Stage", "set_up"]

_NAMES_A_THREAD = (*OPERATIONS, "fill")


@dataclass(slots=True)
class Stage:
    """
    The state of one play. Only the play changes it; it performs nothing.

    `counts` is how many messages our own steps have put into each thread; `left` is set once a client has gone away
    in the middle of a turn.
    """

    scenario: Scenario
    profile: Profile
    naming: Naming
    bindings: dict[str, Any]
    named: dict[str, StepRecord] = field(default_factory=dict)
    records: list[StepRecord] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    left: bool = False
    failed: bool = False

    @property
    def lookup(self) -> Callable[[str], Any]:
        return lookup_in(self.bindings, self.named)

    def fill(self, value: Any) -> Any:
        return template.fill(value, self.lookup)

    @property
    def canaries(self) -> tuple[str, ...]:
        """
        The scenario's tokens that are bound.
        """
        return tuple(value for name, value in self.bindings.items() if name.split(".")[0] == "canary")

    @property
    def threads(self) -> tuple[str, ...]:
        """
        The ids of the scenario's threads that are bound.
        """
        return tuple(self.bindings[name] for name in thread_names(self.scenario) if name in self.bindings)

    def examine(self, step: Step, record: StepRecord) -> list[Finding]:
        """
        What the step's expectations find in a record that is not kept yet.
        """
        named = {**self.named, step.as_: record} if step.as_ else self.named
        return look(step, record, self.profile, lookup_in(self.bindings, named))

    def keep(self, step: Step, record: StepRecord, findings: list[Finding]) -> None:
        """
        Take a record into the transcript, and its name into the scope.
        """
        self.records.append(record)
        if step.as_:
            self.named[step.as_] = record
        self.failed = self.failed or any(isinstance(one, Difference) for one in findings)


def set_up(scenario: Scenario, example: dict[str, Any], profile: Profile, seed: int) -> Stage:
    """
    The state before the first step: examples, canaries and thread ids are bound.
    """
    naming = Naming(scenario, example, profile, seed)
    stage = Stage(scenario, profile, naming, {"run": naming.run, **example})
    for name in sorted(_canary_names(scenario)):
        stage.bindings[name] = naming.canary()
    for name in thread_names(scenario):
        if name in scenario.ids:
            stage.bindings[name] = str(stage.fill(scenario.ids[name]))
        elif profile.ids.thread == "client":
            stage.bindings[name] = naming.thread(name)
    return stage


def thread_names(scenario: Scenario) -> list[str]:
    """
    The names of the scenario's threads, in the order of their first use.
    """
    found = list(scenario.ids)
    for step in steps_of(scenario):
        for action in _NAMES_A_THREAD:
            name = getattr(getattr(step, action), "thread", None)
            if name is not None and name not in found:
                found.append(name)
    return found


def _canary_names(scenario: Scenario) -> set[str]:
    return {name for name in _placeholders(msgspec.to_builtins(scenario)) if name.split(".")[0] == "canary"}


def _placeholders(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield from (name for name, _ in template.names(tree))
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from _placeholders(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _placeholders(value)
