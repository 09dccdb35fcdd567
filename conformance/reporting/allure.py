"""
One outcome for Allure, told through allure-pytest's public functions while a test runs.
"""

from __future__ import annotations

from contextlib import suppress
from types import ModuleType
from typing import Final

from conformance.model.outcome import Difference, Outcome
from conformance.model.requirement import Level
from conformance.reporting.failure import SUSPECTS, suspect_words
from conformance.reporting.reports import report_url
from conformance.reporting.visible import inline, visible

__all__ = ["SEVERITY", "annotate"]

SEVERITY: Final[dict[Level, str]] = {"MUST": "critical", "SHOULD": "normal", "MAY": "minor"}


def annotate(outcome: Outcome, transcript_json: str | bytes | None = None) -> None:
    """
    Labels, links, steps and the transcript of the test that is running; nothing where allure-pytest is not installed.
    """
    try:
        import allure
    except ImportError:
        return
    _label(allure, outcome)
    _link(allure, outcome)
    for index, title in outcome.steps.items():
        _step(allure, f"{index}. {title}", [one for one in outcome.differences if one.step == index])
    if transcript_json is not None:
        allure.attach(transcript_json, name="transcript", attachment_type=allure.attachment_type.JSON)


def _label(allure: ModuleType, outcome: Outcome) -> None:
    dynamic = allure.dynamic
    dynamic.title(inline(f"{outcome.name} [{outcome.profile}]"))
    dynamic.description(visible(f"{outcome.level} {outcome.requirement}: {outcome.sentence}"))
    dynamic.epic(outcome.area)
    dynamic.feature(outcome.requirement)
    dynamic.story(visible(outcome.title))
    dynamic.severity(SEVERITY[outcome.level])
    dynamic.tag(outcome.profile, outcome.level)
    dynamic.label("requirement", outcome.requirement)
    dynamic.parameter("profile", outcome.profile)


def _link(allure: ModuleType, outcome: Outcome) -> None:
    for suspect in outcome.suspects[:SUSPECTS]:
        if url := report_url(suspect.report):
            allure.dynamic.issue(url, suspect_words(suspect))


class _Differs(AssertionError):
    """
    Marks a step as failed; never leaves this module.
    """


def _step(allure: ModuleType, title: str, differences: list[Difference]) -> None:
    with suppress(_Differs), allure.step(visible(title)):
        if differences:
            lines = visible("\n".join(line for difference in differences for line in difference.lines))
            allure.attach(lines, name="differences", attachment_type=allure.attachment_type.TEXT)
            raise _Differs(lines)
