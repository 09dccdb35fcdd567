"""
The summary of a run for a terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from conformance.engine.baseline import out_of_date
from conformance.model.outcome import KINDS, Kind, Outcome
from conformance.model.results import Results
from conformance.reporting.failure import failure_lines
from conformance.reporting.figures import figures_line
from conformance.reporting.limits import limits_of
from conformance.reporting.summary import JUDGED, verdict
from conformance.reporting.undeclared import gain_lines, gains_of
from conformance.reporting.unjudged import unjudged_line
from conformance.reporting.visible import fitted, inline, visible

__all__ = ["render_brief", "render_outcome", "render_terminal"]

_COLOURS: Final[dict[Kind, str]] = {
    "passed": "32",
    "failed": "31",
    "error": "35",
    "fixed": "34",
    "deviation": "33",
    "known failure": "33",
    "inconclusive": "36",
    "unsupported": "2",
}
_IN_FULL: Final[tuple[Kind, ...]] = ("failed", "error", "deviation")
_GROUPED: Final[tuple[Kind, ...]] = ("known failure", "inconclusive", "unsupported")
_NO_TROUBLE: Final = {"unsupported": ": not declared by the profile, so not asked of the server"}

NAMED: Final = 3  # scenarios named per reason: enough to look one up
REASONS: Final = 5  # of one kind: the rest is counted, the report lists all
UNDECLARED: Final = 2  # what a profile does not declare is no trouble, and what would gain most stands in the summary
SLOW: Final = 1.0  # seconds; faster scenarios are not worth a line


def render_brief(results: Results, *, report: str | None = None, colour: bool = False, width: int = 100) -> str:
    """
    What fails the run, in full, and the verdict; nothing else but why, where nothing could be told.
    """
    told = any(results.counts.get(kind, 0) for kind in JUDGED)
    kinds = _IN_FULL if results.strict else _IN_FULL[:2]
    verdict_lines = [line for one in limits_of(results) for line in _wrapped(one, width)]
    verdict_lines += [f"report: {report}"] if report and not results.conforms else []
    verdict_lines.append(_painted(verdict(results), "1;32" if results.conforms else "1;31", colour))
    blocks = [
        *(_in_full(outcome, colour) for kind in kinds for outcome in _of(results, kind)),
        *(_grouped(results, kind, colour, width) for kind in (() if told else _GROUPED)),
        "\n".join(_out_of_date(results, colour, width)),
        "\n".join(verdict_lines),
    ]
    return "\n\n".join(block for block in blocks if block)


def render_terminal(results: Results, *, report: str | None = None, colour: bool = False, width: int = 100) -> str:
    """
    Failures in full, what could not be seen by reason, counts, and the verdict last, where the eye is.

    Lines are cut at `width` only where nothing is lost; texts of the target never carry control characters.
    """
    blocks = [
        *(_in_full(outcome, colour) for kind in _IN_FULL for outcome in _of(results, kind)),
        *(_grouped(results, kind, colour, width) for kind in _GROUPED),
        "\n".join(_out_of_date(results, colour, width)),
        "\n".join(_summary(results, report, colour, width)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def render_outcome(outcome: Outcome) -> str:
    """
    One outcome in full, without colour.
    """
    return visible("\n".join(failure_lines(outcome)))


def _in_full(outcome: Outcome, colour: bool) -> str:
    first, *rest = (visible(line) for line in failure_lines(outcome))
    mark = "" if outcome.kind == "failed" else f"{outcome.kind} "
    return "\n".join([_painted(mark + first, _COLOURS[outcome.kind], colour), *rest])


def _grouped(results: Results, kind: Kind, colour: bool, width: int) -> str:
    reasons: dict[str, list[str]] = {}
    for outcome in _of(results, kind):
        reasons.setdefault(outcome.reason or "no reason was given", []).append(
            f"{outcome.profile} {inline(outcome.name)}"
        )
    if not reasons:
        return ""
    shown = UNDECLARED if kind == "unsupported" else REASONS
    lines = [_painted(fitted(kind + _NO_TROUBLE.get(kind, ""), width), _COLOURS[kind], colour)]
    most = sorted(reasons.items(), key=lambda pair: -len(pair[1]))
    for reason, names in most[:shown]:
        lines += _wrapped(f"{len(names):>4}  {visible(reason)}", width)
        lines.append(fitted(f"      {_first(names)}", width))
    if len(most) > shown:
        lines.append(f"      and {len(most) - shown} more reasons, all in the report")
    return "\n".join(lines)


def _out_of_date(results: Results, colour: bool, width: int) -> Iterator[str]:
    stale = out_of_date(results.baseline)
    if stale:
        yield _painted("out of date in the baseline", _COLOURS["failed"], colour)
    for entry in stale:
        yield from _wrapped(
            f"  {entry.state}: {inline(entry.place)}: {inline(entry.fails)}: {inline(entry.told)}", width
        )


def _first(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _summary(results: Results, report: str | None, colour: bool, width: int) -> Iterator[str]:
    yield _painted("-" * min(width, 72), "2", colour)
    for target in results.targets:
        witnesses = ", ".join(target.witnesses) or "nothing"
        yield fitted(f"{target.profile}: {target.url} (seen: {witnesses})", width)
    for line in limits_of(results):
        yield from _wrapped(line, width)
    for kind in reversed(KINDS):
        count = results.counts.get(kind, 0)
        if count or kind in ("passed", "failed"):
            yield _painted(f"{count:>6}  {kind}", _COLOURS[kind] if count else "2", colour)
    yield from _coverage(results)
    yield from (part for line in unjudged_line(results) for part in _wrapped(line, width))
    if figures := figures_line(results):
        yield from _wrapped(inline(figures), width)
    yield from _slowest(results, width)
    yield from (line for one in gain_lines(gains_of(results.outcomes)) for line in _wrapped(one, width))
    for note in results.notes:
        yield from _wrapped(f"note: {visible(note)}", width)
    if report:
        yield f"report: {report}"
    yield _painted(verdict(results), "1;32" if results.conforms else "1;31", colour)


def _coverage(results: Results) -> Iterator[str]:
    if results.coverage:
        judged = sum(one.judged for one in results.coverage)
        yield f"{judged} of {len(results.coverage)} requirements judged, seed {results.seed}, {results.duration:.1f} s"
    else:
        yield f"seed {results.seed}, {results.duration:.1f} s"


def _slowest(results: Results, width: int) -> Iterator[str]:
    slow = max(results.outcomes, key=lambda outcome: outcome.duration, default=None)
    if slow is not None and slow.duration >= SLOW:
        yield fitted(f"slowest: {slow.profile} {slow.name}, {slow.duration:.1f} s", width)


def _of(results: Results, kind: Kind) -> Iterable[Outcome]:
    return (outcome for outcome in results.outcomes if outcome.kind == kind)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False)


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
