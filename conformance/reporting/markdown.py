"""
GitHub-flavoured Markdown for a CI job's summary.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.model.outcome import KINDS, Kind, Outcome
from conformance.model.results import Results
from conformance.reporting.failure import failure_lines, headline
from conformance.reporting.figures import figures_line
from conformance.reporting.summary import verdict
from conformance.reporting.visible import visible

__all__ = ["LIMIT", "render_markdown"]

LIMIT: Final = 1024 * 1024
"""
Bytes that GitHub accepts as a step's summary; a longer one is dropped whole.
"""

LONGEST: Final = 32_000  # characters of one outcome: it must not crowd out all others
_ROOM: Final = 4096  # bytes kept free for the note that something was cut
_SHOWN: Final[tuple[Kind, ...]] = ("failed", "error", "deviation")
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|~<>&-])")


def render_markdown(results: Results, *, limit: int = LIMIT) -> str:
    """
    Verdict, a table of areas and profiles, and the failures folded; always smaller than `limit` bytes.
    """
    blocks = [*_head(results), *_problems(results), *_reasons(results), *_notes(results)]
    return _within(blocks, limit - _ROOM)


def _within(blocks: Sequence[str], room: int) -> str:
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
    yield f"## {sign} threadgauge: {_plain(verdict(results))}"
    for target in results.targets:
        witnesses = ", ".join(target.witnesses) or "nothing"
        yield f"{_plain(target.profile)}: {_code(target.url)}, seen: {witnesses}"
    if results.outcomes:
        yield "\n".join(_table(results.outcomes))


def _table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    profiles = sorted({outcome.profile for outcome in outcomes})
    yield f"| area | {' | '.join(_plain(profile) for profile in profiles)} |"
    yield f"| --- |{' --- |' * len(profiles)}"
    for area in sorted({outcome.area for outcome in outcomes}):
        cells = [_cell([one for one in outcomes if (one.area, one.profile) == (area, name)]) for name in profiles]
        yield f"| {_plain(area)} | {' | '.join(cells)} |"


def _cell(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcome.kind for outcome in outcomes)
    told = [f"**{counts[kind]} {kind}**" if kind == "failed" else f"{counts[kind]} {kind}" for kind in KINDS]
    return ", ".join(words for words, kind in zip(told, KINDS, strict=True) if counts[kind]) or "-"


def _problems(results: Results) -> Iterator[str]:
    for kind in _SHOWN:
        found = [outcome for outcome in results.outcomes if outcome.kind == kind]
        if found:
            yield f"### {len(found)} {kind}"
            yield from (_folded(outcome) for outcome in found)


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
            yield "\n".join(f"- {count} × {_plain(reason)}" for reason, count in reasons.most_common())


def _notes(results: Results) -> Iterator[str]:
    yield from (f"> {_plain(note)}" for note in results.notes)
    if figures := figures_line(results):
        yield _plain(figures)
    yield f"{_plain(results.tool)}, seed {results.seed}, {results.duration:.1f} s"


def _plain(text: str) -> str:
    """
    Text that Markdown takes as it is, in a table too.
    """
    return _SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))


def _code(text: str) -> str:
    kept = " ".join(visible(text).split())
    fence = "`" * (_longest_run(kept) + 1)
    return f"{fence} {kept} {fence}" if "`" in kept else f"`{kept}`"


def _fenced(text: str) -> str:
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
