"""
A comparison of runs in a real browser, from a file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit/reporting"))

import sample

from conformance.reporting.comparison import compare_runs
from conformance.reporting.comparison_page import render_comparison_page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    before = sample.results([sample.outcome(), sample.failure()])
    worse = [msgspec.structs.replace(one, kind="failed") for one in before.outcomes]
    after = sample.results([*worse, sample.outcome(name="storage/new")])
    page = render_comparison_page(compare_runs([("last week", before), ("today", after)]))
    file = tmp_path_factory.mktemp("comparison") / "compare.html"
    file.write_text(page, encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request: pytest.FixtureRequest, address: str) -> Iterator[Any]:
    """
    The page, narrow, without scripts; at the end nothing may have been asked of the network or complained about.
    """
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        context = browser.new_context(color_scheme=request.param, java_script_enabled=False)
        page, troubles, asked = context.new_page(), [], []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("request", lambda one: asked.append(one.url))
        page.set_viewport_size({"width": 700, "height": 900})
        page.goto(address)
        yield page
        browser.close()
    assert troubles == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="module", params=["got worse", "could not tell"])
def pictured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """
    The page with all that it can have: every direction and kind, and figures.
    """
    before = sample.results([*sample.every_kind(), *sample.many(32), *sample.measured()])
    kind = "failed" if request.param == "got worse" else "error"
    better = [msgspec.structs.replace(one, kind="passed", differences=[]) for one in before.outcomes[:2]]
    worse = [msgspec.structs.replace(one, kind=kind) for one in before.outcomes[-3:]]
    after = sample.results(worse if kind == "error" else [*better, *before.outcomes[2:-3], *worse])
    file = tmp_path_factory.mktemp("pictured") / "compare.html"
    compared = compare_runs([("last week", before), ("yesterday", before), ("today", after)], worse_by=0.1)
    file.write_text(render_comparison_page(compared), encoding="utf-8")
    return file.as_uri()


def test_nothing_stands_in_the_way_of_people_with_other_eyes_or_hands(page: Any, pictured: str) -> None:
    scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    looked_at = page.context.browser.new_page(color_scheme=scheme)
    looked_at.goto(pictured)
    violations = axe.Axe().run(looked_at).response["violations"]
    looked_at.close()

    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []


def test_the_first_thing_said_is_whether_something_got_worse(page: Any) -> None:
    assert page.inner_text("h1") == "Something got worse"


def test_a_row_has_the_verdict_of_each_run(page: Any) -> None:
    row = page.locator("tr", has_text="storage/turn-is-stored").first

    assert [cell.strip() for cell in row.locator(".cell").all_inner_texts()] == ["✓ passed", "✕ failed"]


def test_each_wide_table_can_be_reached_with_the_keyboard(page: Any) -> None:
    assert page.locator("table").count() == page.locator("[role=region][tabindex='0'] table").count()


def test_a_narrow_window_does_not_scroll_sideways(page: Any) -> None:
    box = page.locator("main").bounding_box()

    assert box["width"] <= 700
