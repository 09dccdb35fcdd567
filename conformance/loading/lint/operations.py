"""
A scenario against a profile: operations that nobody declares.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.errors import Problem
from conformance.loading.document import Path
from conformance.loading.loaded import LoadedScenario
from conformance.model.profile import Profile
from conformance.text.suggest import did_you_mean

__all__ = ["missing_operations"]

_WITNESSES = frozenset({"store", "upstream"})


def missing_operations(loaded: LoadedScenario, profile: Profile) -> Iterator[Problem]:
    """
    Operations that steps use and the profile lacks, unless the scenario's `needs` or `policy` leave it out anyway.
    """
    if _left_out(loaded, profile):
        return
    for path, name in _used(loaded):
        if name not in profile.operations:
            near = did_you_mean(name, profile.operations)
            guess = f"did you mean `{near}`? Else " if near else ""
            hint = f"{guess}add it to the profile, or say `needs: [{name}]` in the scenario"
            text = f'profile "{profile.profile}" has no operation `{name}`'
            yield loaded.positions.at_key(path, text, hint)


def _left_out(loaded: LoadedScenario, profile: Profile) -> bool:
    able = {*profile.capabilities, *profile.operations, *_WITNESSES}
    wanted = loaded.scenario.policy.items()
    return any(need not in able for need in loaded.scenario.needs) or any(
        profile.policies.get(name) not in ([values] if isinstance(values, str) else values) for name, values in wanted
    )


def _used(loaded: LoadedScenario) -> Iterator[tuple[Path, str]]:
    for step in loaded.all_steps():
        name = step.step.operation
        if step.step.chat is not None and name != "chat":
            yield (*step.path, "chat", "via" if step.step.chat.via else "stream"), str(name)
        elif name is not None:
            yield (*step.path, name), name
