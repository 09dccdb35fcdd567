"""
Counts and figures of a run as OpenMetrics text, for a Pushgateway, a textfile collector or a scrape of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from conformance.model.outcome import KINDS
from conformance.model.results import Results
from conformance.reporting.visible import inline

__all__ = ["render_openmetrics"]

Labels = Mapping[str, str]
Samples = Sequence[tuple[Labels, float]]


def render_openmetrics(results: Results) -> str:
    """
    Families of gauges, each with its type, unit and help; `# EOF` last, as the standard has it.
    """
    return "".join(f"{line}\n" for line in _lines(results)) + "# EOF\n"


def _lines(results: Results) -> Iterator[str]:
    started = datetime.fromisoformat(results.started).timestamp()
    yield from _family("conforms", "1 where the exit code was 0", [({}, int(results.conforms))])
    yield from _family("run_started_seconds", "When the run began", [({}, started)], unit="seconds")
    yield from _family("run_duration_seconds", "How long it took", [({}, results.duration)], unit="seconds")
    yield from _family("outcomes", "Scenarios by outcome", list(_outcomes(results)))
    yield from _family("requirements", "Requirements by whether they were judged", list(_requirements(results)))
    yield from _family("kill_score_ratio", "Part of the known defects that the suite catches", list(_kills(results)))
    yield from _family("figure_seconds", "The worst of what was measured", list(_figures(results, "s")), unit="seconds")
    rates = list(_figures(results, "per second"))
    yield from _family("figure_per_second", "The worst of what was measured", rates)
    yield from _family("figure_held", "1 where it met its target, 0 where it missed", list(_held(results)))


def _family(name: str, told: str, samples: Samples, unit: str | None = None) -> Iterator[str]:
    if not samples:
        return
    yield f"# TYPE threadgauge_{name} gauge"
    if unit is not None:
        yield f"# UNIT threadgauge_{name} {unit}"
    yield f"# HELP threadgauge_{name} {told}."
    for labels, value in samples:
        yield f"threadgauge_{name}{_labels(labels)} {int(value) if value == int(value) else round(value, 6)}"


def _labels(labels: Labels) -> str:
    told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _escaped(value: str) -> str:
    return inline(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _outcomes(results: Results) -> Iterator[tuple[Labels, float]]:
    counted = Counter((one.profile, one.kind) for one in results.outcomes)
    for profile in sorted({one.profile for one in results.outcomes}):
        for kind in KINDS:
            yield {"profile": profile, "outcome": kind}, counted[profile, kind]


def _requirements(results: Results) -> Iterator[tuple[Labels, float]]:
    if results.coverage:
        judged = sum(one.judged for one in results.coverage)
        yield {"judged": "yes"}, judged
        yield {"judged": "no"}, len(results.coverage) - judged


def _kills(results: Results) -> Iterator[tuple[Labels, float]]:
    kill = results.suite.kill if results.suite is not None else None
    if kill is not None and kill.defects:
        yield {}, kill.caught / kill.defects


def _figures(results: Results, unit: str) -> Iterator[tuple[Labels, float]]:
    for outcome in results.outcomes:
        for one in outcome.figures:
            if one.unit == unit:
                yield _of(outcome.name, outcome.profile, one.name, one.target), one.value


def _held(results: Results) -> Iterator[tuple[Labels, float]]:
    for outcome in results.outcomes:
        for one in outcome.figures:
            if one.held is not None:
                yield _of(outcome.name, outcome.profile, one.name, one.target), int(one.held)


def _of(scenario: str, profile: str, figure: str, target: str) -> Labels:
    return {"scenario": scenario, "profile": profile, "figure": figure, "target": target}
