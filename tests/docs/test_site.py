"""
The documentation as a site: it builds, every link in it leads somewhere, and it loads nothing from elsewhere.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return folder


class Links(HTMLParser):
    """
    Where a page leads, and what it loads.
    """

    def __init__(self) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.loads: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attributes if value}
        self.names |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.leads.append(given["href"])
        elif (tag in ("script", "img", "iframe") and "src" in given) or (tag == "link" and "href" in given):
            self.loads.append(given.get("src") or given["href"])


@cache
def read(page: Path) -> Links:
    links = Links()
    links.feed(page.read_text(encoding="utf-8"))
    return links


def _file(page: Path, path: str) -> Path:
    target = (page.parent / unquote(path)).resolve() if path else page
    return target / "index.html" if target.is_dir() else target


def test_every_page_is_in_the_navigation(site: Path):
    shown = {_file(site / "index.html", urldefrag(one).url).parent.name for one in read(site / "index.html").leads}

    assert {*PAGES} - {"index"} <= shown


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(site: Path, name: str):
    page = site / "index.html" if name == "index" else site / name / "index.html"
    inner = [urldefrag(one) for one in read(page).leads if "://" not in one and not one.startswith("mailto:")]
    for place, anchor in inner:
        target = _file(page, place)
        assert target.is_file(), place
        if anchor and target.suffix == ".html":
            assert unquote(anchor) in read(target).names, (place, anchor)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_from_elsewhere(site: Path, name: str):
    page = site / "index.html" if name == "index" else site / name / "index.html"

    assert [one for one in read(page).loads if "://" in one] == []
