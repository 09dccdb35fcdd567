"""
A comparison of runs for a terminal, and as Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from conformance.model.comparison import Comparison, Direction, FigureLine, Run, Trend, VerdictLine
from conformance.model.outcome import KINDS, Kind
from conformance.reporting.markdown import LIMIT, plain, within
from conformance.reporting.plots import TITLES
from conformance.reporting.summary import CONFORMS, DOES_NOT, UNCLEAR
from conformance.reporting.trends import FEWEST, bars
from conformance.reporting.visible import fitted, inline

__all__ = [
    "WORDS",
    "heading",
    "kill_words",
    "moved",
    "name_of",
    "path_of",
    "render_comparison",
    "render_comparison_markdown",
    "title_of",
    "value_of",
]

WORDS: Final[dict[Direction, str]] = {
    "worse": "worse",
    "lost": "no longer judged",
    "better": "better",
    "gained": "newly judged",
    "changed": "changed otherwise",
    "same": "the same",
}
_HEADINGS: Final = {CONFORMS: "Nothing got worse", DOES_NOT: "Something got worse", UNCLEAR: "Could not tell"}
_SIGNS: Final = {CONFORMS: "✅", DOES_NOT: "❌", UNCLEAR: "⚠️"}
_ENDINGS: Final = {CONFORMS: "1;32", DOES_NOT: "1;31", UNCLEAR: "1;33"}
_COLOURS: Final[dict[Direction, str]] = {"worse": "31", "lost": "36", "better": "32", "gained": "32"}
FIGURES: Final = 12  # in a terminal; the page and the JSON have all
LISTED: Final = 300  # of one direction in Markdown, so that no list crowds out the others
WIDTH: Final = 20  # of one column


def render_comparison(comparison: Comparison, *, colour: bool = False, width: int = 100) -> str:
    """
    The runs, the areas, what changed by direction, the figures, and what it comes to last.
    """
    blocks = [
        "\n".join(_runs(comparison, width)),
        "\n".join(_matrix(comparison)),
        "\n".join(_trends(comparison, width)),
        *_verdicts(comparison, colour, width),
        "\n".join(_figures(comparison, width)),
        "\n".join(f"note: {inline(note)}" for note in comparison.notes),
        _painted(_ending(comparison), _ENDINGS[comparison.exit_code], colour),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def render_comparison_markdown(comparison: Comparison, *, limit: int = LIMIT) -> str:
    """
    The same for a job's summary or a pull request; always smaller than `limit` bytes.
    """
    blocks = [
        f"## {_SIGNS[comparison.exit_code]} threadgauge: {plain(_ending(comparison))}",
        "\n".join(_table(("run", "started", "verdict", "kill score"), map(_run_cells, comparison.runs))),
        "\n".join(_table(("area", *_labels(comparison)), _area_cells(comparison))),
        *_trend_blocks(comparison),
        *_verdict_blocks(comparison),
        *_figure_blocks(comparison),
        *(f"> {plain(note)}" for note in comparison.notes),
    ]
    return within(blocks, limit)


def heading(comparison: Comparison) -> str:
    """
    What it comes to, in three words.
    """
    return _HEADINGS[comparison.exit_code]


def name_of(line: VerdictLine | FigureLine) -> str:
    return f"{line.name} [{line.profile}]" if line.profile else line.name


def path_of(kinds: Sequence[Kind | None]) -> str:
    """
    What became of a verdict from run to run; two runs alike are one word.
    """
    return " → ".join(kind or "not played" for kind, _ in groupby(kinds))


def value_of(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit != "s":
        return f"{value:.1f}"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def kill_words(run: Run) -> str:
    return f"{run.kill.caught} of {run.kill.defects} defects" if run.kill is not None else "unknown"


def _ending(comparison: Comparison) -> str:
    return f"{heading(comparison)}: {comparison.summary}"


def _labels(comparison: Comparison) -> list[str]:
    return [run.label for run in comparison.runs]


def _runs(comparison: Comparison, width: int) -> Iterator[str]:
    for run in comparison.runs:
        told = f"{run.label}: {run.started[:19]}, {run.tool}, seed {run.seed}, kill score {kill_words(run)}"
        yield fitted(inline(told), width)
        yield fitted(inline(f"  {', '.join(run.targets)}"), width)
        counts = ", ".join(f"{run.counts[kind]} {kind}" for kind in KINDS if run.counts.get(kind))
        yield fitted(f"  {counts}", width)


def _matrix(comparison: Comparison) -> Iterator[str]:
    wide = max((len(one.area) for one in comparison.areas), default=4)
    yield f"{'area':<{wide}}" + "".join(f"  {fitted(inline(label), WIDTH):>{WIDTH}}" for label in _labels(comparison))
    for one in comparison.areas:
        cells = [f"{passed}/{judged}" for passed, judged in zip(one.passed, one.judged, strict=True)]
        mark = " " if len(set(cells)) == 1 else "*"
        yield f"{one.area:<{wide}}" + "".join(f"  {cell:>{WIDTH}}" for cell in cells) + f" {mark}".rstrip()


def _trends(comparison: Comparison, width: int) -> Iterator[str]:
    if comparison.trends:
        yield "figures over the runs: medians of those that every run has measured"
    for one in comparison.trends:
        yield fitted(f"  {title_of(one)}: {bars(one.values)}{moved(one.ratio)}", width)
        yield fitted(f"    {_path(one.values, one.unit)}", width)


def _verdicts(comparison: Comparison, colour: bool, width: int) -> Iterator[str]:
    for change, group in groupby(comparison.verdicts, key=lambda one: one.change):
        lines = list(group)
        block = [_painted(f"{WORDS[change]} ({len(lines)})", _COLOURS.get(change, "2"), colour)]
        for line in lines:
            block += _line(line, width)
        yield "\n".join(block)


def _line(line: VerdictLine, width: int) -> Iterator[str]:
    yield fitted(inline(f"  {line.level} {name_of(line)}: {path_of(line.kinds)}"), width)
    if line.told:
        yield fitted(inline(f"    {line.told}"), width)
    for cause in line.causes:
        yield fitted(inline(f"    may be ours: {cause}"), width)


def _figures(comparison: Comparison, width: int) -> Iterator[str]:
    if comparison.figures:
        yield "figures"
    for one in comparison.figures[:FIGURES]:
        values = _path(one.values, one.unit)
        many = len(one.values) >= FEWEST
        told = f"{bars(one.values) if many else values}{_ratio(one)} ({one.target})"
        yield fitted(inline(f"  {name_of(one)} {one.what}: {told}"), width)
        if many:
            yield fitted(f"    {values}", width)
    if len(comparison.figures) > FIGURES:
        yield f"  and {len(comparison.figures) - FIGURES} more"


def _ratio(figure: FigureLine) -> str:
    word = f", {figure.change}" if figure.change != "same" else ""
    return moved(figure.ratio) + word


def moved(ratio: float | None) -> str:
    """
    The last value against the first, in words; nothing where one of them is not there.
    """
    if ratio is None:
        return ""
    percent = round((ratio - 1) * 100)
    return f", {abs(percent)} % {'slower' if percent > 0 else 'faster'}" if percent else ", as fast"


def title_of(trend: Trend) -> str:
    figures = "1 figure" if trend.of == 1 else f"{trend.of} figures"
    return f"{TITLES.get(trend.what, trend.what)} ({figures})"


def _path(values: Sequence[float | None], unit: str) -> str:
    return " → ".join(value_of(value, unit) for value in values)


def _table(head: Sequence[str], rows: Iterator[Sequence[str]] | map[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(plain(one) for one in head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(plain(one) for one in row)} |"


def _run_cells(run: Run) -> list[str]:
    return [run.label, run.started[:19].replace("T", " "), run.verdict, kill_words(run)]


def _area_cells(comparison: Comparison) -> Iterator[list[str]]:
    for one in comparison.areas:
        yield [one.area, *(f"{passed}/{judged}" for passed, judged in zip(one.passed, one.judged, strict=True))]


def _verdict_blocks(comparison: Comparison) -> Iterator[str]:
    for change, group in groupby(comparison.verdicts, key=lambda one: one.change):
        lines = list(group)
        is_open = " open" if change == "worse" else ""
        told = "\n".join(f"- {plain(_in_one(line))}" for line in lines[:LISTED])
        told += f"\n- and {len(lines) - LISTED} more" if len(lines) > LISTED else ""
        yield f"<details{is_open}><summary>{len(lines)} {WORDS[change]}</summary>\n\n{told}\n\n</details>"


def _in_one(line: VerdictLine) -> str:
    because = f" (may be ours: {'; '.join(line.causes)})" if line.causes else ""
    return f"{line.level} {name_of(line)}: {path_of(line.kinds)}{because}. {line.told or ''}"[:600]


def _trend_blocks(comparison: Comparison) -> Iterator[str]:
    if not comparison.trends:
        return
    rows = (
        [title_of(one), *(value_of(value, one.unit) for value in one.values), bars(one.values), _change(one.ratio)]
        for one in comparison.trends
    )
    yield "\n".join(_table(("figures, median", *_labels(comparison), "over the runs", "change"), rows))


def _change(ratio: float | None) -> str:
    return moved(ratio).removeprefix(", ")


def _figure_blocks(comparison: Comparison) -> Iterator[str]:
    if not comparison.figures:
        return
    many = len(comparison.runs) >= FEWEST
    rows = (
        [
            *(name_of(one), one.what, *(value_of(value, one.unit) for value in one.values)),
            *([bars(one.values)] if many else []),
            _ratio(one).strip(", "),
        ]
        for one in comparison.figures
    )
    head = ("figure", "what", *_labels(comparison), *(["over the runs"] if many else []), "change")
    table = "\n".join(_table(head, rows))
    yield f"<details><summary>{len(comparison.figures)} figures</summary>\n\n{table}\n\n</details>"


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
