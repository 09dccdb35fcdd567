"""
A run as the files that Allure reads.
"""

import json

import pytest
import sample

from conformance.driver.folder import encode
from conformance.reporting.allure_results import render_allure


def written(*outcomes, **options):
    played = sample.transcripts()
    texts = {name: encode(one) for name, one in played.items()}
    return render_allure(sample.results([*outcomes] if outcomes else None, **options), texts, played)


def results(*outcomes, **options):
    files = written(*outcomes, **options)
    return [json.loads(text) for name, text in files.items() if name.endswith("-result.json")]


def labels(result):
    found = {}
    for label in result["labels"]:
        found.setdefault(label["name"], []).append(label["value"])
    return found


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("passed", "passed"),
        ("failed", "failed"),
        ("fixed", "failed"),
        ("error", "broken"),
        ("deviation", "skipped"),
        ("known failure", "skipped"),
        ("inconclusive", "skipped"),
        ("unsupported", "skipped"),
    ],
)
def test_an_outcome_has_its_status(kind, status):
    [result] = results(sample.outcome(kind=kind, reason="it is so"))

    assert result["status"] == status
    assert (kind == "passed") or result["statusDetails"]["message"] == f"{kind}: it is so"


def test_a_strict_run_fails_a_deviation():
    assert results(sample.outcome(kind="deviation"), strict=True)[0]["status"] == "failed"


def test_labels_say_area_requirement_and_severity_and_name_no_machine():
    found = labels(results(sample.failure())[0])

    assert (found["epic"], found["feature"], found["severity"]) == (["recall"], [sample.RECALL], ["critical"])
    assert found["tag"] == ["anita", "MUST", "failed"]
    assert not found.keys() & {"host", "thread"}


def test_the_step_that_differs_is_red_and_has_its_differences():
    files = written(sample.failure())
    [result] = [json.loads(text) for name, text in files.items() if name.endswith("-result.json")]
    attached = files[result["steps"][1]["attachments"][0]["source"]]

    assert [step["status"] for step in result["steps"]] == ["passed", "failed"]
    assert "prompt (sent to the model) has 1 message, expected 3" in attached


@pytest.mark.parametrize("kind", ["error", "inconclusive", "unsupported"])
def test_no_step_of_what_was_not_judged_is_green(kind):
    [result] = results(sample.outcome(kind=kind))

    assert {step["status"] for step in result["steps"]} == {"skipped"}


@pytest.mark.parametrize("kind", ["passed", "fixed", "deviation", "known failure"])
def test_a_step_that_held_is_green(kind):
    [result] = results(sample.outcome(kind=kind))

    assert {step["status"] for step in result["steps"]} == {"passed"}


def test_the_transcript_is_attached():
    files = written(sample.failure())
    [result] = [json.loads(text) for name, text in files.items() if name.endswith("-result.json")]

    assert json.loads(files[result["attachments"][0]["source"]])["profile"] == "anita"


def test_public_reports_are_linked():
    [result] = results(sample.failure())

    assert [one["url"] for one in result["links"]] == ["https://github.com/langgenius/dify/issues/9130"]


def test_a_test_has_one_history_and_its_examples_have_their_own():
    names = ("a/b[n=1]", "a/b[n=2]")
    first = results(*(sample.outcome(name=name) for name in names))
    again = results(*(sample.outcome(name=name) for name in names))
    other = results(*(sample.outcome(name=name, profile="guide") for name in names))

    assert [one["historyId"] for one in first] == [one["historyId"] for one in again]
    assert len({one["historyId"] for one in (*first, *other)}) == 4
    assert len({one["testCaseId"] for one in first}) == 2


def test_times_are_those_of_the_run():
    [result] = results(sample.outcome(duration=1.5))

    assert result["stop"] - result["start"] == 1500


def test_all_texts_can_be_written():
    odd = sample.failure(title="nul \x00 lone \ud800")

    assert all(text.encode() for text in written(odd).values())


def test_the_environment_says_what_was_tested():
    assert written()["environment.properties"].splitlines()[0].startswith("anita=http://127.0.0.1:8000 (seen: wire api")
