"""
A hook of mkdocs: the pages link to files beside the documentation (`../scenarios/...`), as they do where the source is
read. The site gets a copy of each such file, and links to that.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
COPIES = "source"

_LINK = re.compile(r"\]\(\.\./([^)#\s]+)(#[^)]*)?\)")
_linked: set[str] = set()


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """
    The text with links into the copies.
    """
    up = "../" * (len(Path(page.url).parts)) or "./"

    def moved(link: re.Match[str]) -> str:
        _linked.add(link[1])
        into = f"{link[1].rstrip('/')}/" if (ROOT / link[1]).is_dir() else link[1]
        return f"]({up}{COPIES}/{into})"

    return _LINK.sub(moved, markdown)


def on_post_build(config: Any, **_: Any) -> None:
    """
    Copy what is linked to; of a folder, a page that lists its files.
    """
    for name in sorted(_linked):
        source, copy = ROOT / name, Path(config["site_dir"]) / COPIES / name
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            (copy / "index.html").write_text(_listed(source), encoding="utf-8")
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)


def _listed(folder: Path) -> str:
    names = [f"{one.name}/" if one.is_dir() else one.name for one in sorted(folder.iterdir())]
    items = "\n".join(f'<li><a href="{name}">{name}</a></li>' for name in names if name != "__pycache__/")
    return f"<!doctype html><meta charset=utf-8><title>{folder.name}</title><ul>\n{items}\n</ul>\n"
