"""
The report as one HTML file that needs nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.model.baseline import STALE
from conformance.model.outcome import KINDS, Kind, Outcome
from conformance.model.results import Results
from conformance.model.transcript import Transcript
from conformance.reporting import figures, plots, timeline
from conformance.reporting.limits import limits_of
from conformance.reporting.plots import panels
from conformance.reporting.reports import report_url
from conformance.reporting.session import session_of
from conformance.reporting.shorten import characters, shortened
from conformance.reporting.summary import most_urgent, verdict
from conformance.reporting.templates import template, templates_folder
from conformance.reporting.undeclared import gain_lines, gains_of, undeclared
from conformance.reporting.unjudged import unjudged
from conformance.reporting.view import OutcomeView, needs_study, outcome_view
from conformance.reporting.visible import inline, visible

__all__ = ["environment", "render_html"]

FULL: Final = 250  # outcomes shown in full, the most urgent: 10 kB each, and a page should open in a second
LONGEST: Final = 12_000  # characters of any one value, whatever it is: a curl line is the longest that is wanted


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """
    One area for one profile; `kind` is the most urgent one in it, `query` filters the page to it.
    """

    profile: str
    kind: Kind | None
    counts: tuple[tuple[Kind, int], ...]


def render_html(results: Results, transcripts: Mapping[str, Transcript] | None = None) -> str:
    """
    The page. `transcripts` by the names that the outcomes give; an outcome without one shows its words only.
    """
    script = template("report.js")
    page = environment().get_template("report.html.j2")
    return page.render(
        results=results,
        verdict=verdict(results),
        limits=list(limits_of(results)),
        urgent=most_urgent(results),
        kinds=[(kind, results.counts.get(kind, 0)) for kind in KINDS],
        profiles=_distinct(outcome.profile for outcome in results.outcomes),
        areas=_distinct(outcome.area for outcome in results.outcomes),
        matrix=list(_matrix(results.outcomes)),
        anchors=_anchors(results.outcomes),
        studied=FULL,
        seeing={target.profile: target.witnesses for target in results.targets},
        views=list(_views(results, {} if transcripts is None else transcripts)),
        undeclared=undeclared(results.outcomes),
        gains=list(gain_lines(gains_of(results.outcomes))),
        panels=list(panels(results)),
        measured=list(figures.rows(results)),
        unjudged=unjudged(results),
        stated=_stated(results),
        stale=STALE,
        session=session_of(results),
        style=Markup(template("report.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        drawing=timeline,
        plots=plots,
        report_url=report_url,
        characters=characters,
    )


def environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters |= {"shortened": shortened, "inline": inline}
    return environment


def _finalize(value: Any) -> Any:
    # Exactly str: markup of ours is left alone.
    return visible(shortened(value, LONGEST)) if type(value) is str else value


def _views(results: Results, transcripts: Mapping[str, Transcript]) -> Iterator[OutcomeView]:
    coverage = {one.requirement: one for one in results.coverage}
    studied = 0
    for anchor, outcome in zip(_anchors(results.outcomes), results.outcomes, strict=True):
        name = outcome.transcript
        full = needs_study(outcome) and studied < FULL
        studied += full
        if outcome.kind != "unsupported":
            yield outcome_view(anchor, outcome, transcripts.get(name) if name else None, coverage, full=full)


def _anchors(outcomes: Sequence[Outcome]) -> list[str]:
    """
    Names for links, stable from run to run; where two would be the same, the later get a number.
    """
    seen: Counter[str] = Counter()
    anchors = []
    for outcome in outcomes:
        name = re.sub(r"[^a-z0-9]+", "-", f"{outcome.profile} {outcome.name}".lower()).strip("-")[:120]
        seen[name] += 1
        anchors.append(f"at-{name}" if seen[name] == 1 else f"at-{name}-{seen[name]}")
    return anchors


def _stated(results: Results) -> dict[str, str]:
    """
    Links to the requirements that the page states once, for hundreds of outcomes that need no study.
    """
    known = {one.requirement for one in results.coverage}
    named = _distinct(one.requirement for one in results.outcomes if one.requirement in known)
    return {name: f"is-{number}" for number, name in enumerate(named)}


def _matrix(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, list[MatrixCell]]]:
    counted = Counter((outcome.area, outcome.profile, outcome.kind) for outcome in outcomes)
    profiles = _distinct(outcome.profile for outcome in outcomes)
    for area in _distinct(outcome.area for outcome in outcomes):
        yield area, [_cell(profile, {kind: counted[area, profile, kind] for kind in KINDS}) for profile in profiles]


def _cell(profile: str, counts: Mapping[Kind, int]) -> MatrixCell:
    found = [(kind, count) for kind, count in counts.items() if count]
    # What the profile does not declare is no news where something else was played.
    found.sort(key=lambda pair: pair[0] == "unsupported")
    return MatrixCell(profile, found[0][0] if found else None, tuple(found))


def _distinct(values: Iterator[str]) -> list[str]:
    return sorted(set(values))
