"""
A scenario with the scripts that its steps name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from conformance.model.scenario import ACTS, Scenario, Step
from conformance.model.script import Script
from conformance.text import template

__all__ = ["scripted"]


def scripted(scenario: Scenario, example: Mapping[str, Any]) -> Scenario:
    """
    The scenario where each named script stands in full, under what the step says beside its name.
    """
    if not scenario.scripts:
        return scenario
    steps = [_step(step, scenario.scripts, example) for step in scenario.steps]
    return msgspec.structs.replace(scenario, steps=steps)


def _step(step: Step, scripts: Mapping[str, Script], example: Mapping[str, Any]) -> Step:
    change: dict[str, Any] = {}
    for name in ("together", "during"):
        if (inner := getattr(step, name)) is not None:
            change[name] = [_step(one, scripts, example) for one in inner]
    for name in ("chat", *ACTS):
        action = getattr(step, name)
        if action is not None and action.model is not None and action.model.script is not None:
            model = _merged(action.model, scripts, example)
            change[name] = msgspec.structs.replace(action, model=model)
    return msgspec.structs.replace(step, **change) if change else step


def _merged(said: Script, scripts: Mapping[str, Script], example: Mapping[str, Any]) -> Script:
    named = scripts[str(template.fill(said.script, example.__getitem__))]
    own = {name: value for name, value in msgspec.structs.asdict(said).items() if value != getattr(Script(), name)}
    return msgspec.structs.replace(named, **{**own, "script": None})
