"""
Named scripts: each that a step asks for is there, and each that is there is asked for. Excuses have a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.errors import Problem
from conformance.loading.loaded import LoadedScenario
from conformance.loading.wording import suggestion
from conformance.model.requirement import STANDING
from conformance.text import template

__all__ = ["excuses_are_of_standing_rules", "named_scripts_exist", "scripts_are_used"]


def named_scripts_exist(loaded: LoadedScenario) -> Iterator[Problem]:
    for step in loaded.all_steps():
        for action, raw in step.raw.items():
            said = raw.get("model") if isinstance(raw, dict) else None
            if isinstance(said, dict) and isinstance(said.get("script"), str):
                for name in sorted(_asked(loaded, said["script"]) - set(loaded.scenario.scripts)):
                    hint = suggestion(name, loaded.scenario.scripts)
                    path = (*step.path, action, "model", "script")
                    yield loaded.positions.at(path, f"`scripts` has no `{name}`", hint)


def scripts_are_used(loaded: LoadedScenario) -> Iterator[Problem]:
    asked: set[str] = set()
    for step in loaded.all_steps():
        if step.step.turn is not None and step.step.turn.model is not None and step.step.turn.model.script is not None:
            asked |= _asked(loaded, step.step.turn.model.script)
    for name in loaded.scenario.scripts:
        if name not in asked:
            text = f"no step asks for the script `{name}`"
            yield loaded.positions.at_key(("scripts", name), text, f"write `model: {{script: {name}}}`, or drop it")


def excuses_are_of_standing_rules(loaded: LoadedScenario) -> Iterator[Problem]:
    for name, reason in loaded.scenario.excused.items():
        if name not in STANDING:
            text = f"`{name}` is not judged in every scenario"
            yield loaded.positions.at_key(("excused", name), text, suggestion(name, STANDING))
        if len(reason) < len("no choice"):
            yield loaded.positions.at(("excused", name), "an excuse needs a reason", "say why it cannot be told here")


def _asked(loaded: LoadedScenario, name: str) -> set[str]:
    """
    The names that a script's name stands for, over all examples.
    """
    used = [one for one, _ in template.names(name) if one in loaded.scenario.examples]
    values = product(*(loaded.scenario.examples[one] for one in used))
    try:
        return {str(template.fill(name, dict(zip(used, one, strict=True)).__getitem__)) for one in values}
    except KeyError:
        return set()  # what nothing binds is said of elsewhere
