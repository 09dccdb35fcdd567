"""
The reference server's quirks: which there are, which go together, and what a profile must say of them.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import msgspec

from conformance.errors import LaunchError, UsageError
from conformance.loading.profiles import merged
from conformance.model.profile import Profile
from conformance.model.quirk import Quirk
from conformance.text.suggest import did_you_mean

__all__ = ["combinations", "compatible", "declared", "known_quirks", "quirks_named", "spoken"]

FEWEST: Final = 3
MOST: Final = 7  # quirks in one combination


@cache
def known_quirks() -> Mapping[str, Quirk]:
    """
    Asked of the reference server itself, for we know nothing of it but how it is started.
    """
    command = [sys.executable, "-m", "reference_server", "--list-quirks"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LaunchError(
            f"the reference server cannot list its quirks: {(done.stderr.splitlines() or ['no reason given'])[-1]}"
        )
    found = [msgspec.convert(one, Quirk) for one in json.loads(done.stdout)]
    return {one.id: one for one in found}


def quirks_named(names: Sequence[str]) -> list[Quirk]:
    """
    Raises `UsageError` for one that the reference server does not have, and for two that exclude each other.
    """
    known = known_quirks() if names else {}
    for name in names:
        if name not in known:
            guess = did_you_mean(name, known)
            hint = f"Did you mean {guess}?" if guess else "`threadgauge list --quirks` shows all."
            raise UsageError(f"there is no quirk {name}. {hint}")
    chosen = [known[name] for name in names]
    for at, one in enumerate(chosen):
        other = next((two for two in chosen[:at] if two.group == one.group), None)
        if other is not None:
            raise UsageError(f"--quirk {other.id} and --quirk {one.id} exclude each other: leave one out.")
    return chosen


def spoken(profiles: Sequence[Profile], quirks: Sequence[Quirk]) -> list[Profile]:
    """
    The profiles of the dialects that have all these quirks, as these declare them. Raises `UsageError` for none.
    """
    found = [one for one in profiles if all(one.profile in quirk.dialects for quirk in quirks)]
    if not found:
        raise UsageError(f"no dialect has {' and '.join(one.id for one in quirks)}: choose other profiles, or quirks.")
    return [declared(one, quirks) for one in found]


def declared(profile: Profile, quirks: Sequence[Quirk]) -> Profile:
    """
    The profile with what the quirks make it say; capabilities that they are `without` are taken away.
    """
    value: Any = msgspec.to_builtins(profile)
    for quirk in quirks:
        said = dict(quirk.profile.get(profile.profile, {}))
        without = said.pop("without", [])
        value = merged(value, said)
        value["capabilities"] = [name for name in value["capabilities"] if name not in without]
    return msgspec.convert(value, Profile)


def compatible(one: Quirk, others: Sequence[Quirk], dialect: str) -> bool:
    """
    Whether a server of that dialect can have them all: no two of one group, no two that declare the same key.
    """
    if dialect not in one.dialects:
        return False
    said = set(_places(one.profile.get(dialect, {})))
    return all(one.group != other.group and not said & set(_places(other.profile.get(dialect, {}))) for other in others)


def combinations(quirks: Sequence[Quirk], dialects: Sequence[str], count: int, seed: int) -> list[list[Quirk]]:
    """
    That many combinations of compatible quirks, one dialect after the other; the same for the same seed.
    """
    drawing = random.Random(seed)
    return [_combination(quirks, dialects[at % len(dialects)], drawing) for at in range(count)]


def _combination(quirks: Sequence[Quirk], dialect: str, drawing: random.Random) -> list[Quirk]:
    wanted = drawing.randint(FEWEST, MOST)
    chosen: list[Quirk] = []
    for one in drawing.sample(list(quirks), len(quirks)):
        if len(chosen) < wanted and compatible(one, chosen, dialect):
            chosen.append(one)
    return sorted(chosen, key=lambda quirk: quirk.id)


def _places(tree: Any, place: str = "") -> Iterator[str]:
    if not isinstance(tree, dict):
        yield place
        return
    for key, value in tree.items():
        yield from _places(value, f"{place}.{key}")
