"""
The words of the ledger: whoever uses a capability, a policy or a requirement must spell it as it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from conformance.errors import Problem
from conformance.loading.document import Path, Places
from conformance.loading.loaded import LoadedLedger, LoadedProfile, LoadedScenario
from conformance.loading.wording import suggestion
from conformance.model.profile import OperationName
from conformance.model.requirement import Ledger

__all__ = ["lint_against_ledger", "lint_ledger", "lint_profile_words"]

_ALWAYS = (*get_args(OperationName), "store", "upstream")


def lint_against_ledger(loaded: LoadedScenario, ledger: Ledger, *, strict: bool = False) -> Iterator[Problem]:
    """
    Needs, policies and, where strict (the shipped scenarios), the requirement that the ledger does not know.
    """
    for place, need in enumerate(loaded.scenario.needs):
        yield from _capability(loaded.positions, ("needs", place), need, ledger)
    for name, values in loaded.scenario.policy.items():
        yield from _policy(loaded.positions, ("policy", name), values, ledger)
    for path, name, value in _conditions(loaded):
        yield from _policy(loaded.positions, (*path, name), value, ledger)
    if strict:
        yield from _requirement(loaded, ledger)


def lint_profile_words(loaded: LoadedProfile, ledger: Ledger) -> Iterator[Problem]:
    """
    Capabilities and policies of a profile that the ledger does not know.
    """
    for place, capability in enumerate(loaded.profile.capabilities):
        yield from _capability(loaded.positions, ("capabilities", place), capability, ledger)
    for name, value in loaded.profile.policies.items():
        yield from _policy(loaded.positions, ("policies", name), value, ledger)


def lint_ledger(loaded: LoadedLedger, scenarios: Iterable[LoadedScenario]) -> Iterator[Problem]:
    """
    Requirements that nothing shows and nobody excuses, or that use words the ledger does not have.
    """
    yield from _areas(loaded)
    shown = {one.scenario.requirement or one.scenario.id for one in scenarios}
    for place, requirement in enumerate(loaded.ledger.requirements):
        path: Path = ("requirements", place)
        if requirement.id not in shown and not requirement.untested:
            text = f"no scenario shows `{requirement.id}`"
            yield loaded.positions.at((*path, "id"), text, "write one, or say why not: `untested: ...`")
        if requirement.id in shown and requirement.untested:
            yield loaded.positions.at_key(
                (*path, "untested"), f"a scenario shows `{requirement.id}`", "drop `untested`"
            )
        if requirement.capability:
            yield from _capability(loaded.positions, (*path, "capability"), requirement.capability, loaded.ledger)
        if requirement.policy:
            yield from _policy_of(loaded, (*path, "policy"), requirement.policy)


def _areas(loaded: LoadedLedger) -> Iterator[Problem]:
    """
    Every area has a title, where its first requirement stands, and every title has requirements.
    """
    first: dict[str, int] = {}
    for place, requirement in enumerate(loaded.ledger.requirements):
        first.setdefault(requirement.area, place)
    for area, place in first.items():
        if area not in loaded.ledger.areas:
            path: Path = ("requirements", place, "id")
            yield loaded.positions.at(path, f"the ledger has no area `{area}`", "give it a title under `areas`")
    for area in loaded.ledger.areas:
        if area not in first:
            text = f"no requirement is of the area `{area}`"
            yield loaded.positions.at_key(("areas", area), text, "drop it, or write one")


def _capability(positions: Places, path: Path, word: str, ledger: Ledger) -> Iterator[Problem]:
    known = [*ledger.capabilities, *_ALWAYS]
    if word not in known:
        yield positions.at(path, f"the ledger has no capability `{word}`", suggestion(word, known))


def _conditions(loaded: LoadedScenario) -> Iterator[tuple[Path, str, str]]:
    """
    The policies on which it depends whether a message is expected.
    """
    for step in loaded.all_steps():
        for check in ("messages", "prompt"):
            for place, match in enumerate((step.raw.get("expect") or {}).get(check) or ()):
                for name, value in (match.get("policy") or {}).items():
                    yield (*step.path, "expect", check, place, "policy"), name, value


def _policy(positions: Places, path: Path, values: str | Sequence[str], ledger: Ledger) -> Iterator[Problem]:
    name = str(path[-1])
    choice = ledger.policies.get(name)
    if choice is None:
        yield positions.at_key(path, f"the ledger has no policy `{name}`", suggestion(name, ledger.policies))
        return
    for place, value in enumerate([values] if isinstance(values, str) else values):
        if value not in choice.values:
            inner = path if isinstance(values, str) else (*path, place)
            yield positions.at(inner, f"policy `{name}` cannot be `{value}`", suggestion(value, choice.values))


def _policy_of(loaded: LoadedLedger, path: Path, policy: str) -> Iterator[Problem]:
    name = policy.partition(":")[0].strip()
    if name not in loaded.ledger.policies:
        hint = suggestion(name, loaded.ledger.policies)
        yield loaded.positions.at(path, f"the ledger has no policy `{name}`", hint)


def _requirement(loaded: LoadedScenario, ledger: Ledger) -> Iterator[Problem]:
    key = "id" if loaded.scenario.requirement is None else "requirement"
    name = loaded.scenario.requirement or loaded.scenario.id
    known = [requirement.id for requirement in ledger.requirements]
    if name not in known:
        near = suggestion(name, known) if len(known) < 10 or key == "requirement" else None
        yield loaded.positions.at((key,), f"the ledger has no requirement `{name}`", _short(near))


def _short(hint: str | None) -> str:
    # All 100 requirements would bury the message.
    return hint if hint and hint.startswith("did") else "name one with `requirement:`, or add it to requirements.yaml"
