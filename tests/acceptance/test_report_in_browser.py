"""
The HTML report in a real browser, from a file: as a person uses it.

PICTURES=docs/pictures keeps the pictures that the tests take.
"""

import io
import os
import re
import sys
from pathlib import Path

import msgspec
import pytest

# The run that the unit tests of the formats use.
sys.path.insert(0, str(Path(__file__).parents[1] / "unit/reporting"))

import sample

from conformance.reporting.comparison import compare_runs
from conformance.reporting.comparison_page import render_comparison_page
from conformance.reporting.html import render_html

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
image = pytest.importorskip("PIL.Image", reason="pillow is not installed")

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
FIRST = "at-completions-recall-first-turn-reaches-the-model"
RECALL = "at-anita-recall-first-turn-reaches-the-model"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    file = tmp_path_factory.mktemp("report") / "index.html"
    file.write_text(render_html(sample.results(), sample.transcripts()), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def pictured(tmp_path_factory):
    """
    A run as large as those of people: eight areas, figures, every kind of outcome.
    """
    file = tmp_path_factory.mktemp("pictured") / "index.html"
    results = sample.results([*sample.every_kind(), *sample.many(32), *sample.measured()])
    file.write_text(render_html(results, sample.transcripts()), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def view():
    """
    How the page is looked at: what playwright calls the options of a context.
    """
    return {}


@pytest.fixture
def page(browser, address, view):
    """
    The report, open; at the end nothing may have been asked of the network or complained about.
    """
    page, troubles, asked = browser.new_page(**view), [], []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page
    page.close()
    assert troubles == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def shown(page):
    return page.locator(".outcome:visible").count()


def test_all_outcomes_are_shown_at_first(page):
    assert shown(page) == 11


def test_filters_narrow_the_list_and_stand_in_the_address(page):
    page.check("[name=kind][value=failed]")
    page.select_option("[name=profile]", "anita")

    assert shown(page) == 2
    assert page.inner_text("#shown") == "2 of 11 shown"
    assert page.url.endswith("#kind=failed&profile=anita")


def test_an_address_with_filters_shows_what_it_says(page, address):
    page.goto(f"{address}#area=storage&level=MUST")
    page.reload()

    assert shown(page) == 4


def test_the_back_button_undoes_a_filter_and_the_forward_button_sets_it_again(page):
    page.check("[name=kind][value=failed]")
    page.select_option("[name=area]", "recall")
    page.go_back()
    page.wait_for_function("location.hash === '#kind=failed'")
    back = (shown(page), page.input_value("[name=area]"))
    page.go_forward()
    page.wait_for_function("location.hash.includes('area')")

    assert (back, page.input_value("[name=area]")) == ((3, ""), "recall")


def test_what_is_open_stands_in_the_address_beside_the_filters(page):
    page.check("[name=kind][value=failed]")
    page.click(f"#{RECALL} > summary")
    page.wait_for_function("location.hash.includes('at=')")
    page.reload()

    assert page.locator(f"#{RECALL}[open]").count() == 1
    assert shown(page) == 3


def test_text_is_found_inside_closed_outcomes(page):
    page.fill("[name=q]", "dify#9130")

    assert shown(page) == 2


def test_nothing_found_is_said(page):
    page.fill("[name=q]", "no such words")

    assert page.is_visible("#none")


def test_clear_shows_all_again(page):
    page.check("[name=kind][value=error]")
    page.click("button[type=reset]")
    page.wait_for_function("!location.hash")

    assert shown(page) == 11


def test_a_cell_of_the_matrix_filters(page):
    page.click(".matrix .cell.failed >> nth=0")
    page.wait_for_function("document.querySelectorAll('.outcome:not([hidden])').length === 2")

    assert page.input_value("[name=area]") == "recall"


def test_the_first_to_fix_opens_its_outcome(page):
    page.click("a.go")
    page.wait_for_selector(f"#{RECALL}[open]")

    assert page.is_visible(f"#{RECALL} .witnesses mark >> nth=0")


def test_an_outcome_opens_by_keyboard(page):
    page.focus(f"#{RECALL} > summary")
    page.keyboard.press("Enter")

    assert page.is_visible(f"#{RECALL} .inside")


def test_a_slash_goes_to_the_text_filter(page):
    page.keyboard.press("/")
    page.keyboard.type("window")

    assert shown(page) == 1


def focused(page):
    return page.evaluate("document.activeElement.closest('.outcome')?.id")


def test_the_outcomes_are_walked_by_keys(page):
    page.keyboard.press("j")
    first = focused(page)
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    second = focused(page)
    page.keyboard.press("k")

    assert first == focused(page) == RECALL
    assert second == "at-completions-recall-first-turn-reaches-the-model"


def test_escape_leaves_the_text_then_closes_then_clears(page):
    page.keyboard.press("/")
    page.keyboard.type("dify#9130")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    opened = page.locator(f"#{RECALL}[open]").count()
    page.keyboard.press("Escape")
    closed = (page.locator(f"#{RECALL}[open]").count(), shown(page))
    page.keyboard.press("Escape")
    page.wait_for_function("!location.hash")

    assert (opened, closed, shown(page)) == (1, (0, 2), 11)


def test_the_keys_are_named_on_the_page(page):
    assert page.locator(".keys kbd").all_inner_texts() == ["/", "j", "k", "Enter", "Esc"]


def test_the_command_can_be_copied(page):
    page.evaluate("document.execCommand = (name) => { window.copied = document.activeElement.value; return true }")
    page.evaluate("Object.defineProperty(window, 'isSecureContext', {value: false})")
    page.click("a.go")
    page.click(f"#{RECALL} > .inside > .command .copy")

    assert page.evaluate("window.copied") == sample.AGAIN


def test_a_narrow_screen_does_not_scroll_sideways(page):
    page.set_viewport_size({"width": 420, "height": 900})
    page.click("a.go")

    assert page.evaluate("document.documentElement.scrollWidth") == 420


def test_verdicts_are_readable_without_script(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    words = page.inner_text("body")
    context.close()

    assert "Does not conform: 3 failed of 11 scenarios." in words
    assert "prompt (sent to the model) has 1 message, expected 3" in words


def test_a_script_in_a_text_never_runs(browser, tmp_path):
    hostile = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1>"
    results = sample.results([sample.failure(title=hostile, reason=hostile, again=hostile)])
    (tmp_path / "hostile.html").write_text(render_html(results, {}), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "hostile.html").as_uri())
    owned = page.evaluate("window.owned === undefined")
    page.close()

    assert owned


WIDE = {"viewport": {"width": 1280, "height": 820}}
NARROW = {"viewport": {"width": 400, "height": 820}}
SEEN = [size | {"color_scheme": scheme} for size in (WIDE, NARROW) for scheme in ("light", "dark")]
SEEN_AS = ["wide, light", "wide, dark", "narrow, light", "narrow, dark"]


@pytest.mark.parametrize("view", SEEN, ids=SEEN_AS)
def test_nothing_stands_in_the_way_of_people_with_other_eyes_or_hands(page, pictured):
    page.goto(pictured)
    page.evaluate("document.querySelectorAll('details').forEach((one, place) => { one.open = place < 12 })")
    violations = axe.Axe().run(page).response["violations"]

    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []


def shot(taken, name):
    """
    A picture in few colours, as small as one that is kept should be.
    """
    small = image.open(io.BytesIO(taken)).convert("RGB").quantize(256, dither=image.Dither.NONE)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    if folder := os.environ.get("PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(buffer.getvalue())
    return small, len(buffer.getvalue())


def drawn(taken, name):
    """
    Not blank, and fit to be kept.
    """
    small, size = shot(taken, name)
    return len(small.getcolors()) > 20 and size < 200_000


@pytest.mark.parametrize("view", [WIDE])
def test_the_first_screen_has_the_verdict_what_to_fix_and_the_matrix(page, pictured):
    page.goto(pictured)
    places = [page.locator(name).bounding_box() for name in (".verdict h1", ".fix .go", ".matrix tbody tr >> nth=4")]

    assert all(place["y"] + place["height"] < 820 for place in places)
    assert drawn(page.screenshot(), "report-first-screen")


@pytest.mark.parametrize("view", [WIDE])
def test_a_failure_has_a_picture(page):
    page.goto(page.url + f"#{FIRST}")
    page.wait_for_selector(f"#{FIRST}[open]")
    page.evaluate("document.activeElement.blur()")

    assert drawn(page.locator(f"#{FIRST}").screenshot(), "report-failure")


@pytest.mark.parametrize("view", [WIDE])
def test_the_matrix_and_the_figures_have_pictures(page, pictured):
    page.goto(pictured)

    assert drawn(page.locator(".card:has(.matrix)").screenshot(), "report-matrix")
    assert drawn(page.locator(".figures").screenshot(), "report-figures")


def slower(outcome, times):
    """
    The same with all that was measured so many times as long.
    """
    figures = [msgspec.structs.replace(one, value=one.value * times) for one in outcome.figures]
    return msgspec.structs.replace(outcome, figures=figures)


@pytest.mark.parametrize("view", [WIDE])
def test_a_comparison_has_a_picture(page, tmp_path):
    before = sample.results([*sample.every_kind(), *sample.many(32), *sample.measured()])
    after = [msgspec.structs.replace(one, kind="passed", differences=[]) for one in before.outcomes[:2]]
    worse = [slower(msgspec.structs.replace(one, kind="failed"), 1.6) for one in before.outcomes[-3:]]
    middle = sample.results([slower(one, 1.1) for one in before.outcomes])
    last = sample.results([*after, *before.outcomes[2:-3], *worse])
    compared = compare_runs([("last week", before), ("yesterday", middle), ("today", last)])
    (tmp_path / "compare.html").write_text(render_comparison_page(compared), encoding="utf-8")
    page.goto((tmp_path / "compare.html").as_uri())

    assert page.locator("svg").count() >= 3
    assert drawn(page.screenshot(full_page=True), "comparison")


@pytest.mark.parametrize("view", [NARROW | {"color_scheme": "dark"}])
def test_four_columns_are_rows_on_a_narrow_screen(page):
    page.click("a.go")
    first, second = (page.locator(f"#{RECALL} .witnesses td >> nth={place}").bounding_box() for place in (0, 1))

    assert second["y"] > first["y"]
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert drawn(page.screenshot(), "report-narrow-and-dark")


def test_on_paper_what_failed_is_open_and_what_is_for_screens_is_gone(page):
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    pages = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
    words = "\n".join(one.extract_text() for one in pages)

    assert "seen from 4 places" in words
    assert "https://github.com/langgenius/dify/issues/9130" in words
    assert "all dialects" not in words
    assert page.locator(f"#{RECALL}[open]").count() == 0


def failures(number):
    """
    As many, each of another scenario: the largest page that there is of so many outcomes.
    """
    return [msgspec.structs.replace(sample.failure(), name=f"recall/f{place}") for place in range(number)]


def opened(browser, file):
    """
    Seconds until the page is loaded, the best of three.
    """
    page = browser.new_page()
    seconds = []
    for _ in range(3):
        page.goto(file.as_uri())
        seconds.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000)
    page.close()
    return min(seconds)


# Alone on 2 cores: 0.36 s with every kind of outcome, 0.58 s where all have failed, the first words at 0.2 s. A second
# is the aim; beside other jobs it is soon over. So the page is held against itself without style and script, which is
# slowed as well: 0.6 to 1.2 times as long.
@pytest.mark.parametrize(
    "outcomes", [[*sample.every_kind(), *sample.many(500)], failures(500)], ids=["every kind", "all failed"]
)
def test_five_hundred_outcomes_open_at_once(browser, tmp_path, outcomes):
    report, bare = tmp_path / "many.html", tmp_path / "bare.html"
    page = render_html(sample.results(outcomes), sample.transcripts())
    report.write_text(page, encoding="utf-8")
    bare.write_text(re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL), encoding="utf-8")
    took = opened(browser, report)

    assert len(page.encode()) < 5_000_000
    assert took < 3 * opened(browser, bare)
    assert took < 5
