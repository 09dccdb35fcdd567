"""
GitHub-flavoured Markdown for a CI job's summary.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.engine.baseline import out_of_date
from conformance.model.outcome import KINDS, Kind, Outcome
from conformance.model.results import Results
from conformance.reporting.failure import failure_lines, headline
from conformance.reporting.figures import figures_line
from conformance.reporting.limits import limits_of
from conformance.reporting.summary import most_urgent, verdict
from conformance.reporting.undeclared import gain_lines, gains_of
from conformance.reporting.unjudged import unjudged
from conformance.reporting.visible import visible

__all__ = ["LIMIT", "code", "plain", "render_markdown", "within"]

LIMIT: Final = 1024 * 1024
"""
Bytes that GitHub accepts as a step's summary; a longer one is dropped whole.
"""

FULL: Final = 100  # outcomes of a kind in full: the rest is a line each
PIECE: Final = 200  # lines of one folded list: a list that does not fit is cut as a whole
LONGEST: Final = 32_000  # characters of one outcome: it must not crowd out all others
_ROOM: Final = 4096  # bytes kept free for the note that something was cut
_SHOWN: Final[tuple[Kind, ...]] = ("failed", "error", "fixed", "deviation", "known failure")
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|~<>&-])")


def render_markdown(results: Results, *, limit: int = LIMIT) -> str:
    """
    Verdict, a table of areas and profiles, and the failures folded; always smaller than `limit` bytes.
    """
    told = [*_head(results), *_out_of_date(results), *_problems(results), *_reasons(results)]
    return within([*told, *_notes(results), *_unjudged(results)], limit)


def within(blocks: Sequence[str], limit: int) -> str:
    """
    As many of the blocks as fit into `limit` bytes, and a note where that is not all.
    """
    room = limit - _ROOM
    kept: list[str] = []
    for place, block in enumerate(blocks):
        room -= len(block.encode()) + 2
        if room < 0:
            kept.append(f"_Cut here, {len(blocks) - place} more sections: the HTML report has all._")
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def _head(results: Results) -> Iterator[str]:
    sign = {0: "✅", 1: "❌"}.get(results.exit_code, "⚠️")
    yield f"## {sign} threadgauge: {plain(verdict(results))}"
    yield from (f"> {plain(line)}" for line in limits_of(results))
    for target in results.targets:
        witnesses = ", ".join(target.witnesses) or "nothing"
        yield f"{plain(target.profile)}: {code(target.url)}, seen: {witnesses}"
    if results.outcomes:
        yield "\n".join(_table(results.outcomes))
    yield from _first(results)
    yield plain(f"{results.tool}, seed {results.seed}, {results.duration:.1f} s")
    if figures := figures_line(results):
        yield plain(figures)


def _first(results: Results) -> Iterator[str]:
    for group in most_urgent(results)[:1]:
        one = group[0]
        looks = f" Looks like {one.suspects[0].id}." if one.suspects else ""
        yield f"**Fix first:** {plain(f'{one.level} {one.requirement}: {one.sentence}{looks}')}"


def _table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    profiles = sorted({outcome.profile for outcome in outcomes})
    yield f"| area | {' | '.join(plain(profile) for profile in profiles)} |"
    yield f"| --- |{' --- |' * len(profiles)}"
    for area in sorted({outcome.area for outcome in outcomes}):
        cells = [_cell([one for one in outcomes if (one.area, one.profile) == (area, name)]) for name in profiles]
        yield f"| {plain(area)} | {' | '.join(cells)} |"


def _cell(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcome.kind for outcome in outcomes)
    told = [f"**{counts[kind]} {kind}**" if kind == "failed" else f"{counts[kind]} {kind}" for kind in KINDS]
    return ", ".join(words for words, kind in zip(told, KINDS, strict=True) if counts[kind]) or "-"


def _out_of_date(results: Results) -> Iterator[str]:
    stale = out_of_date(results.baseline)
    if stale:
        yield f"### {len(stale)} out of date in the baseline"
        yield "\n".join(f"- {one.state}: {code(one.fails)} ({plain(one.place)}): {plain(one.told)}" for one in stale)


def _problems(results: Results) -> Iterator[str]:
    """
    Each kind, what to fix first in front; in full only as many as somebody reads in a summary.
    """
    for kind in _SHOWN:
        found = [outcome for outcome in _by_urgency(results) if outcome.kind == kind]
        full = FULL if kind != "known failure" else 0
        if found:
            yield f"### {len(found)} {kind}"
            yield from (_folded(outcome) for outcome in found[:full])
            yield from _listed(found[full:])


def _by_urgency(results: Results) -> list[Outcome]:
    first = [outcome for group in most_urgent(results) for outcome in group]
    known = {id(outcome) for outcome in first}
    return [*first, *(outcome for outcome in results.outcomes if id(outcome) not in known)]


def _listed(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for start in range(0, len(outcomes), PIECE):
        lines = [f"- {plain(_in_one(outcome))}" for outcome in outcomes[start : start + PIECE]]
        summary = f"{len(lines)} more in brief" if start or len(outcomes) > PIECE else f"{len(lines)} in brief"
        yield f"<details><summary>{summary}</summary>\n\n" + "\n".join(lines) + "\n\n</details>"


def _in_one(outcome: Outcome) -> str:
    first = next((line for one in outcome.differences for line in one.lines), outcome.title)
    return f"{outcome.profile}: {outcome.level} {outcome.name}: {outcome.reason or first}"[:400]


def _folded(outcome: Outcome) -> str:
    summary = html.escape(" ".join(visible(f"{outcome.profile}: {headline(outcome)}").split()))
    text = visible("\n".join(failure_lines(outcome)))
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n... cut, {len(text):,} characters in all"
    return f"<details><summary>{summary}</summary>\n\n{_fenced(text)}\n\n</details>"


def _reasons(results: Results) -> Iterator[str]:
    for kind in ("inconclusive", "unsupported"):
        reasons = Counter(one.reason or "no reason was given" for one in results.outcomes if one.kind == kind)
        if reasons:
            yield f"### {reasons.total()} {kind}"
            told = "\n".join(f"- {count} × {plain(reason)}" for reason, count in reasons.most_common())
            many = "1 reason" if len(reasons) == 1 else f"{len(reasons)} reasons"
            yield f"<details><summary>{many}</summary>\n\n{told}\n\n</details>"
    if lines := list(gain_lines(gains_of(results.outcomes))):
        yield "\n".join([plain(lines[0]), "", *(f"- {plain(line)}" for line in lines[1:])])


def _unjudged(results: Results) -> Iterator[str]:
    rest = unjudged(results)
    if not rest:
        return
    lines = [f"- {one.coverage.level} {plain(one.coverage.requirement)}: {plain(one.reason)}" for one in rest]
    summary = f"{len(rest)} of {len(results.coverage)} requirements were not judged"
    yield f"<details><summary>{summary}</summary>\n\n" + "\n".join(lines) + "\n\n</details>"


def _notes(results: Results) -> Iterator[str]:
    yield from (f"> {plain(note)}" for note in results.notes)


def plain(text: str) -> str:
    """
    Text that Markdown takes as it is, in a table too.
    """
    return _SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))


def code(text: str) -> str:
    kept = " ".join(visible(text).split())
    fence = "`" * (_longest_run(kept) + 1)
    return f"{fence} {kept} {fence}" if "`" in kept else f"`{kept}`"


def _fenced(text: str) -> str:
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
