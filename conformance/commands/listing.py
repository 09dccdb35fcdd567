"""
`threadgauge list`: what there is, one line each.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from conformance.commands.documents import profiles_named
from conformance.commands.oddities import known_quirks
from conformance.commands.showing import conditions, known_rows, started_alone
from conformance.engine.support import unsupported
from conformance.errors import LaunchError, UsageError
from conformance.loading.ledger import load_ledger
from conformance.loading.places import builtin_profiles, shipped_ledger, shipped_scenarios
from conformance.loading.scenarios import load_scenarios
from conformance.model.profile import Profile
from conformance.model.requirement import Ledger, Requirement
from conformance.model.scenario import Scenario
from conformance.reporting.contract import shown_by
from conformance.text.suggest import did_you_mean

__all__ = ["check_defects", "defects", "list_command"]

WIDTH = 110


def list_command(what: str, source: str | None = None) -> str:
    """
    The list of that name as text. `source` keeps the requirements that come from there: `seed 003`, `C-28`.
    """
    if source is None:
        return "\n".join(_LISTS[what]())
    if what != "requirements":
        raise UsageError("only requirements have a source: add --requirements.")
    return "\n".join(_requirements(source))


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


def check_shown(names: Sequence[str], dialects: Collection[str]) -> None:
    """
    Raises `UsageError` for a defect that none of these dialects can show: it would look like one that nobody catches.
    """
    for one in defects() if names else []:
        if one["id"] in names and not set(one["dialects"]) & set(dialects):
            where = " or ".join(f"--dialect {name}" for name in one["dialects"])
            raise UsageError(f"the defect {one['id']} does not show in {' and '.join(dialects)}: give {where}.")


def _requirements(source: str | None = None) -> Iterator[str]:
    """
    A paragraph each: the sentence, where it comes from, what shows it, in which dialects, and what it has caught.
    """
    ledger = load_ledger(shipped_ledger())
    shown = shown_by(one.scenario for one in load_scenarios([shipped_scenarios()]))
    profiles, catches = profiles_named([]), _catches()
    for one in _from(source, ledger):
        yield f"{one.level:<7} {one.id}"
        yield from textwrap.wrap(one.sentence, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
        for name, values in _facts(one, shown.get(one.id, []), profiles, catches).items():
            yield from _wrapped(name, values)
        yield ""


def _from(source: str | None, ledger: Ledger) -> list[Requirement]:
    """
    The requirements of a source, or of one place in it: `seed 003` has `seed 003 checklist 1`, and that not `... 11`.
    """
    if source is None:
        return ledger.requirements
    wanted = f"{source.strip().lower()} "
    found = [one for one in ledger.requirements if any(f"{name.lower()} ".startswith(wanted) for name in one.source)]
    if not found:
        known = sorted({name for one in ledger.requirements for name in one.source})
        guess = did_you_mean(source, known)
        hint = f"Did you mean {guess}?" if guess else f"Sources begin with {', '.join(ledger.sources)}."
        raise UsageError(f"no requirement comes from {source}. {hint}")
    return found


def _facts(
    one: Requirement, shown: Sequence[Scenario], profiles: Sequence[Profile], catches: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    playing = [profile.profile for profile in profiles if any(unsupported(each, profile) is None for each in shown)]
    caught = catches.get(one.id, [])
    return {
        "source": one.source,
        "scenarios": [scenario.id for scenario in shown] or [f"none: {one.untested}"],
        "dialects": playing or ["none"],
        "catches": list(caught) or ["nothing yet"],
        "also broken by": [defect.id for defect in one.defects if defect.id not in caught],
    }


def _catches() -> dict[str, list[str]]:
    """
    By requirement, the defects of the reference server that it is named to catch.
    """
    found: dict[str, list[str]] = {}
    for one in defects():
        for requirement in one["caught_by"]:
            found.setdefault(requirement, []).append(one["id"])
    return found


def _wrapped(name: str, values: Sequence[str]) -> Iterator[str]:
    if values:
        start = f"{'':10}{name:<15} "
        yield from textwrap.wrap(
            ", ".join(values), WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
        )


def _scenarios() -> Iterator[str]:
    for one in load_scenarios([shipped_scenarios()]):
        scenario = one.scenario
        variants = f" ({', '.join(scenario.examples)})" if scenario.examples else ""
        yield f"{scenario.id:<50} {scenario.title}{variants}"


def _profiles() -> Iterator[str]:
    for one in profiles_named([]):
        yield f"{one.profile:<15} {one.title}"


def _defects() -> Iterator[str]:
    """
    A line each: what is wrong, what catches it, and what it takes to see it.
    """
    rows, alone = known_rows(), started_alone()
    for one in defects():
        needed = [*conditions(one, rows.get(one["id"]), alone), *_spoken(one["dialects"])]
        only = f"; only seen {', '.join(needed)}" if needed else ""
        yield f"{one['id']:<35} {one['sentence']}  (caught by {', '.join(one['caught_by'])}{only})"


def _spoken(dialects: Sequence[str]) -> list[str]:
    return [f"in {', '.join(dialects)}"] if set(dialects) != set(builtin_profiles()) else []


def _quirks() -> Iterator[str]:
    for one in known_quirks().values():
        yield one.id
        yield from textwrap.wrap(one.sentence, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
        yield from _wrapped("legal by", [one.source])
        yield from _wrapped("dialects", one.dialects)
        if any(one.profile.values()):
            yield from _wrapped("declared", [json.dumps(next(said for said in one.profile.values() if said))])
        yield ""


_LISTS: dict[str, Callable[[], Iterator[str]]] = {
    "requirements": _requirements,
    "scenarios": _scenarios,
    "profiles": _profiles,
    "defects": _defects,
    "quirks": _quirks,
}
