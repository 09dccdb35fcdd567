"""
JUnit XML, as Jenkins, GitLab and GitHub's reporters read it.

A `testsuite` per profile. Deviations, known failures, and what could not be seen, are `skipped`: neither green nor red,
unless the run was strict about them. Entries of the baseline that are out of date are a suite of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from conformance.engine.baseline import out_of_date
from conformance.model.outcome import Kind, Outcome
from conformance.model.results import Results, TargetSeen
from conformance.reporting.failure import failure_lines
from conformance.reporting.visible import inline, visible

__all__ = ["render_junit"]

_TAGS: Final[dict[Kind, str | None]] = {
    "passed": None,
    "failed": "failure",
    "error": "error",
    "fixed": "failure",
    "deviation": "skipped",
    "known failure": "skipped",
    "inconclusive": "skipped",
    "unsupported": "skipped",
}


def render_junit(results: Results) -> str:
    """
    The run as one XML document. Names are stable: class `profile.area`, test the outcome's name.
    """
    counts = _counted(results.outcomes, results, len(out_of_date(results.baseline)))
    root = ElementTree.Element("testsuites", {"name": "threadgauge"} | counts)
    root.set("time", _seconds(results.duration))
    del root.attrib["skipped"]  # the schema knows it in a suite only
    for profile in dict.fromkeys(outcome.profile for outcome in results.outcomes):
        _suite(root, profile, [one for one in results.outcomes if one.profile == profile], results)
    _out_of_date(root, results)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, profile: str, outcomes: Sequence[Outcome], results: Results) -> None:
    suite = ElementTree.SubElement(root, "testsuite", {"name": profile} | _counted(outcomes, results))
    suite.set("time", _seconds(sum(outcome.duration for outcome in outcomes)))
    suite.set("timestamp", results.started[:19])  # the schema's pattern has no zone
    _properties(suite, {"seed": str(results.seed), "tool": results.tool} | _target(profile, results.targets))
    for outcome in sorted(outcomes, key=lambda outcome: outcome.name):
        _case(suite, outcome, results)


def _out_of_date(root: ElementTree.Element, results: Results) -> None:
    stale = out_of_date(results.baseline)
    if not stale:
        return
    suite = ElementTree.SubElement(root, "testsuite", {"name": "baseline"} | _counted([], results, len(stale)))
    suite.set("time", _seconds(0))
    suite.set("timestamp", results.started[:19])
    for entry in stale:
        named = {"classname": "baseline", "name": inline(entry.fails), "time": _seconds(0)}
        case = ElementTree.SubElement(suite, "testcase", named)
        told = inline(f"{entry.state}: {entry.told}")
        failure = ElementTree.SubElement(case, "failure", {"message": told, "type": entry.state})
        failure.text = visible(f"{entry.place}: {entry.fails}\n{entry.reason}\n{told}")


def _target(profile: str, targets: Sequence[TargetSeen]) -> dict[str, str]:
    target = next((one for one in targets if one.profile == profile), None)
    return {"url": target.url, "witnesses": " ".join(target.witnesses)} if target else {}


def _case(suite: ElementTree.Element, outcome: Outcome, results: Results) -> None:
    case = ElementTree.SubElement(suite, "testcase")
    case.set("classname", visible(f"{outcome.profile}.{outcome.area}"))
    case.set("name", inline(outcome.name))
    case.set("time", _seconds(outcome.duration))
    if tag := _tag(outcome, results):
        told = ElementTree.SubElement(case, tag, {"message": _message(outcome)})
        if tag != "skipped":
            told.set("type", outcome.kind)
        told.text = visible("\n".join(failure_lines(outcome)))
    named = {"requirement": outcome.requirement, "level": outcome.level, "outcome": outcome.kind}
    # Jenkins' schema has no properties in a test case and refuses the file; readers that know them take these lines.
    ElementTree.SubElement(case, "system-out").text = "\n".join(
        f"[[PROPERTY|{name}={inline(value)}]]" for name, value in named.items()
    )


def _tag(outcome: Outcome, results: Results) -> str | None:
    held = {"deviation": results.strict, "inconclusive": results.require_conclusive}
    return "failure" if held.get(outcome.kind) else _TAGS[outcome.kind]


def _message(outcome: Outcome) -> str:
    first = next((line for difference in outcome.differences for line in difference.lines), outcome.title)
    said = outcome.reason or first
    return visible(said if outcome.kind == "failed" else f"{outcome.kind}: {said}")


def _counted(outcomes: Sequence[Outcome], results: Results, stale: int = 0) -> dict[str, str]:
    tags = [*(_tag(outcome, results) for outcome in outcomes), *["failure"] * stale]
    return {
        "tests": str(len(tags)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
    }


def _properties(parent: ElementTree.Element, values: dict[str, str]) -> None:
    properties = ElementTree.SubElement(parent, "properties")
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": visible(value)})


def _seconds(value: float) -> str:
    return f"{value:.3f}"
