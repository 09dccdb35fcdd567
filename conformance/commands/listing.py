"""
`threadgauge list`: what there is, one line each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from conformance.commands.documents import profiles_named
from conformance.errors import LaunchError, UsageError
from conformance.loading.ledger import load_ledger
from conformance.loading.places import shipped_ledger, shipped_scenarios
from conformance.loading.scenarios import load_scenarios
from conformance.text.suggest import did_you_mean

__all__ = ["check_defects", "defects", "list_command"]


def list_command(what: str) -> str:
    """
    The list of that name as text.
    """
    return "\n".join(_LISTS[what]())


def defects() -> list[dict[str, Any]]:
    """
    The reference server's defects: id, seam, dialects, the requirements that catch it, a sentence.
    """
    command = [sys.executable, "-m", "reference_server", "--list-defects"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LaunchError(
            f"the reference server cannot list its defects: {(done.stderr.splitlines() or ['no reason given'])[-1]}"
        )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def check_defects(names: Sequence[str]) -> None:
    """
    Raises `UsageError` for a defect that the reference server does not have.
    """
    known = [one["id"] for one in defects()] if names else []
    for name in names:
        if name not in known:
            guess = did_you_mean(name, known)
            hint = f"Did you mean {guess}?" if guess else "`threadgauge list --defects` shows all."
            raise UsageError(f"there is no defect {name}. {hint}")


def _requirements() -> Iterator[str]:
    for one in load_ledger(shipped_ledger()).requirements:
        yield f"{one.level:<7} {one.id:<50} {one.sentence}"


def _scenarios() -> Iterator[str]:
    for one in load_scenarios([shipped_scenarios()]):
        scenario = one.scenario
        variants = f" ({', '.join(scenario.examples)})" if scenario.examples else ""
        yield f"{scenario.id:<50} {scenario.title}{variants}"


def _profiles() -> Iterator[str]:
    for one in profiles_named([]):
        yield f"{one.profile:<15} {one.title}"


def _defects() -> Iterator[str]:
    for one in defects():
        yield f"{one['id']:<35} {one['sentence']}  (caught by {', '.join(one['caught_by'])})"


_LISTS: dict[str, Callable[[], Iterator[str]]] = {
    "requirements": _requirements,
    "scenarios": _scenarios,
    "profiles": _profiles,
    "defects": _defects,
}
