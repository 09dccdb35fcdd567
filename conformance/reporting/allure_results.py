"""
A run as Allure results: the files that `allure generate` and `allure awesome` make a page of.

Areas are epics, requirements features, scenarios stories, levels severities. No label names a machine. The same test
has the same history id in every run, so that Allure can show its history.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from conformance.model.outcome import Difference, Kind, Outcome
from conformance.model.results import Results
from conformance.model.transcript import StepRecord, Transcript
from conformance.reporting.allure import SEVERITY
from conformance.reporting.failure import SUSPECTS, failure_lines, suspect_words
from conformance.reporting.reports import report_url
from conformance.reporting.summary import JUDGED
from conformance.reporting.visible import inline, visible

__all__ = ["render_allure"]

_SPACE: Final = uuid.UUID("6f0f3f2e-7a53-5d0e-9d57-1e5f7f0b6a11")  # any, but for ever the same
_STATUS: Final[dict[Kind, str]] = {
    "passed": "passed",
    "failed": "failed",
    "fixed": "failed",
    "error": "broken",
    "deviation": "skipped",
    "known failure": "skipped",
    "inconclusive": "skipped",
    "unsupported": "skipped",
}
_CATEGORIES: Final = [
    {"name": "Known failures", "matchedStatuses": ["skipped"], "messageRegex": "known failure: .*"},
    {"name": "Deviations from a SHOULD or MAY", "matchedStatuses": ["skipped"], "messageRegex": "deviation: .*"},
    {"name": "Not seen", "matchedStatuses": ["skipped"], "messageRegex": "inconclusive: .*"},
    {"name": "Not declared by the profile", "matchedStatuses": ["skipped"], "messageRegex": "unsupported: .*"},
    {"name": "Does not conform", "matchedStatuses": ["failed"]},
    {"name": "Could not be told", "matchedStatuses": ["broken"]},
]


def render_allure(results: Results, transcripts: Mapping[str, str], played: Mapping[str, Transcript]) -> dict[str, str]:
    """
    The files by name. `transcripts` are texts to attach and `played` the transcripts, by the names that outcomes give.
    """
    files = {"categories.json": json.dumps(_CATEGORIES), "environment.properties": _environment(results)}
    for outcome in results.outcomes:
        name = str(uuid.uuid5(_SPACE, f"{outcome.profile} {outcome.name}"))
        writing = _Writing(name, files)
        record = played.get(outcome.transcript or "")
        result = _result(name, outcome, record, results, writing)
        text = transcripts.get(outcome.transcript or "")
        if text is not None and outcome.kind != "unsupported":
            result["attachments"] = [writing.attach("transcript", text, "application/json", "json")]
        files[f"{name}-result.json"] = json.dumps(result)
    return files


class _Writing:
    """
    The attachments of one result, beside it.
    """

    def __init__(self, name: str, files: dict[str, str]) -> None:
        self._name = name
        self._files = files
        self._count = 0

    def attach(self, title: str, text: str, kind: str, suffix: str) -> dict[str, str]:
        self._count += 1
        source = f"{self._name}-{self._count}-attachment.{suffix}"
        self._files[source] = text
        return {"name": title, "source": source, "type": kind}


def _result(
    name: str, outcome: Outcome, transcript: Transcript | None, results: Results, writing: _Writing
) -> dict[str, Any]:
    began = _milliseconds(transcript.started if transcript is not None else results.started)
    words = visible("\n".join(failure_lines(outcome)))
    told = {} if outcome.kind == "passed" else {"statusDetails": {"message": _message(outcome), "trace": words}}
    return {
        "uuid": name,
        "historyId": _digest(f"{outcome.profile} {outcome.name}"),
        "testCaseId": _digest(outcome.name),  # with its example, or Allure takes examples for retries of one test
        "fullName": f"{outcome.profile}:{inline(outcome.name)}",
        "name": inline(f"{outcome.name} [{outcome.profile}]"),
        "description": visible(f"{outcome.level} {outcome.requirement}: {outcome.sentence}"),
        "status": _status(outcome, results),
        "stage": "finished",
        "start": began,
        "stop": began + round(outcome.duration * 1000),
        "labels": [{"name": key, "value": visible(value)} for key, value in _labels(outcome)],
        "links": list(_links(outcome)),
        "parameters": [{"name": "profile", "value": outcome.profile}],
        "steps": list(_steps(outcome, transcript, began, writing)),
        **told,
    }


def _status(outcome: Outcome, results: Results) -> str:
    held = {"deviation": results.strict, "inconclusive": results.require_conclusive}
    return "failed" if held.get(outcome.kind) else _STATUS[outcome.kind]


def _message(outcome: Outcome) -> str:
    first = next((line for one in outcome.differences for line in one.lines), outcome.title)
    return inline(f"{outcome.kind}: {outcome.reason or first}")


def _labels(outcome: Outcome) -> Iterator[tuple[str, str]]:
    yield "epic", outcome.area
    yield "feature", outcome.requirement
    yield "story", outcome.title
    yield "parentSuite", outcome.profile
    yield "suite", outcome.area
    yield "severity", SEVERITY[outcome.level]
    yield "requirement", outcome.requirement
    yield "framework", "threadgauge"
    yield from (("tag", tag) for tag in (outcome.profile, outcome.level, outcome.kind))


def _links(outcome: Outcome) -> Iterator[dict[str, str]]:
    for suspect in outcome.suspects[:SUSPECTS]:
        if url := report_url(suspect.report):
            yield {"type": "issue", "url": url, "name": suspect_words(suspect)}


def _steps(outcome: Outcome, transcript: Transcript | None, began: int, writing: _Writing) -> Iterator[dict[str, Any]]:
    records = {one.index: one for one in transcript.records} if transcript is not None else {}
    for index, title in outcome.steps.items():
        wrong = [one for one in outcome.differences if one.step == index]
        start, stop = _span(records.get(index), began)
        step = {"name": visible(f"{index}. {title}"), "status": _step_status(outcome, wrong), "stage": "finished"}
        yield {**step, "start": start, "stop": stop, **_wrong(wrong, writing)}


def _step_status(outcome: Outcome, wrong: list[Difference]) -> str:
    if outcome.kind not in JUDGED:
        return "skipped"  # nothing can be said of its steps: green ones would be read as seen to hold
    return "failed" if wrong else "passed"


def _wrong(differences: list[Difference], writing: _Writing) -> dict[str, Any]:
    if not differences:
        return {}
    text = visible("\n".join(line for one in differences for line in one.lines))
    message = text.partition("\n")[0]
    attached = writing.attach("differences", text, "text/plain", "txt")
    return {"statusDetails": {"message": message}, "attachments": [attached]}


def _span(record: StepRecord | None, began: int) -> tuple[int, int]:
    exchanges = record.exchanges if record is not None else []
    start = min((one.started for one in exchanges), default=0.0)
    stop = max((one.ended_at for one in exchanges), default=start)
    return began + round(start * 1000), began + round(stop * 1000)


def _environment(results: Results) -> str:
    lines = [f"{one.profile}={one.url} (seen: {' '.join(one.witnesses)})" for one in results.targets]
    return "".join(f"{inline(line)}\n" for line in [*lines, f"tool={results.tool}", f"seed={results.seed}"])


def _milliseconds(started: str) -> int:
    return round(datetime.fromisoformat(started).timestamp() * 1000)


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(errors="backslashreplace"), usedforsecurity=False).hexdigest()
