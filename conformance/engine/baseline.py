"""
What a baseline makes of outcomes: known failures, what is fixed, and entries that are out of date. Pure.

An entry is `scenario[@dialect][#check]`; each part may hold `*` and `?`. The scenario is its id, or its id with an
example. Without `*` and `?` in its scenario and dialect, an entry says that every outcome it names fails; with them,
that at least one does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

import msgspec

from conformance.model.baseline import STALE, Entry, EntryState
from conformance.model.outcome import Difference, Outcome
from conformance.text.suggest import did_you_mean

__all__ = ["Judged", "Playable", "against", "out_of_date", "recorded", "settled"]

_FORM: Final = re.compile(r"(?P<scenario>.+?)(?:@(?P<dialect>[\w*?.-]+))?(?:#(?P<check>[\w*?-]+))?", re.DOTALL)
_FAILING: Final = frozenset({"failed", "deviation", "known failure"})
_JUDGED: Final = frozenset({*_FAILING, "passed", "fixed"})


@dataclass(frozen=True, slots=True)
class Playable:
    """
    All that could have been played, selected or not: names of scenarios, with and without example, and of dialects.
    """

    scenarios: Collection[str]
    dialects: Collection[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """
    As much of an outcome as says whether an entry still holds.
    """

    name: str
    profile: str
    kind: str
    known: Sequence[str]

    @property
    def scenario(self) -> str:
        return self.name.partition("[")[0]


Seen = Judged | Outcome


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    What an entry names. `scenario`, `dialect` and `check` match the whole of a name; no check means all.
    """

    text: str
    scenario: re.Pattern[str]
    dialect: re.Pattern[str]
    check: re.Pattern[str] | None
    exact: bool

    def names(self, outcome: Seen) -> bool:
        return bool(self.dialect.fullmatch(outcome.profile)) and any(
            self.scenario.fullmatch(one) for one in (outcome.name, outcome.scenario)
        )

    def covers(self, difference: Difference) -> bool:
        return self.check is None or bool(self.check.fullmatch(difference.check))


def against(outcome: Outcome, entries: Sequence[Entry], today: date) -> Outcome:
    """
    The outcome with what the baseline knows of it: a failure of which every difference is known is a known failure, and
    what passes although it is to fail is fixed.
    """
    named = [entry for entry in entries if not _expired(entry, today) and _pattern(entry.fails).names(outcome)]
    if outcome.kind == "passed":
        promised = [entry for entry in named if _pattern(entry.fails).exact]
        return _fixed(outcome, promised[0]) if promised else outcome
    if outcome.kind not in _FAILING:
        return outcome
    known = [entry for entry in named if any(map(_pattern(entry.fails).covers, outcome.differences))]
    new = [one for one in outcome.differences if not any(_pattern(entry.fails).covers(one) for entry in known)]
    if not known:
        return outcome
    names = [entry.fails for entry in known]
    if new:
        reason = f"the baseline knows of {' and '.join(names)}, not of this: {', '.join(_checks(new))}"
        return msgspec.structs.replace(outcome, known=names, reason=reason)
    return msgspec.structs.replace(outcome, kind="known failure", known=names, reason=_why(known[0]))


def settled(entries: Sequence[Entry], outcomes: Sequence[Seen], playable: Playable | None, today: date) -> list[Entry]:
    """
    The entries with what this run made of each. Where it is not known what could be played, nothing matches nothing.
    """
    return [_settled(entry, outcomes, playable, today) for entry in entries]


def out_of_date(entries: Iterable[Entry]) -> list[Entry]:
    """
    The entries for which a run fails.
    """
    return [entry for entry in entries if entry.state in STALE]


def recorded(entries: Sequence[Entry], outcomes: Iterable[Outcome], today: date, strict: bool) -> list[Entry]:
    """
    A baseline that knows every failure of this run. Of the settled `entries` those stay that are not out of date.
    """
    kinds = {"failed", "deviation"} if strict else {"failed"}
    failing = sorted((one for one in outcomes if one.kind in kinds), key=lambda one: (one.name, one.profile))
    kept = [entry for entry in entries if entry.state not in STALE]
    known = {entry.fails for entry in kept}
    new = [_recorded(one, today) for one in failing if f"{one.name}@{one.profile}" not in known]
    return [*kept, *new]


def _recorded(outcome: Outcome, today: date) -> Entry:
    said = next((line for one in outcome.differences for line in one.lines), outcome.title)
    first = " ".join(said.split())[:160]
    return Entry(fails=f"{outcome.name}@{outcome.profile}", reason=f"recorded {today}: {first}", place="recorded")


