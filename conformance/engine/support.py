"""
Whether a scenario can be played against a profile at all, and with these witnesses; if not, why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.model.profile import OperationName, Profile
from conformance.model.scenario import OPERATIONS, Scenario, Step

__all__ = ["WITNESSES", "indexed", "missing_witness", "operations_of", "steps_of", "unsupported"]

WITNESSES = frozenset({"store", "upstream"})

_WAY_OUT = {
    "store": "give --db, and a profile with a store mapping.",
    "upstream": "point the target's model URL at --upstream.",
}


def unsupported(scenario: Scenario, profile: Profile) -> str | None:
    """
    The capability or policy that the profile does not declare, in a sentence; nothing if it declares all.
    """
    able = {*profile.capabilities, *profile.operations, *WITNESSES}
    if lacking := [need for need in scenario.needs if need not in able]:
        return f"profile {profile.profile} does not declare {', '.join(lacking)}"
    for name, wanted in scenario.policy.items():
        allowed = [wanted] if isinstance(wanted, str) else wanted
        declared = profile.policies.get(name)
        if declared not in allowed:
            return f"profile {profile.profile} declares {name}: {declared or 'nothing'}, not {' or '.join(allowed)}"
    if lacking := sorted({name for name in operations_of(scenario) if name not in profile.operations}):
        return f"profile {profile.profile} has no operation {', '.join(lacking)}"
    if scenario.ids and profile.ids.format != "any":
        return f"profile {profile.profile} takes only {profile.ids.format} thread ids"
    return None


def missing_witness(scenario: Scenario, witnesses: frozenset[str]) -> str | None:
    """
    A witness without which the scenario cannot even be played; nothing if all that is needed is there.
    """
    needed = {need for need in scenario.needs if need in WITNESSES}
    if any(step.chat is not None and step.chat.model is not None for step in steps_of(scenario)):
        needed.add("upstream")
    if missing := sorted(needed - witnesses):
        return f"needs the {' and '.join(missing)} witness: {' '.join(_WAY_OUT[name] for name in missing)}"
    return None


def steps_of(scenario: Scenario) -> Iterator[Step]:
    """
    All steps, those within steps too, in the order written.
    """
    yield from _flat(scenario.steps)


def _flat(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _flat(step.together or [])
        yield from _flat(step.during or [])


def indexed(steps: Iterable[Step], before: str = "") -> Iterator[tuple[str, Step]]:
    """
    All steps with the index that their records have: `2`, and `2.1` within it.
    """
    for place, step in enumerate(steps, start=1):
        index = f"{before}{place}"
        yield index, step
        yield from indexed(step.together or step.during or [], f"{index}.")


def operations_of(scenario: Scenario) -> Iterator[OperationName]:
    """
    The profile's operations that the steps call.
    """
    for step in steps_of(scenario):
        for name in OPERATIONS:
            if getattr(step, name) is not None:
                unstreamed = step.chat is not None and not step.chat.stream
                yield "chat_unstreamed" if name == "chat" and unstreamed else name
