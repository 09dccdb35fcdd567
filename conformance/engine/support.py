"""
Whether a scenario can be played against a profile at all, and with these witnesses; if not, why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from conformance.model.profile import NOBODY, STRANGER, OperationName, Profile
from conformance.model.scenario import Scenario, Step

__all__ = [
    "WITNESSES",
    "askers_of",
    "indexed",
    "missing_credential",
    "missing_witness",
    "not_linked",
    "not_ours",
    "operations_of",
    "own_process",
    "policies_of",
    "steps_of",
    "unsupported",
]

WITNESSES = frozenset({"store", "upstream"})

_NO_THREAD: Final = re.compile(r"\$\{(unknown-thread|malformed-thread(\.\d+)?)\}")
_MALFORMED: Final = re.compile(r"\$\{malformed-thread(?:\.(\d+))?\}")

_OF_STREAMS: Final = ("arrivals", "first_before", "terminal", "well_formed", "usage", "finish")

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
    if lacking := sorted(policies_of(scenario) - {*profile.policies}):
        return f"profile {profile.profile} declares {lacking[0]}: nothing"
    if lacking := sorted({name for name in operations_of(scenario) if name not in profile.operations}):
        return f"profile {profile.profile} has no operation {', '.join(lacking)}"
    whole = (called for called in _streamed(scenario) if profile.operations[called].stream is None)
    if (unstreamed := next(whole, None)) is not None:
        return f"profile {profile.profile} does not stream the answer of {unstreamed}"
    if scenario.examples_from and any(step.spoil for step in scenario.steps):
        return f"no request of profile {profile.profile} can be made wrong so ({scenario.examples_from})"
    if reason := _unknown_asker(scenario, profile):
        return reason
    return _unusable_id(scenario, profile)


def _unusable_id(scenario: Scenario, profile: Profile) -> str | None:
    own = [one for one in scenario.ids.values() if not _NO_THREAD.fullmatch(one)]
    if own and profile.ids.format != "any":
        return f"profile {profile.profile} takes only {profile.ids.format} thread ids"
    if own and profile.ids.thread == "server":
        return f"in profile {profile.profile} the server names threads"
    asked = [int(place or 1) for place in _MALFORMED.findall(repr(msgspec.to_builtins(scenario)))]
    if max(asked, default=0) > (have := len(profile.ids.malformed)):
        return f"profile {profile.profile} names {have} malformed thread ids, not {max(asked)}"
    return None


def own_process(scenario: Scenario) -> bool:
    """
    Whether the scenario needs a target process of its own, because it does something to it that others would feel.
    """
    return any(step.process is not None or step.link is not None for step in steps_of(scenario))


def not_ours(scenario: Scenario) -> str | None:
    """
    Why a scenario cannot be played against a process that somebody else has started.
    """
    act = next((step.process or "link" for step in steps_of(scenario) if step.process or step.link), None)
    if act is None:
        return None
    return f"{act}: only a target that the harness started can be told so (give --target-cmd)"


def not_linked(scenario: Scenario) -> str | None:
    """
    Why a scenario cannot be played against a target whose connections to its store do not go through us.
    """
    if all(step.link is None for step in steps_of(scenario)):
        return None
    return "link: only between PostgreSQL and a target that takes its address from us (--db, and {db} in --target-cmd)"


def missing_witness(scenario: Scenario, witnesses: frozenset[str]) -> str | None:
    """
    A witness without which the scenario cannot even be played; nothing if all that is needed is there.
    """
    needed = {need for need in scenario.needs if need in WITNESSES}
    if any(step.turn is not None and step.turn.model is not None for step in steps_of(scenario)):
        needed.add("upstream")
    if missing := sorted(needed - witnesses):
        return f"needs the {' and '.join(missing)} witness: {' '.join(_WAY_OUT[name] for name in missing)}"
    return None


def missing_credential(scenario: Scenario, profile: Profile, holders: frozenset[str]) -> str | None:
    """
    A principal in whose name a step asks and whose credential we do not have; nothing if we have all.

    Where it matters who asks, the first principal must not be a nobody: without a credential of theirs, what they made
    would be nobody's, and a server that keeps the two apart would be blamed for it.
    """
    askers = askers_of(scenario)
    first = profile.principals[:1] if askers and any(map(_leaves_open, steps_of(scenario))) else []
    missing = sorted({*askers, *first} - holders - {NOBODY, STRANGER})
    if not missing:
        return None
    variables = " and ".join(f"THREADGAUGE_TOKEN_{name.upper()}" for name in missing)
    return f"needs the credential of {' and '.join(missing)}: set {variables}, or give --credentials."


def _streamed(scenario: Scenario) -> Iterator[OperationName]:
    """
    The operations of which something is expected that only a stream has. That an answer is whole, or how its body
    ends, can be said of any.
    """
    for step in steps_of(scenario):
        stream = step.expect.stream if step.expect is not None else None
        timing = step.expect.timing if step.expect is not None else None
        told = [getattr(stream, name) for name in _OF_STREAMS] if stream is not None else []
        told += [timing.first_text, timing.rate] if timing is not None else []
        if step.operation is not None and any(one is not None for one in told):
            yield step.operation


def _unknown_asker(scenario: Scenario, profile: Profile) -> str | None:
    askers = askers_of(scenario)
    if askers and profile.auth is None:
        return f"profile {profile.profile} does not say how a request shows who asks (`auth`)"
    if unknown := sorted(askers - {*profile.principals, NOBODY, STRANGER}):
        return f"profile {profile.profile} has no principal {', '.join(unknown)}"
    return None


def policies_of(scenario: Scenario) -> set[str]:
    """
    The policies on which it depends whether a message is expected.
    """
    expected = [step.expect for step in steps_of(scenario) if step.expect is not None]
    matches = (match for one in expected for match in (*(one.messages or ()), *(one.prompt or ())))
    return {name for match in matches for name in match.policy or ()}


def askers_of(scenario: Scenario) -> set[str]:
    """
    Those in whose names its steps ask.
    """
    return {step.by for step in steps_of(scenario) if step.by is not None}


def _leaves_open(step: Step) -> bool:
    """
    Whether a step asks, and does not say in whose name.
    """
    return step.by is None and (step.operation is not None or step.call is not None)


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
    yield from (step.operation for step in steps_of(scenario) if step.operation is not None)
