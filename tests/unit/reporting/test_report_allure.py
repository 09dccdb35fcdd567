"""
What an outcome becomes in Allure: seen in the results that allure-pytest writes.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("allure", reason="allure-pytest is not installed")

HERE = Path(__file__).parent
INNER = f"""
import sys
sys.path[:0] = [{str(HERE)!r}, {str(HERE.parents[2])!r}]
import sample
from conformance.reporting.allure import annotate

def test_it():
    annotate(sample.failure(), '{{"a": 1}}')
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("allure")
    (folder / "test_inner.py").write_text(INNER)
    # The entry points of this environment are not what is tested: allure's plugin alone is named.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "allure_pytest.plugin", "--alluredir=out", "test_inner.py"]
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "/usr/bin:/bin"}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return json.loads(next((folder / "out").glob("*-result.json")).read_text())


def labels(result):
    return {label["name"]: label["value"] for label in result["labels"]}


def test_labels_say_area_requirement_and_severity(result):
    found = labels(result)

    assert (found["epic"], found["feature"]) == ("recall", "recall/first-turn-reaches-the-model")
    assert found["severity"] == "critical"


def test_the_dialect_is_a_tag(result):
    assert {label["value"] for label in result["labels"] if label["name"] == "tag"} == {"anita", "MUST"}


def test_the_step_that_differs_is_red_and_the_others_are_not(result):
    assert [step["status"] for step in result["steps"]] == ["passed", "failed"]


def test_the_transcript_is_attached(result):
    assert [attachment["name"] for attachment in result["attachments"]] == ["transcript"]


def test_the_public_report_is_linked(result):
    assert [link["url"] for link in result["links"]] == ["https://github.com/langgenius/dify/issues/9130"]


def test_the_test_itself_passes(result):
    assert result["status"] == "passed"
