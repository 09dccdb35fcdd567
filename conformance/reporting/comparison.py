"""
Results of several runs to a comparison.

One scenario is found again by its name and profile. Where each run has one profile and they differ (other servers), by
its name alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from conformance.model.comparison import Comparison, Direction, FigureLine, Run, Tally, VerdictLine
from conformance.model.outcome import Figure, Kind, Outcome
from conformance.model.results import Results
from conformance.reporting.changes import causes
from conformance.reporting.summary import CONFORMS, DOES_NOT, JUDGED, UNCLEAR, verdict
from conformance.reporting.trends import FEWEST, ratio_of, trends

__all__ = ["Labelled", "compare_runs"]

_RANK: Final[dict[Kind, int]] = {"passed": 0, "fixed": 0, "deviation": 1, "known failure": 2, "failed": 3}
_NEVER: Final[frozenset[Kind | None]] = frozenset({"unsupported", None})
_ORDER: Final[tuple[Direction, ...]] = ("worse", "lost", "better", "gained", "changed", "same")

NOISE: Final = 0.01  # seconds; two runs of one server on two cores differed by up to 7 ms

Labelled = tuple[str, Results]
Key = tuple[str, str]
Row = list[Outcome | None]


def compare_runs(runs: Sequence[Labelled], *, strict: bool = False, worse_by: float | None = None) -> Comparison:
    """
    Compare the last run with the first, and show those between. With `strict` a verdict that is lost is worse too;
    `worse_by` is the part by which a figure may get worse (0.25 for a quarter), no matter how much if it is not given.
    Where nothing got worse and the last run could not tell, the comparison cannot either.
    """
    results = [one for _, one in runs]
    rows = _rows(results)
    lines = [_line(key, row, results) for key, row in rows.items()]
    figures = [one for key, row in rows.items() for one in _figures(key, row, worse_by)]
    changed = [one for one in lines if one.change != "same"]
    counts = Counter(one.change for one in changed)
    slower = sum(one.change == "worse" for one in figures) if worse_by is not None else 0
    bad = counts["worse"] + slower + (counts["lost"] if strict else 0)
    unclear = _unclear(results[-1])
    code = DOES_NOT if bad else UNCLEAR if unclear else CONFORMS
    told = _summary(counts, slower, len(lines) - len(changed))
    return Comparison(
        runs=[_run(label, one) for label, one in runs],
        conforms=code == CONFORMS,
        exit_code=code,
        summary=f"{unclear}; {told}" if code == UNCLEAR else told,
        areas=list(_areas(lines)),
        verdicts=sorted(changed, key=lambda one: (_ORDER.index(one.change), one.name, one.profile)),
        figures=sorted(figures, key=lambda one: (_ORDER.index(one.change), -(one.ratio or 0), one.name)),
        trends=list(trends(figures)) if len(runs) >= FEWEST else [],
        same=len(lines) - len(changed),
        notes=list(_notes(results)),
    )


def _rows(results: Sequence[Results]) -> dict[Key, Row]:
    profiles = [{outcome.profile for outcome in one.outcomes} for one in results]
    apart = all(len(one) == 1 for one in profiles) and len(set.union(*profiles)) > 1
    found: dict[Key, Row] = {}
    for place, one in enumerate(results):
        for outcome in one.outcomes:
            key = outcome.name, "" if apart else outcome.profile
            found.setdefault(key, [None] * len(results))[place] = outcome
    return dict(sorted(found.items()))


def _unclear(last: Results) -> str | None:
    """
    Why the last run shows no server that is as good as before: it was not seen.
    """
    if not any(one.kind in JUDGED for one in last.outcomes):
        return "the last run judged nothing"
    if last.exit_code == UNCLEAR:
        errors = last.counts.get("error", 0)
        return f"the last run had {'1 error' if errors == 1 else f'{errors} errors'}"
    return None


def _line(key: Key, row: Row, results: Sequence[Results]) -> VerdictLine:
    known = [one for one in row if one is not None]
    kinds = [one.kind if one is not None else None for one in row]
    wrong = next((one for one in reversed(known) if one.differences or one.reason), None)
    return VerdictLine(
        name=key[0],
        profile=key[1],
        title=known[-1].title,
        requirement=known[-1].requirement,
        level=known[-1].level,
        area=known[-1].area,
        kinds=kinds,
        change=_change(kinds),
        causes=causes(row[0], row[-1], results[0].suite, results[-1].suite) if kinds[0] != kinds[-1] else [],
        told=_told(wrong) if wrong is not None else None,
    )


def _change(kinds: Sequence[Kind | None]) -> Direction:
    first, last = kinds[0], kinds[-1]
    if set(kinds) <= _NEVER:  # a run of fewer scenarios does not list what the server cannot do
        return "same"
    if first == last:
        return "same" if len(set(kinds)) == 1 else "changed"
    before, after = first in JUDGED, last in JUDGED
    if before != after:
        return "lost" if before else "gained"
    if first in _RANK and last in _RANK and _RANK[first] != _RANK[last]:
        return "worse" if _RANK[last] > _RANK[first] else "better"
    return "changed"


def _told(outcome: Outcome) -> str:
    first = next((line for one in outcome.differences for line in one.lines), None)
    return first or outcome.reason or outcome.title


def _figures(key: Key, row: Row, worse_by: float | None) -> Iterator[FigureLine]:
    measured = [{_what(one): one for one in outcome.figures} if outcome else {} for outcome in row]
    for name in dict.fromkeys(name for one in measured for name in one):
        seen = [one.get(name) for one in measured]
        yield _figure(key, next(one for one in reversed(seen) if one is not None), seen, worse_by)


def _what(figure: Figure) -> tuple[str, str]:
    return figure.name, figure.target


def _figure(key: Key, last: Figure, seen: Sequence[Figure | None], worse_by: float | None) -> FigureLine:
    values = [one.value if one is not None else None for one in seen]
    held = [one.held if one is not None else None for one in seen]
    ratio = ratio_of(values[0], values[-1], last.target)
    return FigureLine(
        name=key[0],
        profile=key[1],
        what=last.name,
        unit=last.unit,
        target=last.target,
        values=values,
        held=held,
        change=_moved(ratio, worse_by) if _told_apart(values[0], values[-1], last.unit) else "same",
        ratio=ratio,
    )


def _told_apart(first: float | None, last: float | None, unit: str) -> bool:
    return unit != "s" or first is None or last is None or abs(last - first) > NOISE


def _moved(ratio: float | None, worse_by: float | None) -> Direction:
    if ratio is None or worse_by is None or 1 / (1 + worse_by) <= ratio <= 1 + worse_by:
        return "same"
    return "worse" if ratio > 1 else "better"


def _areas(lines: Sequence[VerdictLine]) -> Iterator[Tally]:
    for area in sorted({one.area for one in lines}):
        columns = list(zip(*(one.kinds for one in lines if one.area == area), strict=True))
        yield Tally(
            area=area,
            passed=[sum(kind in ("passed", "fixed") for kind in column) for column in columns],
            judged=[sum(kind in JUDGED for kind in column) for column in columns],
        )


def _run(label: str, results: Results) -> Run:
    return Run(
        label=label,
        tool=results.tool,
        started=results.started,
        seed=results.seed,
        duration=results.duration,
        exit_code=results.exit_code,
        verdict=verdict(results),
        counts=results.counts,
        targets=[f"{one.profile}: {one.url}" for one in results.targets],
        profiles=[one.profile for one in results.targets],
        kill=results.suite.kill if results.suite is not None else None,
    )


def _summary(counts: Mapping[Direction, int], slower: int, same: int) -> str:
    words: dict[Direction, str] = {"lost": "no longer judged", "gained": "newly judged", "changed": "changed otherwise"}
    told = [f"{counts[one]} {words.get(one, one)}" for one in _ORDER if counts.get(one)]
    figures = [f"{slower} figures worse"] if slower else []
    return f"{', '.join([*told, *figures]) or 'Nothing changed'}; {same} the same."


def _notes(results: Sequence[Results]) -> Iterator[str]:
    """
    What makes the runs less comparable than they seem.
    """
    first, last = results[0].suite, results[-1].suite
    if first is None or last is None:
        yield "a run was recorded by a version that kept no hashes: whether the server or the suite changed is unknown"
    elif first.checks != last.checks or first.judging != last.judging:
        yield "the runs were judged by different checks: `threadgauge judge RUN` judges the older one with today's"
    if len({one.seed for one in results}) > 1:
        yield "the runs have different seeds: their names and canaries differ"
    played = [{outcome.scenario for outcome in one.outcomes} for one in results]
    if played[0] != played[-1]:
        gone, new = len(played[0] - played[-1]), len(played[-1] - played[0])
        yield f"{gone} scenarios were played only by the first run, {new} only by the last"
