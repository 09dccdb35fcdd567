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
from conformance.engine.prepared import Prepared
from conformance.engine.scope import lookup_in
from conformance.engine.sight import look
from conformance.engine.support import steps_of
from conformance.model.outcome import Difference
from conformance.model.profile import NOBODY, STRANGER, Profile
from conformance.model.scenario import OPERATIONS, Scenario, Step
from conformance.model.transcript import StepRecord
from conformance.text import template

__all__ = ["Stage", "set_up"]

_NAMES_A_THREAD = (*OPERATIONS, "fill")


@dataclass(slots=True)
class Stage:
    """
    The state of one play. Only the play changes it; it performs nothing.

    `counts` is how many messages our own steps have put into each thread; `owners` is who used each thread first.
    `left` is set once a client has gone away in the middle of a turn. `prepared` has the requests of named steps.
    """

    scenario: Scenario
    profile: Profile
    naming: Naming
    bindings: dict[str, Any]
    named: dict[str, StepRecord] = field(default_factory=dict)
    records: list[StepRecord] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    left: bool = False
    prepared: dict[str, Prepared] = field(default_factory=dict)
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

    def asker(self, step: Step) -> str | None:
        """
        Whose credential goes with a step; nothing where the profile has none.
        """
        return None if self.profile.auth is None else step.by or next(iter(self.profile.principals), None)

    def maker(self, step: Step) -> str | None:
        """
        Who makes what a step needs: whoever asks, or the first principal for one who could make nothing.
        """
        asker = self.asker(step)
        return next(iter(self.profile.principals), None) if asker in (NOBODY, STRANGER) else asker

    def making(self, step: Step, name: str) -> str:
        """
        Under which name the id of what the profile `makes` is bound, for whoever asks in a step.
        """
        return ".".join(part for part in ("made", self.maker(step), name) if part is not None)

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
    named = set(_placeholders(msgspec.to_builtins(scenario)))
    for name in sorted(name for name in named if name.split(".")[0] == "canary"):
        stage.bindings[name] = naming.canary()
    targets = msgspec.structs.asdict(profile.targets)
    stage.bindings.update({f"target.{name}": value for name, value in targets.items() if f"target.{name}" in named})
    stage.bindings.update(_unknown_ids(scenario, profile, naming))
    for name in thread_names(scenario):
        if name in scenario.ids:
            stage.bindings[name] = str(stage.fill(scenario.ids[name]))
        elif profile.ids.thread == "client":
            stage.bindings[name] = naming.thread(name)
    return stage


def _unknown_ids(scenario: Scenario, profile: Profile, naming: Naming) -> dict[str, str]:
    """
    Thread ids that name nothing, where the scenario speaks of them: of the profile, or one that nobody has used.
    """
    wanted = set(_placeholders(msgspec.to_builtins(scenario)))
    ids = {f"malformed-thread.{place}": one for place, one in enumerate(profile.ids.malformed, start=1)}
    if profile.ids.malformed:
        ids["malformed-thread"] = profile.ids.malformed[0]
    if "unknown-thread" in wanted:
        ids["unknown-thread"] = profile.ids.unknown or naming.thread("unknown")
    return {name: value for name, value in ids.items() if name in wanted}


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


def _placeholders(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield from (name for name, _ in template.names(tree))
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from _placeholders(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _placeholders(value)
