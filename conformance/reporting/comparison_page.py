"""
A comparison of runs as one HTML file that needs nothing else, and no script.
"""

from __future__ import annotations

from itertools import groupby

from markupsafe import Markup

from conformance.model.comparison import Comparison
from conformance.model.outcome import KINDS
from conformance.reporting.comparison_text import WORDS, heading, kill_words, moved, name_of, title_of, value_of
from conformance.reporting.html import environment
from conformance.reporting.templates import template
from conformance.reporting.trends import FEWEST, HEIGHT, WIDTH, drawn

__all__ = ["render_comparison_page"]


def render_comparison_page(comparison: Comparison) -> str:
    page = environment().get_template("compare.html.j2")
    return page.render(
        comparison=comparison,
        heading=heading(comparison),
        groups=[(change, list(group)) for change, group in groupby(comparison.verdicts, key=lambda one: one.change)],
        kinds=KINDS,
        words=WORDS,
        name_of=name_of,
        value_of=value_of,
        kill_words=kill_words,
        title_of=title_of,
        moved=moved,
        drawn=drawn,
        over_runs=len(comparison.runs) >= FEWEST,
        plot=(WIDTH, HEIGHT),
        widest=max(sum(run.counts.values()) for run in comparison.runs) or 1,
        style=Markup(template("report.css")),
    )
