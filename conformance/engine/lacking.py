"""
What a profile must declare for a scenario to be played: all of it, not only the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, get_args

from msgspec import structs

from conformance.engine.support import (
    WITNESSES,
    askers_of,
    operations_of,
    own_process,
    policies_of,
    steps_of,
    unsupported,
)
from conformance.model.profile import Auth, Operation, OperationName, Profile, RequestTemplate, Stream
from conformance.model.scenario import Scenario

__all__ = ["lacking"]

_STAND_IN: Final = Operation(request=RequestTemplate(method="GET", path="/"), stream=Stream(framing="raw-text"))
_MALFORMED: Final = 9  # more than any scenario asks for


def lacking(scenario: Scenario, profile: Profile) -> list[str]:
    """
    The declarations in words: `capability titles`, `operation get_thread`, `policy history: whole or window`. None
    where declaring would not do: the profile says the opposite, or something that is no declaration is in the way.
    """
    if unsupported(scenario, profile) is None or own_process(scenario) or _is_of_one_api(scenario):
        return []
    needed = [one for one in scenario.needs if one not in {*profile.capabilities, *profile.operations, *WITNESSES}]
    called = [one for one in operations_of(scenario) if one not in profile.operations]
    operations = [*dict.fromkeys([*(one for one in needed if one in get_args(OperationName)), *called])]
    capabilities = [one for one in needed if one not in operations]
    policies = {name: _several(wanted) for name, wanted in scenario.policy.items() if name not in profile.policies}
    open_ = sorted(policies_of(scenario) - {*profile.policies, *policies})
    able = structs.replace(
        profile,
        capabilities=[*profile.capabilities, *capabilities],
        operations={**profile.operations, **dict.fromkeys(operations, _STAND_IN)},
        policies={**profile.policies, **dict.fromkeys(open_, ""), **{name: one[0] for name, one in policies.items()}},
        auth=profile.auth or Auth(),
        principals=[*profile.principals, *askers_of(scenario)],
        ids=structs.replace(profile.ids, malformed=[*profile.ids.malformed, *[""] * _MALFORMED]),
    )
    if unsupported(scenario, able) is not None:
        return []
    return [
        *(f"capability {one}" for one in capabilities),
        *(f"operation {one}" for one in operations),
        *(f"policy {name}: {' or '.join(allowed)}" for name, allowed in policies.items()),
        *(f"policy {name}" for name in open_),
        *_others(scenario, profile, able),
    ]


def _others(scenario: Scenario, profile: Profile, able: Profile) -> Iterator[str]:
    """
    Of what every scenario was given, that without which this one could not be played.
    """
    if unsupported(scenario, structs.replace(able, auth=profile.auth)) is not None:
        yield "auth"
    if unsupported(scenario, structs.replace(able, principals=profile.principals)) is not None:
        yield "principals"
    if unsupported(scenario, structs.replace(able, ids=profile.ids)) is not None:
        yield "ids.malformed"


def _is_of_one_api(scenario: Scenario) -> bool:
    """
    Whether it asks at addresses of its own, which a server has or has not, whatever its profile says.
    """
    return any(step.call is not None for step in steps_of(scenario))


def _several(wanted: str | Iterable[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else [*wanted]