def _settled(entry: Entry, outcomes: Sequence[Seen], playable: Playable | None, today: date) -> Entry:
    pattern = _pattern(entry.fails)
    named = [outcome for outcome in outcomes if pattern.names(outcome)]
    count = sum(entry.fails in outcome.known for outcome in named)
    if named:
        state, told = _state(entry, pattern, named, today)
        if state == "fixed" and not pattern.exact and _rest(pattern, named, playable):
            state, told = "not judged", "what was played of it passes, and not all of it was played"
    elif playable is not None and (lacking := _lacking(pattern, playable)):
        state, told = "matches nothing", lacking
    else:
        state, told = "not played", "outside of what this run played"
    return msgspec.structs.replace(entry, state=state, told=told, outcomes=count)


def _state(entry: Entry, pattern: Pattern, named: Sequence[Seen], today: date) -> tuple[EntryState, str]:
    judged = [outcome for outcome in named if outcome.kind in _JUDGED]
    known = [outcome for outcome in judged if entry.fails in outcome.known]
    held = [outcome for outcome in judged if entry.fails not in outcome.known]
    if _expired(entry, today):
        return "expired", f"it was to hold until {entry.expires}: fix it, or give it a new day"
    if not judged:
        return "not judged", f"nothing that it names was judged: {named[0].kind}"
    if held and (pattern.exact or not known):
        which = "it" if len(held) == len(judged) else f"{held[0].name}@{held[0].profile}"
        by = f" no longer fails by {_check_of(entry)}" if pattern.check else " passes"
        return "fixed", f"{which}{by}: take it out of the baseline"
    return "known", entry.reason


def _rest(pattern: Pattern, named: Sequence[Seen], playable: Playable | None) -> bool:
    """
    Whether the pattern names scenarios that were not played.
    """
    played = {outcome.scenario for outcome in named}
    known = {one.partition("[")[0] for one in playable.scenarios} if playable is not None else set()
    return any(pattern.scenario.fullmatch(one) for one in known - played)


def _fixed(outcome: Outcome, entry: Entry) -> Outcome:
    said = f"{entry.place} expects it to fail ({entry.reason}), and it passed: take `{entry.fails}` out of the baseline"
    return msgspec.structs.replace(outcome, kind="fixed", reason=said)


def _why(entry: Entry) -> str:
    link = f" ({entry.link})" if entry.link else ""
    until = f", until {entry.expires}" if entry.expires else ""
    return f"known: {entry.reason}{link}{until}"


def _expired(entry: Entry, today: date) -> bool:
    return entry.expires is not None and entry.expires < today


def _lacking(pattern: Pattern, playable: Playable) -> str | None:
    """
    What there is nothing of: such a scenario, or such a dialect.
    """
    said, _, _ = _parts(pattern.text)
    bare = _matching(said.partition("[")[0])
    if not any(pattern.scenario.fullmatch(one) or bare.fullmatch(one) for one in playable.scenarios):
        return f"no scenario is called `{said}`{_guess(said, playable.scenarios)}"
    dialect = _parts(pattern.text)[1]
    if not any(map(pattern.dialect.fullmatch, playable.dialects)):
        return f"no dialect is called `{dialect}`{_guess(dialect, playable.dialects)}"
    return None


def _guess(word: str, known: Collection[str]) -> str:
    near = did_you_mean(word, known)
    return f"; did you mean `{near}`?" if near else ""


def _checks(differences: Iterable[Difference]) -> list[str]:
    return list(dict.fromkeys(f"#{one.check}" for one in differences))


def _check_of(entry: Entry) -> str:
    return f"#{_parts(entry.fails)[2]}"


def _parts(text: str) -> tuple[str, str, str]:
    found = _FORM.fullmatch(text)
    assert found is not None  # a text of one character or more always fits: all of it may be the scenario
    return found["scenario"], found["dialect"] or "*", found["check"] or ""


@cache
def _pattern(text: str) -> Pattern:
    scenario, dialect, check = _parts(text)
    return Pattern(
        text=text,
        scenario=_matching(scenario),
        dialect=_matching(dialect),
        check=_matching(check) if check else None,
        exact=not set(scenario + (dialect if dialect != "*" else "")) & {"*", "?"},
    )


def _matching(text: str) -> re.Pattern[str]:
    """
    `*` is any text and `?` one character. Not fnmatch's `[...]`: an example stands in brackets.
    """
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in text)
    return re.compile("".join(parts), re.DOTALL)
