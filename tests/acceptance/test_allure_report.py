"""
The static report that the npm command `allure` makes of two runs, one of them of a server with a defect.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

PACKAGES = str(Path(find_spec("conformance").origin).parents[1])  # type: ignore[union-attr,arg-type]
DOCS = Path(__file__).parents[2] / "docs" / "run-in-ci.md"
ALLURE = "allure@3.18.0"
CHROMIUM = Path("/usr/bin/chromium")
SELECTED = ["--profile", "anita", "--select", "recall/no-doubling", "--select", "recall/prompts-are-well-formed"]

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


def ran(*command: str, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.fixture(scope="module")
def allure() -> Path:
    """
    The command, installed once for all runs of these tests on this machine.
    """
    folder = Path(tempfile.gettempdir()) / f"threadgauge-{ALLURE.replace('@', '-')}-{os.getuid()}"
    command = folder / "node_modules" / ".bin" / "allure"
    if not command.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        done = ran("npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), ALLURE, cwd=folder)
        if done.returncode:
            pytest.skip(f"{ALLURE} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return command


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, allure: Path) -> Path:
    """
    A folder with the report of the second run and the history of both, made as the documentation says.
    """
    cwd = tmp_path_factory.mktemp("allure")
    (cwd / "allurerc.mjs").write_text(_block("js"), encoding="utf-8")
    for defects in ([], ["--defect", "no-history-sent"]):
        _run(cwd, *defects)
        done = ran(str(allure), "generate", "allure-results", "--config", "allurerc.mjs", cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
    return cwd


def _run(cwd: Path, *words: str) -> None:
    shutil.rmtree(cwd / "allure-results", ignore_errors=True)
    command = [sys.executable, "-m", "conformance.cli", "run", *SELECTED, "--seed", "7", "--allure", "allure-results"]
    done = ran(*command, *words, cwd=cwd, env={**os.environ, "PYTHONPATH": PACKAGES})
    assert done.returncode in (0, 1), done.stderr


def _block(language: str) -> str:
    text = DOCS.read_text(encoding="utf-8")
    return text.partition(f"```{language}\n")[2].partition("```")[0]


def test_every_scenario_is_a_test_and_no_example_a_retry(place: Path) -> None:
    results = [json.loads(file.read_text()) for file in (place / "allure-results").glob("*-result.json")]
    last = json.loads((place / "history.jsonl").read_text(encoding="utf-8").splitlines()[-1])

    assert len(results) >= 5
    assert len(last["testResults"]) == len(results)
    assert [one["status"] for one in last["testResults"].values()].count("failed") >= 5


def test_both_runs_are_in_the_history(place: Path) -> None:
    runs = [json.loads(line) for line in (place / "history.jsonl").read_text(encoding="utf-8").splitlines()]

    assert len(runs) == 2
    assert {*runs[0]["testResults"]} == {*runs[1]["testResults"]}


@pytest.fixture
def page(place: Path) -> Iterator[Any]:
    """
    The report in a browser, stripped as the documentation says; at the end nothing may have been asked of the network.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    report = place / "allure-report" / "index.html"
    done = ran("sed", "-i", "/googletagmanager/d", str(report), cwd=place)
    assert done.returncode == 0, done.stderr
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        opened, asked = browser.new_page(), []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(report.as_uri())
        yield opened
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_it_opens_from_disk_and_shows_areas_steps_severity_and_history(page: Any) -> None:
    page.get_by_text("recall/no-doubling [anita]").first.click()
    page.get_by_text("Overview").first.wait_for()
    page.get_by_text("Critical").first.wait_for()
    told = page.inner_text("body")

    assert "does not match" in told
    assert "History" in told
    assert "Attachments" in told
    assert "history-doubles-each-turn" in told
